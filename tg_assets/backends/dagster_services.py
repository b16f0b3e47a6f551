"""Dagster's own processes under the same supervisor, and ours beside them: the metrics' and the one with all doors.

The code server comes first (``workspace.yaml`` points at its port). Before any of them starts, one process
creates the instance's tables: two at once can leave a database that neither can use.
"""

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from tg_assets.backends import handed, supervisor
from tg_assets.backends import service as processes
from tg_assets.backends.addresses import environment as environment_of
from tg_assets.backends.addresses import make_context
from tg_assets.backends.layout import Layout, port_is_free
from tg_assets.backends.probes import PROBE_SECONDS, http_ready, port_ready
from tg_assets.backends.service import Service
from tg_assets.backends.supervisor import OnChange, OnEvent
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings
from tg_assets.shipped import shipped

PROJECT = Path(__file__).resolve().parents[2]
CODE_SERVER, WEBSERVER, DAEMON, METRICS = "dagster-code", "dagster-web", "dagster-daemon", "metrics"
DOORS = "serve"
# What the webserver and the daemon read; they hand nothing to runs.
INSTANCE = (
    "TG_DAGSTER_POSTGRES_URL", "TG_CODE_SERVER_PORT", "TG_OBJECTS_URL", "TG_LOG_FORMAT", "AWS_*", "DAGSTER_*",
)  # fmt: skip
BATCHING = {
    # Events of a range run are written together: 366 partitions cost 5 s of bookkeeping instead of 20.
    "DAGSTER_EVENT_BATCH_SIZE": "1000",
    # One planned event per asset instead of one per partition: creating a run of ten assets over 366 days took
    # 195 s of inserts, and takes 3. The price: after a failed range run its partitions show as missing, not as
    # failed; "only failed and missing" picks them up all the same.
    "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1",
    "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "60",
}


def dagster_home(settings: Settings) -> Path:
    """Directory with the instance's ``dagster.yaml``, kept equal to the project's."""
    source = shipped("dagster.yaml")
    if not source.is_file():
        raise TgAssetsError(f"{source} is missing: tg-assets is not installed whole.")
    home = settings.state_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    target = home / "dagster.yaml"
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)
    return home


def dagster_environment(settings: Settings, move: bool = False) -> dict[str, str]:
    """Variables of Dagster's processes, beside those of the servers; reserves their ports."""
    options = make_context(Layout(settings.state_dir)).options
    web = supervisor.reserve_port(settings, WEBSERVER, options.dagster_port, move)
    code = supervisor.reserve_port(settings, CODE_SERVER, options.code_server_port, move)
    return {
        "DAGSTER_HOME": str(dagster_home(settings)),
        "TG_CODE_SERVER_PORT": str(code),
        "TG_DAGSTER_URL": settings.dagster_url or f"http://127.0.0.1:{web}",
        **BATCHING,
    }


def metrics_address(settings: Settings) -> str:
    """Where the metrics service answers, or would if it were started."""
    return _address(settings, METRICS, settings.metrics_port)


def page_address(settings: Settings) -> str:
    """Where the page, the API and the assistants' door answer, or would if they were started."""
    return _address(settings, DOORS, settings.serve_port)


def _address(settings: Settings, name: str, usual: int) -> str:
    return f"http://127.0.0.1:{Layout(settings.state_dir).ports().get(name, usual)}"


def _own_port(settings: Settings, name: str, asked: int, say: OnChange) -> int:
    """The port that a setting names, or its default; another one where that belongs to another program. What runs
    stays where it is, unless the setting says otherwise."""
    layout, variable = Layout(settings.state_dir), f"TG_{name.upper()}_PORT"
    known = layout.ports().get(name)
    if variable in os.environ:
        return supervisor.reserve_port(settings, name, asked, move=True)
    if known is not None and processes.find_running(layout, name, look_only=True):
        return known
    is_free = port_is_free(asked)
    port = supervisor.reserve_port(settings, name, asked if is_free else None, move=True)
    if not is_free:
        say(f"Port {asked} is taken by another program, so {name} has {port}. {variable} chooses another one.")
    return port


def concerns(settings: Settings) -> tuple[str, ...]:
    """Variables that runs read: the code server hands them to each."""
    return (*handed.SETTINGS, *handed.keys_of_models(settings.models))


def other_settings(settings: Settings) -> tuple[str, ...]:
    """Variables of this shell that the running Dagster has otherwise or not at all."""
    layout = Layout(settings.state_dir)
    if not (layout.run / f"{CODE_SERVER}.json").exists():
        return ()  # it is not ours, or was never started
    now = {**os.environ, **environment_of(settings), **dagster_environment(settings)}
    return handed.different(layout, CODE_SERVER, concerns(settings), now)


def start_dagster(
    settings: Settings,
    environment: Mapping[str, str],
    on_event: OnEvent | None = None,
    on_change: OnChange | None = None,
) -> str:
    """Start (or reuse) these processes; returns the webserver's address."""
    environment = {**environment, **dagster_environment(settings, move=True), "PYTHONUNBUFFERED": "1"}
    web_port = supervisor.reserve_port(settings, WEBSERVER)
    code_port = int(environment["TG_CODE_SERVER_PORT"])
    workspace = str(shipped("workspace.yaml"))
    python = sys.executable
    services = (
        Service(
            CODE_SERVER,
            (python, "-m", "tg_assets.code_server", "api", "grpc", "--host", "127.0.0.1", "--port", str(code_port),
             "--module-name", "tg_assets.code_location", "--location-name", "tg_assets"),
            port_ready(code_port),
            environment,
            PROJECT,
            stop_seconds=5,
            awaited=f"an answer on port {code_port}, which comes when the definitions are loaded",
            concerns=concerns(settings),
        ),
        Service(
            WEBSERVER,
            (python, "-m", "tg_assets.webserver", "--host", "127.0.0.1", "--port", str(web_port),
             "--workspace", workspace),
            http_ready(f"http://127.0.0.1:{web_port}/server_info"),
            environment,
            PROJECT,
            awaited=f"an answer on port {web_port}",
            concerns=INSTANCE,
        ),
        Service(
            DAEMON,
            (python, "-m", "tg_assets.daemon", "run", "--workspace", workspace),
            _daemon_beats(Layout(settings.state_dir), f"http://127.0.0.1:{web_port}/graphql"),
            environment,
            PROJECT,
            awaited="its first heartbeat",
            concerns=INSTANCE,
        ),
    )  # fmt: skip
    for service in services:
        supervisor.start_service(settings, service, on_event, on_change)
    say = on_change or (lambda _: None)
    ports = {METRICS: _own_port(settings, METRICS, settings.metrics_port, say)}
    if settings.serve:
        ports[DOORS] = _own_port(settings, DOORS, settings.serve_port, say)
    for name, port in ports.items():
        own = Service(
            name,
            (python, "-m", "tg_assets", name, "--port", str(port)),
            port_ready(port),
            {**environment, "TG_DATA_DIR": str(settings.state_dir)},
            PROJECT,
            awaited=f"an answer on port {port}",
            concerns=concerns(settings),
        )
        supervisor.start_service(settings, own, on_event, on_change)
    return f"http://127.0.0.1:{web_port}"


def _daemon_beats(layout: Layout, address: str) -> Callable[[], bool]:
    """Ready when the webserver has heard of the daemon since its process began: it listens nowhere itself."""
    query = json.dumps({"query": "{ instance { daemonHealth { allDaemonStatuses { lastHeartbeatTime } } } }"})

    def ready() -> bool:
        began = processes.began(layout, DAEMON)
        request = urllib.request.Request(address, query.encode(), {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:  # noqa: S310
                daemons = json.load(response)["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
        except (OSError, ValueError, LookupError, TypeError):
            return False
        return began is not None and any((one["lastHeartbeatTime"] or 0.0) >= began for one in daemons)

    return ready
