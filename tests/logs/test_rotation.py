"""Logs of services stay small while services write, and lose no line."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import servers
from tg_assets.backends import Service, down, start_service
from tg_assets.backends.layout import Layout
from tg_assets.logs import rotation
from tg_assets.logs.rotation import OLDER, rotate, rotating

MOST = 1 << 20
WIDTH = 100
# More than the log and one older have together, less than all have.
COUNT = 4 * MOST // WIDTH
WRITER = f"""
import os, time
for number in range({COUNT}):
    os.write(1, b"%0{WIDTH - 1}d\\n" % number)
    if not number % 500:
        time.sleep(0.002)
"""


def files(log: Path) -> list[Path]:
    """A log and what is older, the oldest first."""
    paths = [*(log.with_name(f"{log.name}.{number}") for number in range(OLDER, 0, -1)), log]
    return [path for path in paths if path.exists()]


def numbers(log: Path) -> list[int]:
    """What a writer wrote, each line whole."""
    lines = [line for path in files(log) for line in path.read_bytes().split(b"\n") if line.strip()]
    assert {len(line) for line in lines} == {WIDTH - 1}
    return [int(line) for line in lines]


def without_cut_lines(log: Path) -> None:
    """Remove what a file ends with when that is no whole line."""
    for path in files(log):
        said = path.read_bytes()
        path.write_bytes(said[: said.rfind(b"\n") + 1])


def write_meanwhile(log: Path) -> int:
    """Rotate as often as possible while a process writes; how often that did something."""
    done = 0
    with log.open("ab") as output, subprocess.Popen([sys.executable, "-c", WRITER], stdout=output) as writer:
        while writer.poll() is None:
            if log.stat().st_size >= MOST:
                rotate(log.parent, MOST)
                done += 1
    rotate(log.parent, MOST)
    return done


def can_collapse(directory: Path) -> bool:
    """Whether the file system takes away a file's beginning."""
    path = directory / "probe"
    path.write_bytes(b"\n" * 65536)
    with path.open("r+b") as file:
        return rotation._collapse(file.fileno(), 32768, 65536)


def test_every_line_of_a_writer_that_goes_on_is_kept(tmp_path: Path) -> None:
    """In its order, once, and no file is larger than it may be."""
    if not can_collapse(tmp_path):
        pytest.skip("this file system cannot take away a file's beginning: there lines may be lost, and it is said so")
    for attempt in range(3):
        log = tmp_path / f"{attempt}.log"
        assert write_meanwhile(log)
        assert numbers(log) == list(range(COUNT))
        assert all(path.stat().st_size <= MOST + 4096 for path in files(log))
        assert not list(tmp_path.glob("*.part"))


def test_elsewhere_a_log_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a writer writes in that very moment may be lost or cut; the rest is in order, and it stays small."""
    monkeypatch.setattr(rotation, "_collapse", lambda *_: False)
    log = tmp_path / "a.log"
    assert write_meanwhile(log)
    without_cut_lines(log)
    found = numbers(log)
    assert found == sorted(set(found))
    assert len(found) > COUNT // 2
    assert sum(path.stat().st_size for path in files(log)) <= (OLDER + 2) * MOST
    quiet = tmp_path / "quiet.log"
    lines = b"".join(b"%099d\n" % number for number in range(2 * MOST // WIDTH))
    quiet.write_bytes(lines)
    rotate(tmp_path, MOST)
    assert b"".join(path.read_bytes() for path in files(quiet)) == lines
    assert quiet.stat().st_size == 0


@pytest.mark.parametrize("collapses", [True, False])
def test_the_bound_holds_however_much_was_written(
    collapses: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest lines are kept."""
    if not collapses:
        monkeypatch.setattr(rotation, "_collapse", lambda *_: False)
    log, count = tmp_path / "a.log", 12 * MOST // WIDTH
    log.write_bytes(b"".join(b"%099d\n" % number for number in range(count)))
    rotate(tmp_path, MOST)
    kept = numbers(log)
    assert kept == list(range(kept[0], count))
    assert len(kept) >= OLDER * MOST // WIDTH - OLDER
    assert len(files(log)) == OLDER + 1
    assert log.stat().st_size < MOST
    assert all(path.stat().st_size <= 2 * MOST for path in files(log))
    assert {path.stat().st_mode & 0o777 for path in files(log)[:-1]} == {0o600}


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * 3 * MOST)
    rotate(tmp_path, MOST)
    assert sum(path.read_bytes().count(b"x") for path in files(log)) == 3 * MOST
    assert log.stat().st_size < MOST


def test_two_at_once_do_it_once(tmp_path: Path) -> None:
    """``up`` and the daemon."""
    log = tmp_path / "a.log"
    log.write_bytes(b"x\n" * MOST)
    with log.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        rotate(tmp_path, MOST)
        assert files(log) == [log]
    rotate(tmp_path, MOST)
    assert len(files(log)) > 1


def test_a_full_disk_costs_nothing_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is tried."""
    log = tmp_path / "a.log"
    log.write_bytes(b"new line\n" * MOST)
    older = tmp_path / "a.log.1"
    older.write_text("older")

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "sendfile", full)
    for _ in range(OLDER):
        with pytest.raises(OSError, match="No space"):
            rotate(tmp_path, MOST)
    assert older.read_text() == "older"
    assert log.stat().st_size == 9 * MOST


def eventually(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_writes_on_after_its_log_was_rotated(tmp_path: Path) -> None:
    """By the descriptor that it was given."""
    program = f"{WRITER}\ntime.sleep(600)"
    settings, layout = servers.settings(tmp_path), Layout(tmp_path)
    layout.create()
    log = layout.log("writer")
    log.write_bytes(b"%099d\n" % 0 * (MOST // WIDTH))
    rotate(layout.logs, MOST // 2)
    older = len(numbers(log))
    try:
        start_service(settings, Service("writer", (sys.executable, "-c", program), lambda: True))

        def written() -> bool:
            rotate(layout.logs, MOST)
            return log.read_bytes().endswith(b"%099d\n" % (COUNT - 1))

        eventually(written)
        found = numbers(log)
        assert found[-COUNT // 2 :] == list(range(COUNT))[-COUNT // 2 :]
        assert older
    finally:
        down(settings)


def test_the_daemon_looks_after_the_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it lives."""
    from dagster._daemon import cli, controller
    from dagster._daemon.monitoring import run_monitoring

    from tg_assets import daemon

    log = tmp_path / "logs" / "redis.log"
    log.parent.mkdir()
    log.write_bytes(b"x\n" * rotation.MOST)
    monkeypatch.setenv("TG_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(rotation, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", 30)
    monkeypatch.setattr(run_monitoring, "monitor_starting_run", run_monitoring.monitor_starting_run)
    monkeypatch.setattr(daemon, "take_over", lambda: None)
    monkeypatch.setattr(cli, "main", lambda: eventually(lambda: log.stat().st_size < rotation.MOST))
    daemon.main()
    assert len(files(log)) == 3
    log.write_bytes(b"x\n" * rotation.MOST)
    time.sleep(0.1)
    assert log.stat().st_size == 2 * rotation.MOST


def test_a_failure_does_not_end_the_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[Path]()

    def fail(logs: Path) -> None:
        looks.append(logs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rotation, "rotate", fail)
    monkeypatch.setattr(rotation, "LOOK_SECONDS", 0.01)
    with rotating(tmp_path):
        eventually(lambda: len(looks) > 2)
