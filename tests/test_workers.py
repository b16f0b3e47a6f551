"""Work on every core: results in their order, whatever becomes of the processes; none outlives whoever asked."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.waiting import wait_for
from tg_assets.errors import TgAssetsError
from tg_assets.workers import Workers


def squares(numbers: Sequence[int]) -> list[int]:
    """What a batch is made into."""
    return [number**2 for number in numbers]


def by_whom(numbers: Sequence[int]) -> list[int]:
    """Which process did it."""
    time.sleep(0.05)
    return [os.getpid() for _ in numbers]


def squares_once_killed(given: Sequence[tuple[int, str]]) -> list[int]:
    """Squares, by a process that is killed the first time that it is here."""
    for _, mark in given:
        if not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [number**2 for number, _ in given]


def always_killed(numbers: Sequence[int]) -> list[int]:
    """Nothing ever."""
    os.kill(os.getpid(), signal.SIGKILL)
    return list(numbers)


def refuse(numbers: Sequence[int]) -> list[int]:
    """An error of the work's own."""
    raise TgAssetsError(f"{numbers[0]} cannot be worked on.")


@pytest.fixture
def workers() -> Iterator[Workers]:
    two = Workers(2)
    yield two
    two.close()


@pytest.mark.parametrize("count", [0, 1, 7, 100, 1001])
def test_results_are_in_the_order_of_what_they_are_of(workers: Workers, count: int) -> None:
    assert workers.map(squares, range(count), least=10) == squares(range(count))


def test_a_large_batch_is_done_elsewhere_and_a_small_one_here(workers: Workers) -> None:
    assert {*workers.map(by_whom, range(10), least=10)} == {os.getpid()}
    assert {*Workers(1).map(by_whom, range(100), least=10)} == {os.getpid()}
    others = {*workers.map(by_whom, range(100), least=10)}
    assert os.getpid() not in others
    assert 1 <= len(others) <= 2


def test_a_process_that_is_killed_is_made_up_for(workers: Workers, tmp_path: Path) -> None:
    given = [(number, str(tmp_path / "killed")) for number in range(100)]
    assert workers.map(squares_once_killed, given, least=10) == squares(range(100))
    assert workers.map(squares, range(100), least=10) == squares(range(100))


def test_processes_that_never_stay_are_told(workers: Workers) -> None:
    with pytest.raises(TgAssetsError, match="TG_WORKERS"):
        workers.map(always_killed, range(100), least=10)


def test_an_error_of_the_work_is_raised_as_it_is(workers: Workers) -> None:
    with pytest.raises(TgAssetsError, match="0 cannot be worked on"):
        workers.map(refuse, range(100), least=10)
    assert workers.map(squares, range(100), least=10) == squares(range(100))


def use_some() -> None:
    """As a run does: a process of multiprocessing that ends with its processes idle."""
    assert Workers(2).map(squares, range(100), least=10) == squares(range(100))
    kept = Workers(2)
    assert kept.map(squares, range(100), least=10) == squares(range(100))
    KEPT.append(kept)


KEPT: list[Workers] = []


def test_a_process_that_was_forked_ends_with_its_own() -> None:
    child = multiprocessing.get_context("forkserver").Process(target=use_some)
    child.start()
    wait_for("the end of the process", lambda: child.exitcode is not None)
    assert child.exitcode == 0


def test_a_preload_that_fails_is_told(tmp_path: Path) -> None:
    """It is nobody's item's fault that the processes cannot be made."""
    (tmp_path / "child.py").write_text(FAILING)
    (tmp_path / "fails_early.py").write_text("raise RuntimeError")
    done = subprocess.run(
        [sys.executable, "child.py"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    assert "TgAssetsError: Worker processes were ended 3 times" in done.stderr


FAILING = """
from tests.test_workers import squares
from tg_assets.workers import Workers

if __name__ == "__main__":
    Workers(2, ["fails_early"]).map(squares, range(100), least=10)
"""
WITHOUT_ENTITIES = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "natasha" else find(name, *rest)
sys.modules["natasha"] = None
import tg_assets.preloaded
"""


def test_what_is_preloaded_needs_no_extra() -> None:
    """`make demo` has no named entities."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_ENTITIES], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


CHILD = """
from tests.test_workers import by_whom
from tg_assets.workers import Workers

if __name__ == "__main__":
    workers = Workers(2)
    print(*{*workers.map(by_whom, range(100), least=10)}, flush=True)
    input()
"""


def test_none_outlives_who_asked_for_it(tmp_path: Path) -> None:
    """Also when that was killed."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        others = [int(pid) for pid in child.stdout.readline().split()]
        assert others
        assert all(Path(f"/proc/{pid}").exists() for pid in others)
        child.kill()
        child.wait()
    wait_for("that workers end", lambda: not any(Path(f"/proc/{pid}").exists() for pid in others))
