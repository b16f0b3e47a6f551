"""A server that is at work is waited for, however slow; one that died or hangs is told with its last words."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import psutil
import pytest

from tests.support import servers
from tg_assets.backends import Service, down, port_ready, start_service, up
from tg_assets.backends import service as processes
from tg_assets.backends.last_words import how_it_ended, last_lines
from tg_assets.backends.layout import Layout, choose_port
from tg_assets.errors import TgAssetsError

# Limits are this short here: each slow server needs several times as long.
STILL = 0.5
LISTEN = "\nimport socket, sys, time\nserver = socket.create_server(('127.0.0.1', int(sys.argv[1])))\ntime.sleep(600)"
COMPUTES = "import time\nwhile time.process_time() < 2.0: pass"
LOGS = "import time\nfor number in range(40): print('replaying', number, flush=True); time.sleep(0.05)"
WRITES = (
    "import os, time\nfile = os.open('file', os.O_CREAT | os.O_WRONLY)\n"
    "for _ in range(40): os.write(file, b'x' * 8192); os.fsync(file); time.sleep(0.05)"
)
FAILS = """
import os
def connect():
    raise ConnectionError(f"no route, key {os.environ['ONE_API_KEY']}, postgresql://app:hunter2@db/x")
def begin():
    try:
        connect()
    except ConnectionError as error:
        raise RuntimeError("the catalogue is not there") from error
begin()
"""


def server(program: str, tmp_path: Path, name: str = "slow", still: float = STILL) -> Service:
    """It runs a program, and listens when that comes to an end."""
    port = choose_port(set())
    command = (sys.executable, "-c", program + LISTEN, str(port))
    return Service(
        name, command, port_ready(port), cwd=tmp_path, ready_seconds=still, awaited=f"an answer on port {port}"
    )


@pytest.mark.parametrize("program", [COMPUTES, LOGS, WRITES], ids=["computes", "logs", "writes"])
def test_what_is_slow_but_at_work_is_waited_for(program: str, tmp_path: Path) -> None:
    """For several times as long as one that does nothing."""
    settings = servers.settings(tmp_path)
    started = start_service(settings, server(program, tmp_path))
    assert psutil.Process(started.pid).is_running()
    down(settings)


def test_one_that_died_is_told_by_the_line_that_names_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And by no line of the process before it, no place in a traceback and no secret."""
    monkeypatch.setattr(processes, "ATTEMPT_PAUSES", ())
    monkeypatch.setenv("ONE_API_KEY", "sk-0123456789")
    settings, layout = servers.settings(tmp_path), Layout(tmp_path)
    layout.create()
    layout.log("slow").write_text("Traceback (most recent call last):\nValueError: of the process before\n")
    service = server(FAILS, tmp_path)
    with pytest.raises(TgAssetsError) as caught:
        start_service(settings, service)
    assert str(caught.value) == (
        f"slow ended with code 1 before there was {service.awaited}. Its log {layout.log('slow')} ends with:\n"
        "  ConnectionError: no route, key …, postgresql://…@db/x\n"
        "  RuntimeError: the catalogue is not there\n"
        "Mend what it names, then run `tg-assets up` again."
    )
    assert processes.recorded_names(layout) == []


def test_one_that_hangs_is_given_up_and_ended(tmp_path: Path) -> None:
    settings, layout = servers.settings(tmp_path), Layout(tmp_path)
    service = server("print('opening', flush=True); __import__('time').sleep(600)", tmp_path)
    with pytest.raises(TgAssetsError, match=r"(?s)slow is given up: an answer on port \d+ was waited for.*opening"):
        start_service(settings, service)
    assert processes.recorded_names(layout) == []


def test_one_that_says_nothing_is_told_as_well(tmp_path: Path) -> None:
    with pytest.raises(TgAssetsError, match=r"mute is given up: an answer was waited for.*says nothing"):
        start_service(servers.settings(tmp_path), Service("mute", ("sleep", "600"), port_ready(1), ready_seconds=STILL))


def test_one_that_died_of_its_predecessor_is_started_once_more(tmp_path: Path) -> None:
    """Whoever waits is told."""
    settings, said = servers.settings(tmp_path), list[str]()
    program = "import os, sys\nif not os.path.exists('seen'): open('seen', 'w').close(); sys.exit('the port is in use')"
    started = start_service(settings, server(program, tmp_path, still=60), on_change=said.append)
    assert psutil.Process(started.pid).is_running()
    [sentence] = said
    assert "slow ended with code 1 before there was an answer" in sentence
    assert "started once more" in sentence
    down(settings)


def test_a_running_one_that_hangs_is_started_anew(tmp_path: Path) -> None:
    settings, said = servers.settings(tmp_path), list[str]()
    service = Service("stuck", ("sleep", "600"), lambda: True, stop_seconds=0.3, ready_seconds=STILL)
    first = start_service(settings, service).pid or 0
    os.kill(first, signal.SIGSTOP)
    service = replace(service, ready=lambda: not psutil.pid_exists(first))
    assert start_service(settings, service, on_change=said.append).pid != first
    assert "stuck has neither answered nor done anything for" in said[0]
    down(settings)


def test_an_interrupted_start_leaves_the_server_to_the_next_one(tmp_path: Path) -> None:
    layout, halt = Layout(tmp_path), Event()
    service = server("import time; time.sleep(600)", tmp_path, still=60)
    halt.set()
    with layout.lock():
        with pytest.raises(KeyboardInterrupt):
            processes.start(layout, service, halt=halt)
        left = processes.find_running(layout, "slow")
    assert left is not None
    down(servers.settings(tmp_path))


def test_who_changes_servers_meanwhile_is_named_and_waited_for(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tg_assets.backends.layout import Layout\n"
        "with Layout(Path(sys.argv[1])).lock(): print('locked', flush=True); sys.stdin.read()"
    )
    environment = servers.clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        said = list[str]()

        def say(sentence: str) -> None:
            said.append(sentence)
            other.stdin.close()  # type: ignore[union-attr]

        with Layout(tmp_path).lock(say):
            assert other.wait() == 0
    assert f"Process {other.pid} is starting or stopping servers in {tmp_path}" in said[0]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a\n\nb\n", ["a", "b"]),
        (
            'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    f()\n    ~^^\nKeyError: 1\n',
            ["KeyError: 1"],
        ),
        ('    f()\n  File "x.py", line 2, in f\n    g()\nKeyError: 2\nnext\n', ["    f()", "KeyError: 2", "next"]),
        (
            "up\n  + Exception Group Traceback (most recent call last):\n  |   File \"x.py\", line 1\n  |     f()\n"
            "  | ExceptionGroup: two (1 sub-exception)\n  +-+---------------- 1 ----------------\n"
            "    | Traceback (most recent call last):\n    |   File \"x.py\", line 3\n    | OSError: away\n",
            ["up", "  | ExceptionGroup: two (1 sub-exception)", "    | OSError: away"],
        ),
        (
            "dagster.Unreachable: no code server\n\nStack Trace:\n  File \"x.py\", line 3, in f\n    g()\n\n"
            "The above exception was caused by the following exception:\ngrpc.Error: refused\n\nStack Trace:\n"
            "  File \"y\", line 1\n",
            ["dagster.Unreachable: no code server", "grpc.Error: refused"],
        ),
        (
            "java.io.IOException: locked\n\tat com.x.Y.z(Y.java:3)\nCaused by: java.lang.Error: held\n\t... 12 more\n",
            ["java.io.IOException: locked", "Caused by: java.lang.Error: held"],
        ),
        ("x" * 1000, ["x" * 300]),
        ("\n".join(map(str, range(100))), [str(number) for number in range(85, 100)]),
    ],
)  # fmt: skip
def test_of_a_traceback_its_last_line_is_left(said: str, left: list[str], tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(said)
    assert last_lines(log, 0, ()) == left


def test_a_log_that_was_cut_meanwhile_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("new\n")
    assert last_lines(log, 1000, ()) == ["new"]
    assert last_lines(tmp_path / "none.log", 0, ()) == []


def test_how_a_process_ended_is_told_in_words() -> None:
    assert how_it_ended(-signal.SIGKILL) == "by SIGKILL (is there not enough memory?)"
    assert how_it_ended(-signal.SIGSEGV) == "by signal 11"
    assert how_it_ended(2) == "with code 2"


def test_a_port_in_use_by_nobody_does_not_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not port_ready(closed.getsockname()[1])()


def test_all_that_failed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TG_REDIS_BIN", "TG_POSTGRES_BIN"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    elsewhere = {"neo4j_url": "bolt://neo4j:pw@graph.example:7687", "qdrant_url": "http://vectors.example:6333"}
    with pytest.raises(TgAssetsError) as caught:
        up(servers.settings(tmp_path, **elsewhere))
    assert "TG_REDIS_BIN" in str(caught.value)
    assert "TG_POSTGRES_BIN" in str(caught.value)
