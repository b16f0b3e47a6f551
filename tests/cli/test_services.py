"""What is waited for is on the screen with how long; in a pipe each event is a line."""

import click
import pytest
from click.testing import CliRunner

from tg_assets.cli.console import console
from tg_assets.cli.waits import Waits


def events(waits: Waits) -> None:
    with waits.shown():
        for name, state in (("neo4j", "starting"), ("redis", "external"), ("neo4j", "ready"), ("web", "running")):
            waits.event(name, state)
        waits.say("neo4j ended with code 1; it is started once more.")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_each_event_is_a_line(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning of a wait is one only where nothing can be drawn."""
    monkeypatch.setattr(console, "_force_terminal", is_terminal)
    monkeypatch.setattr(console, "_color_system", None)
    said = CliRunner().invoke(click.Command("x", callback=lambda: events(Waits()))).output
    assert ("neo4j           starting\n" in said) is not is_terminal
    for line in ("redis           external", "neo4j           ready", "web             running", "started once more."):
        assert line in said


def test_a_terminal_shows_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_force_terminal", True)
    waits = Waits()
    with console.capture():
        for name, state in (("neo4j", "starting"), ("postgres", "stopping"), ("web", "unhealthy"), ("redis", "ready")):
            waits.event(name, state)
    shown = waits.__rich__().plain
    for part in ("waiting for neo4j to start (", "postgres to stop (", "web to answer ("):
        assert part in shown
    assert "redis" not in shown
