"""What benchmarks stand on: end states that are compared, a terminal that shows tables only."""

import os
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.__main__ import _run
from benchmarks.fingerprint import compare
from benchmarks.quiet import quiet


def state(folder: Path, lines: list[str], number: float) -> Path:
    folder.mkdir()
    (folder / "messages.jsonl").write_text("\n".join([*lines, ""]))
    np.savez(folder / "dense.npz", ids=["one"], dense=np.array([[number]], dtype=np.float32))
    return folder


@pytest.mark.parametrize(
    ("lines", "number", "different"),
    [
        (['{"id":1}', '{"id":2}'], 0.5000005, []),
        (['{"id":1}', '{"id":3}'], 0.5, ["messages"]),
        (['{"id":1}'], 0.5, ["messages"]),
        (['{"id":1}', '{"id":2}'], 0.50001, ["dense"]),
    ],
)
def test_end_states_are_equal_or_told_apart(
    tmp_path: Path, lines: list[str], number: float, different: list[str]
) -> None:
    one = state(tmp_path / "one", ['{"id":1}', '{"id":2}'], 0.5)
    told = compare(one, state(tmp_path / "other", lines, number))
    assert [line.split()[0] for line in told if "DIFFERENT" in line] == different


def test_what_is_logged_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet() as terminal:
        os.write(1, b"of a child\n")
        os.write(2, b"a log line\n")
        terminal.write("a table\n")
    assert capfd.readouterr() == ("a table\n", "")


def test_what_failed_is_shown_with_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet():
            os.write(2, b"what it said\n")
            raise ValueError("no rows")

    with pytest.raises(ValueError, match="no rows"):
        fail()
    assert "what it said" in capfd.readouterr().out


def test_a_terminal_is_given_to_what_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not as another value that a benchmark may be given."""
    console = Console()
    monkeypatch.setattr("benchmarks.order.run", lambda console: [{"what": console}])
    monkeypatch.setattr("benchmarks.graph.run", lambda url=None: [{"what": url}])
    assert _run("order", console) == [{"what": console}]
    assert _run("graph", console) == [{"what": None}]
