"""One supervised process: recognised by pid and start time, outlives its starter, explains its failure."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.support import servers
from tests.support.waiting import wait_for
from tg_assets.backends import Service, State, down, handed, start_service, status, stop_service, up
from tg_assets.backends import service as processes
from tg_assets.backends.layout import Layout, choose_port
from tg_assets.errors import TgAssetsError

# Every server but Redis is somebody else's.
ELSEWHERE = {
    "postgres_url": "postgresql+psycopg2://app:pw@db.example/x",
    "neo4j_url": "bolt://neo4j:pw@graph.example:7687",
    "qdrant_url": "http://vectors.example:6333",
}


def sleeper(name: str = "sleeper") -> Service:
    return Service(name, (sys.executable, "-c", "import time; time.sleep(600)"), lambda: True)


def writer(directory: Path) -> Service:
    """It notes that it has begun."""
    return Service("writer", ("sh", "-c", f"echo begun >> {directory}/begun; exec sleep 600"), lambda: True)


def test_a_service_is_reused_and_stopped(tmp_path: Path) -> None:
    settings = servers.settings(tmp_path)
    first = start_service(settings, sleeper())
    assert first.pid == start_service(settings, sleeper()).pid
    assert psutil.Process(first.pid).is_running()
    stop_service(settings, "sleeper")
    stop_service(settings, "sleeper")
    assert not psutil.pid_exists(first.pid or 0)


def test_a_record_of_another_process_is_not_believed(tmp_path: Path) -> None:
    """The pid lives but was started at another time: nothing is signalled, a new process starts."""
    settings, layout = servers.settings(tmp_path), Layout(tmp_path)
    with layout.lock():
        record = {"pid": os.getpid(), "created": 1.0, "stop_signal": 9, "stop_seconds": 1}
        (layout.run / "sleeper.json").write_text(json.dumps(record))
    started = start_service(settings, sleeper())
    assert started.pid != os.getpid()
    down(settings)
    assert processes.recorded_names(layout) == []


@pytest.mark.parametrize("moved", [1.0, 3600.0, -86400.0])
def test_a_clock_that_is_set_makes_no_stranger_of_it(
    moved: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells when the machine and a process began by the clock as it is set now."""
    settings = servers.settings(tmp_path)
    started = start_service(settings, sleeper())
    booted, created = psutil.boot_time(), psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: booted + moved)
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: created(process) + moved)
    assert [one.pid for one in status(settings) if one.name == "sleeper"] == [started.pid]
    assert start_service(settings, sleeper()).pid == started.pid
    assert processes.began(Layout(tmp_path), "sleeper") == pytest.approx(created(psutil.Process(started.pid)) + moved)
    down(settings)
    assert not psutil.pid_exists(started.pid or 0)


def test_one_that_an_earlier_version_started_is_recognised(tmp_path: Path) -> None:
    """Its record has the time by the clock."""
    settings, record = servers.settings(tmp_path), Layout(tmp_path).run / "sleeper.json"
    started = start_service(settings, sleeper())
    kept = json.loads(record.read_text())
    del kept["since_boot"]
    kept["created"] = psutil.Process(started.pid).create_time()
    record.write_text(json.dumps(kept))
    assert start_service(settings, sleeper()).pid == started.pid
    down(settings)
    assert not psutil.pid_exists(started.pid or 0)


def test_a_killed_starter_leaves_the_service_running(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.support import servers\n"
        "from tests.backends.test_service import sleeper; from tg_assets.backends import start_service\n"
        "print(start_service(servers.settings(Path(sys.argv[1])), sleeper()).pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=servers.clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()
    settings = servers.settings(tmp_path)
    assert [server.pid for server in status(settings) if server.name == "sleeper"] == [pid]
    down(settings)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_one_that_cannot_be_recorded_is_not_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk: nobody would find it again, and the next start put a second one beside it."""
    before, settings = set(psutil.Process().children()), servers.settings(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(processes, "write_json", full)
        with pytest.raises(OSError, match="No space"):
            start_service(settings, sleeper())
    assert set(psutil.Process().children()) == before
    assert start_service(settings, sleeper()).state is State.running
    down(settings)


def test_one_whose_starter_is_killed_before_it_is_recorded_never_begins(tmp_path: Path) -> None:
    """The next start would put a second one on the same files."""
    program = (
        "import os, signal, sys; from pathlib import Path; from tests.support import servers\n"
        "from tests.backends.test_service import writer; from tg_assets.backends import service, start_service\n"
        "service.write_json = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "start_service(servers.settings(Path(sys.argv[1])), writer(Path(sys.argv[1])))"
    )
    environment = servers.clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    settings = servers.settings(tmp_path)
    start_service(settings, writer(tmp_path))
    wait_for("the one that was recorded", (tmp_path / "begun").exists)
    down(settings)
    assert (tmp_path / "begun").read_text() == "begun\n"


def test_a_service_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    log = Layout(tmp_path).log("deaf")
    service = Service("deaf", (sys.executable, "-c", program), lambda: "up" in log.read_text(), stop_seconds=0.3)
    settings = servers.settings(tmp_path)
    pid = start_service(settings, service).pid
    stop_service(settings, "deaf")
    assert not psutil.pid_exists(pid or 0)


def test_a_service_that_died_is_shown_until_it_is_started_again(tmp_path: Path) -> None:
    """However often one looks."""
    settings = servers.settings(tmp_path)
    process = psutil.Process(start_service(settings, sleeper()).pid)
    process.kill()
    process.wait()
    for _ in range(2):
        assert [server.state for server in status(settings) if server.name == "sleeper"] == [State.stopped]
    assert start_service(settings, sleeper()).state is State.running
    down(settings)


def test_a_failed_start_shows_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ATTEMPT_PAUSES", ())
    broken = Service("broken", ("sh", "-c", "echo the disk is full; exit 3"), lambda: False)
    with pytest.raises(TgAssetsError, match=r"(?s)broken ended with code 3 before.*the disk is full"):
        start_service(servers.settings(tmp_path), broken)


def test_a_running_service_that_is_slow_to_answer_is_not_ended(tmp_path: Path) -> None:
    """It answers once it is asked for the fifth time."""
    settings, asked = servers.settings(tmp_path), list[int]()
    started = start_service(settings, sleeper())

    def ready() -> bool:
        asked.append(1)
        return len(asked) >= 5

    assert start_service(settings, replace(sleeper(), ready=ready)).pid == started.pid
    down(settings)


def test_a_changed_setting_means_a_new_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this shell does not set is kept, by a new process as well; no value is on disk."""
    settings, layout, said = servers.settings(tmp_path), Layout(tmp_path), list[str]()
    service = replace(sleeper(), concerns=("TG_*", "ONE_KEY"))
    layout.create()
    layout.secrets()

    def start() -> int:
        return start_service(settings, service, on_change=said.append).pid or 0

    monkeypatch.setenv("ONE_KEY", "a-key-of-a-model")
    first = start()
    monkeypatch.setenv("UNRELATED", "1")
    assert start() == first
    assert not said
    monkeypatch.setenv("TG_TELEGRAM_API_HASH", "a-new-secret")
    second = start()
    assert second != first
    assert "sleeper is started anew, because TG_TELEGRAM_API_HASH changed" in said.pop()
    assert handed.different(layout, "sleeper", service.concerns, os.environ) == ()
    monkeypatch.setenv("TG_TELEGRAM_API_HASH", "another-secret")
    assert handed.different(layout, "sleeper", service.concerns, os.environ) == ("TG_TELEGRAM_API_HASH",)
    monkeypatch.delenv("TG_TELEGRAM_API_HASH")
    assert start() == second
    monkeypatch.setenv("ONE_KEY", "another-key")
    third = start()
    assert third != second
    assert psutil.Process(third).environ()["TG_TELEGRAM_API_HASH"] == "a-new-secret"
    kept = (layout.run / "sleeper.json").read_text()
    for value in ("a-new-secret", "another-secret", "a-key-of-a-model", "another-key"):
        assert value not in kept
    down(settings)


def test_servers_elsewhere_are_not_started_and_ports_can_be_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        monkeypatch.setenv("TG_REDIS_PORT", str(port))
        settings = servers.settings(tmp_path, **ELSEWHERE)
        with pytest.raises(TgAssetsError, match=f"Port {port}.*in use"):
            up(settings)
    events = dict[str, State]()
    started = up(settings, lambda name, state: events.update({name: state}))
    try:
        external = State.external
        assert events == {"redis": State.ready, "postgres": external, "neo4j": external, "qdrant": external}
        assert f"@127.0.0.1:{port}/0" in started.environment["TG_REDIS_URL"]
        assert started.environment["TG_POSTGRES_URL"] == ELSEWHERE["postgres_url"]
        assert "TG_POSTGRES_OWNER_URL" not in started.environment
        monkeypatch.setenv("TG_REDIS_PORT", str(choose_port({port})))
        said = list[str]()
        moved = up(settings, None, said.append)
        assert "redis is started anew, because TG_REDIS_PORT changed" in said[0]
        assert f":{os.environ['TG_REDIS_PORT']}/0" in moved.environment["TG_REDIS_URL"]
        assert [server.state for server in status(settings) if server.name == "redis"] == [State.running]
    finally:
        down(settings)


def test_a_second_up_waits_for_the_first(tmp_path: Path) -> None:
    """Two processes start the same service at once: one process results."""
    program = (
        "import sys; from pathlib import Path; from tests.support import servers\n"
        "from tests.backends.test_service import sleeper; from tg_assets.backends import start_service\n"
        "print(start_service(servers.settings(Path(sys.argv[1])), sleeper()).pid)"
    )
    environment = servers.clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program, str(tmp_path)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(2)]
    pids = {starter.communicate()[0] for starter in starters}
    down(servers.settings(tmp_path))
    assert len(pids) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_namespaces_root_runs_postgresql_as_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As in a default container."""
    from tg_assets.backends import postgres_binaries

    directory = tmp_path_factory.mktemp("nobody")
    parents = directory.parents
    for place in (directory, *parents[: parents.index(Path(tempfile.gettempdir()))]):
        place.chmod(0o755)
    settings = servers.settings(directory, redis_url="redis://x", **{**ELSEWHERE, "postgres_url": None})
    postgres_binaries.identity.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_binaries, "UNSHARE", ("false",))
        try:
            [server] = [item for item in up(settings).servers if item.name == "postgres"]
            assert psutil.Process(server.pid).uids().real == postgres_binaries.NOBODY
        finally:
            down(settings)
            postgres_binaries.identity.cache_clear()


@pytest.mark.skipif(os.geteuid() != 0, reason="this test turns root into an ordinary user")
def test_an_ordinary_user_runs_servers_directly(tmp_path: Path) -> None:
    """In a namespace where this process is user 1000: no root, no ``unshare``, no changed owners."""
    program = (
        "import os, sys; from pathlib import Path; from tests.support import servers\n"
        "from tg_assets.backends import up, down; from tests.backends.test_service import ELSEWHERE\n"
        "from tests.backends.clients import postgres; assert os.geteuid() == 1000\n"
        "elsewhere = {**ELSEWHERE, 'postgres_url': None}\n"
        "settings = servers.settings(Path(sys.argv[1]), **elsewhere)\n"
        "for _ in range(2):\n"
        "    print(postgres(up(settings).environment['TG_POSTGRES_URL'], 'SELECT current_user'))\n"
        "    down(settings)"
    )
    command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", sys.executable, "-c", program]
    environment = servers.clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.stdout.splitlines() == ["[('tg_app',)]"] * 2, done.stderr
