"""A stranger's picture can break a worker, never the caller, the next picture or the machine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vision.drawing import encode, screen
from tests.vision.hostile import CORPUS
from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.pool import Sandbox
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.local import LocalVision
from tg_assets.vision.prepare import prepare

MISBEHAVING = "tests.vision.misbehaving:tasks"


@pytest.fixture(scope="module")
def local() -> LocalVision:
    return LocalVision()


@pytest.fixture
def box() -> Iterator[Sandbox]:
    sandbox = Sandbox(MISBEHAVING, workers=1, seconds=1)
    yield sandbox
    sandbox.close()


def ask(sandbox: Sandbox, do: str, body: bytes = b"") -> dict[str, str]:
    return sandbox.call({"do": do}, body)[0]


def refusal(sandbox: Sandbox, do: str) -> Refusal:
    with pytest.raises(Refused) as caught:
        ask(sandbox, do)
    return caught.value.reason


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_files_are_refused_by_name_or_described(local: LocalVision, name: str) -> None:
    """By both ways in; and the next honest picture is looked at as ever."""
    make, reason = CORPUS[name]
    data = make()
    if reason is None:
        assert local.describe(data, "image/jpeg").description
        assert prepare(data, "image/jpeg", 100).jpeg.startswith(b"\xff\xd8\xff")
    else:
        for look in (lambda: local.describe(data, "image/jpeg"), lambda: prepare(data, "image/jpeg", 100)):
            with pytest.raises(Refused) as caught:
                look()
            assert caught.value.reason is reason
    assert "после" in local.describe(encode(screen(["после бури"])), "image/png").ocr_text


@pytest.mark.parametrize(
    ("do", "reason"),
    [("spin", Refusal.too_slow), ("sleep", Refusal.too_slow), ("die", Refusal.crashed), ("eat", Refusal.crashed)],
)
def test_who_breaks_a_worker_is_refused_and_the_next_is_served(box: Sandbox, do: str, reason: Refusal) -> None:
    """Endless work, endless waiting, a crash, 8 GB: refused; a new worker answers the next request."""
    before = ask(box, "echo")["pid"]
    assert refusal(box, do) is reason
    assert ask(box, "echo")["pid"] != before


def test_a_worker_is_kept_for_the_next_picture(box: Sandbox) -> None:
    """Also after a refusal and after an error, which are no crash."""
    pid = ask(box, "echo")["pid"]
    assert refusal(box, "refuse") is Refusal.broken
    with pytest.raises(TgAssetsError, match="as asked"):
        ask(box, "fail")
    assert ask(box, "print") == {}
    assert ask(box, "echo")["pid"] == pid


def test_a_worker_that_is_ready_gets_the_first_request(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.warm()
    box.warm()  # there is one already
    with monkeypatch.context() as context:
        context.setattr(subprocess, "Popen", None)
        assert ask(box, "echo")["pid"]


def test_a_worker_ended_from_outside_costs_nothing(box: Sandbox) -> None:
    """Whoever killed an idle worker, or one at work, the picture is not blamed."""
    os.kill(int(ask(box, "echo")["pid"]), signal.SIGKILL)
    assert box.call({"do": "echo"}, b"body" * 50_000)[1] == b"body" * 50_000


def test_a_worker_knows_no_secret_and_writes_no_file(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its environment is chosen, its files stay empty."""
    secrets = ("TG_POSTGRES_URL", "OPENAI_API_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD")
    for name in secrets:
        monkeypatch.setenv(name, "hunter2")
    known = ask(box, "environment")
    assert "PATH" in known
    assert not [name for name, value in known.items() if name in secrets or "hunter2" in value]
    with pytest.raises(TgAssetsError, match="OSError"):
        ask(box, "write", str(tmp_path / "out").encode())
    assert (tmp_path / "out").stat().st_size == 0


def test_no_more_workers_than_allowed() -> None:
    """Callers wait; two workers serve eight threads."""
    sandbox = Sandbox(MISBEHAVING, workers=2)
    with ThreadPoolExecutor(8) as pool:
        pids = list(pool.map(lambda _: ask(sandbox, "echo")["pid"], range(40)))
    sandbox.close()
    assert 1 <= len(set(pids)) <= 2


def test_a_factory_that_fails_is_not_the_pictures_fault() -> None:
    """Tried again later, with the reason in the message."""
    with pytest.raises(TgAssetsError, match="No module named 'nowhere'"):
        Sandbox("nowhere:factory").call({}, b"")


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_workers_end_with_a_killed_parent(busy: bool) -> None:
    """SIGKILL leaves no orphan, whatever the worker was doing."""
    program = f"""
import sys, threading, time
from tg_assets.sandbox.pool import Sandbox
box = Sandbox({MISBEHAVING!r}, workers=1, seconds=600)
print(box.call({{"do": "echo"}}, b"")[0]["pid"], flush=True)
if {busy}:
    threading.Thread(target=box.call, args=({{"do": "spin"}}, b"")).start()
time.sleep(600)
"""
    command = [sys.executable, "-c", program]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as parent:
        assert parent.stdout
        worker = int(json.loads(parent.stdout.readline()))
        time.sleep(0.5)
        assert running(worker)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 600
        while running(worker) and time.monotonic() < deadline:
            time.sleep(0.1)
        orphan = running(worker)
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    assert not orphan


def running(pid: int) -> bool:
    """Whether a process exists and is not a zombie (whom nobody may reap in a container)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
