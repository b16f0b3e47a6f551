"""Live traffic as people have it: events on a stream, and the daemon, sensors and runs that make it searchable."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers as embedded
from tests.support.data import ROOT
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tg_assets.backends.supervisor import stop_service
from tg_assets.live.state import stream_states, streams_of
from tg_assets.stores.redis import client

LINKED = "SELECT count(*) FROM indexing_status WHERE graph_status = 'completed'"
# A daemon that is killed where it is about to do something.
DYING = """
import os, signal
from {module} import {owner}
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
{owner}.{name} = die
from tg_assets.daemon import main
main()
"""
BEFORE = {
    "submitting": DYING.format(module="dagster._daemon", owner="sensor", name="_submit_run_requests"),
    "launching": DYING.format(module="resources.run_launcher", owner="WatchedRunLauncher", name="launch_run"),
}


_RUNS = """query Runs($job: String!, $status: RunStatus!) {
    runsOrError(filter: {pipelineName: $job, statuses: [$status]}, limit: 20) { ... on Runs { results {
    runId eventConnection { events { ... on EngineEvent { message } } } } } } }"""


def runs(installed: Installation, job: str, status: str) -> dict[str, int]:
    """Runs of a job and status, and the processes that they are or were."""
    runs = installed.ask(_RUNS, job=job, status=status)["runsOrError"]["results"]
    said = {
        run["runId"]: " ".join(event.get("message", "") for event in run["eventConnection"]["events"]) for run in runs
    }
    return {run: int(found[1]) for run, text in said.items() if (found := re.search(r"\(pid: (\d+)\)", text))}


def tails(installed: Installation, status: str) -> dict[str, int]:
    """Tail runs of a status, and their processes."""
    return runs(installed, "tail", status)


def parent_of(process: int) -> int:
    """Who began a process."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def process_of(installed: Installation, service: str) -> int:
    """The process of one of Dagster's services."""
    return int(json.loads((installed.data / "run" / f"{service}.json").read_text())["pid"])


def events(path: Path, tenant: str, numbers: range) -> Path:
    """A file of events, as ``tg-assets produce`` takes it."""
    with path.open("w", encoding="utf-8") as file:
        for number in numbers:
            data = {
                "tenant_id": tenant, "tg_channel_id": -1_000_000_000_777, "telegram_message_id": number,
                "chat_title": "Эфир", "text": f"Новость {number}: маяк работает", "posted_at": "2026-06-01T10:00:00Z",
                "occurred_at": datetime.now(UTC).isoformat(),
            }  # fmt: skip
            file.write(json.dumps({"stream": "stream:posts:parsed", "data": data}, ensure_ascii=False) + "\n")
    return path


@pytest.fixture
def redis(installed: Installation) -> Any:
    return client(installed.variables["TG_REDIS_URL"])


@pytest.fixture
def without_daemon(installed: Installation) -> Iterator[Installation]:
    """The installation with its daemon stopped, and nobody reading; it is up again afterwards."""
    stop_service(embedded.settings(installed.data), "dagster-daemon")
    for process in tails(installed, "STARTED").values():
        os.kill(process, signal.SIGKILL)
    wait_for("the end of the tails", lambda: not tails(installed, "STARTED"))
    yield installed
    installed.must("up")


def count(installed: Installation, tenant: str, sql: str) -> int:
    return int(installed.rows(tenant, sql)[0][0])


def test_an_event_becomes_searchable(installed: Installation, redis: Any, tmp_path: Path) -> None:
    """A new chat of a known tenant: registered, committed, indexed, in the graph, its partition green."""
    installed.must("tenants", "add", "aired")
    installed.must("produce", str(events(tmp_path / "events.jsonl", "aired", range(1, 21))))
    wait_for(
        "indexing",
        lambda: (
            count(installed, "aired", LINKED) == 20 and count(installed, "aired", "SELECT count(*) FROM dirty") == 0
        ),
    )
    assert "aired.efir" in installed.must("feeds", "--tenant", "aired")
    assert "маяк" in installed.must("search", "маяк работает", "--tenant", "aired")
    states = stream_states(redis, streams_of(0))
    assert [one for one in states if one.waiting] == []
    coverage = installed.must("coverage", "aired.efir")
    assert "20 of 20" in coverage
    assert "posts:parsed" in installed.must("watch", "--once")


def test_killed_tails_have_failed_and_another_goes_on(installed: Installation, redis: Any, tmp_path: Path) -> None:
    installed.must("tenants", "add", "shot")
    installed.must("produce", str(events(tmp_path / "first.jsonl", "shot", range(1, 6))))
    wait_for("committing", lambda: count(installed, "shot", "SELECT count(*) FROM messages") == 5)
    shot = wait_for("a run", lambda: tails(installed, "STARTED"))
    for process in shot.values():
        # Its parent has loaded everything, and is itself a fork of the code server, which has, too.
        assert parent_of(parent_of(process)) == process_of(installed, "dagster-code")
        os.kill(process, signal.SIGKILL)
    installed.must("produce", str(events(tmp_path / "second.jsonl", "shot", range(6, 11))))
    wait_for("committing", lambda: count(installed, "shot", "SELECT count(*) FROM messages") == 10)
    wait_for("failing", lambda: shot.keys() <= tails(installed, "FAILURE").keys())


# What run monitoring finds, each time it is asked, where nobody holds the run's name: in a database that no run uses.
LOOKING = """
import os, sys
from dagster import DagsterInstance
from resources import run_launcher
run_launcher.GONE_SECONDS = 0.0
os.environ["TG_POSTGRES_URL"] = os.environ["TG_POSTGRES_URL"].rpartition("/")[0] + "/postgres"
with DagsterInstance.get() as instance:
    for _ in sys.stdin:
        run = instance.get_run_by_id(sys.argv[1])
        print(instance.run_launcher.check_run_worker_health(run).status.name, flush=True)
"""


def test_a_run_is_not_ended_while_the_code_server_has_its_process(
    installed: Installation, redis: Any, tmp_path: Path
) -> None:
    """On a busy machine it may take long to show by itself that it lives."""
    installed.must("tenants", "add", "slow")
    installed.must("produce", str(events(tmp_path / "events.jsonl", "slow", range(1, 6))))
    run, process = wait_for("a run", lambda: list(tails(installed, "STARTED").items()))[0]

    looking = subprocess.Popen(
        [sys.executable, "-c", LOOKING, run],
        env={**installed.environment, **installed.variables},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def health() -> str:
        assert looking.stdin
        assert looking.stdout
        looking.stdin.write("?\n")
        looking.stdin.flush()
        return looking.stdout.readline().strip()

    with looking:
        assert health() == "RUNNING"
        os.kill(process, signal.SIGKILL)
        wait_for("its end", lambda: health() == "FAILED")
        looking.communicate()
    assert looking.returncode == 0


def kill(installed: Installation, names: Collection[str]) -> dict[str, int]:
    """Kill some of Dagster's processes at once, as a machine that has no memory left does; the runs that died."""
    workers = {}
    if "worker" in names:
        for job in ("tail", "refresh"):
            workers |= runs(installed, job, "STARTED")
    # The code server first: it would tell that a worker died.
    for process in [process_of(installed, name) for name in names if name != "worker"]:
        os.kill(process, signal.SIGKILL)
    for process in workers.values():
        with suppress(ProcessLookupError):  # it came to its end by itself meanwhile
            os.kill(process, signal.SIGKILL)
    return workers


def test_whatever_two_of_its_processes_die_together_traffic_goes_on(
    installed: Installation, redis: Any, tmp_path: Path
) -> None:
    """What died is no reason not to begin again, and is not taken to be going on."""
    installed.must("tenants", "add", "paired")
    dead: dict[str, int] = {}
    for number, pair in enumerate(combinations(("dagster-code", "worker", "dagster-daemon", "dagster-web"), 2)):
        first = 10 * number
        installed.must("produce", str(events(tmp_path / "before.jsonl", "paired", range(first + 1, first + 4))))
        wait_for("a refresh", lambda: runs(installed, "refresh", "STARTED"))
        dead |= kill(installed, pair)
        installed.must("produce", str(events(tmp_path / "after.jsonl", "paired", range(first + 4, first + 11))))
        installed.must("up")
        wait_for(f"indexing after {pair} died", lambda first=first: count(installed, "paired", LINKED) == first + 10)
    assert dead
    wait_for(
        "the end of runs whose process is gone",
        lambda: not dead.keys() & {*runs(installed, "tail", "STARTED"), *runs(installed, "refresh", "STARTED")},
    )
    assert count(installed, "paired", "SELECT count(*) FROM dead_letters") == 0


@pytest.mark.parametrize("before", BEFORE)
def test_a_daemon_killed_before(before: str, without_daemon: Installation, redis: Any, tmp_path: Path) -> None:
    """The tick was kept and its run not asked for, or asked for and not begun: the next daemon sees to it, and nothing
    is done twice."""
    installed = without_daemon
    tenant = f"killed-{before}"
    installed.must("tenants", "add", tenant)
    installed.must("produce", str(events(tmp_path / "events.jsonl", tenant, range(1, 41))))
    daemon = subprocess.Popen(
        [sys.executable, "-c", BEFORE[before], "run", "--workspace", str(ROOT / "workspace.yaml")],
        env={**installed.environment, **installed.variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = daemon.communicate(timeout=900)
    finally:
        daemon.kill()
    assert daemon.returncode == -signal.SIGKILL, said
    assert count(installed, tenant, "SELECT count(*) FROM messages") == 0
    installed.must("up")
    wait_for("committing", lambda: count(installed, tenant, "SELECT count(*) FROM messages") == 40)
    wait_for("refreshing", lambda: count(installed, tenant, LINKED) == 40)
    assert count(installed, tenant, "SELECT count(*) FROM dead_letters") == 0
