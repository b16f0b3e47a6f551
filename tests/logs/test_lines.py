"""A line of a log: its fields, and what is never in it."""

import json
import logging
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from tg_assets.cli import ending
from tg_assets.cli.serving import serve
from tg_assets.errors import ServerDown
from tg_assets.logs import processes
from tg_assets.logs.lines import Lines
from tg_assets.logs.secrets import passwords_of, secrets_of

STRANGE = "\x1b[31m two\nlines \u202e \ud800"


def record(message: str = "said", *arguments: Any, error: Any = None, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("a.logger", logging.WARNING, "", 0, message, arguments, error)
    made.created = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC).timestamp()
    made.__dict__.update(extra)
    return made


def raised(error: BaseException) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def of(one: logging.LogRecord, assets: tuple[str, ...] = ()) -> dict[str, str]:
    lines = Lines("json")
    lines.assets = frozenset(assets)
    found: dict[str, str] = json.loads(lines.format(one))
    return found


def test_a_line_has_time_level_logger_and_message() -> None:
    time = "2026-01-02T03:04:05.678Z"
    expected = {"time": time, "level": "WARNING", "logger": "a.logger", "message": "7 of 8"}
    assert of(record("%d of %d", 7, 8)) == expected
    assert Lines("text").format(record("%d of %d", 7, 8)) == f"{time} WARNING a.logger: 7 of 8"


def test_a_line_of_a_run_tells_where_it_is_from() -> None:
    """A step is an asset's when it is called so, or when the event says so; a feed in a run's tags is not told."""
    run = {"run_id": "r", "job_name": "j", "step_key": "posts", "job_tags": {"tg/feed": "me.x"}, "orig_message": "m"}
    found = of(record("j - r - posts - m", dagster_meta=run), ("posts",))
    known = {"run_id": "r", "job": "j", "step": "posts", "asset": "posts", "message": "m"}
    assert found.items() >= known.items()
    assert "me.x" not in json.dumps(found)
    assert "asset" not in of(record("m", dagster_meta={**run, "step_key": "tail"}), ("posts",))
    event = SimpleNamespace(
        event_type_value="ASSET_MATERIALIZATION", asset_key=SimpleNamespace(to_user_string=lambda: "tags")
    )
    found = of(record("m", dagster_meta={**run, "step_key": "tail", "dagster_event": event}))
    assert (found["asset"], found["event"]) == ("tags", "ASSET_MATERIALIZATION")
    text = Lines("text").format(record("m", dagster_meta=run))
    assert text.endswith(" WARNING a.logger run_id=r job=j step=posts: m")
    assert of(record("m", dagster_meta={"name": "start_tail", "orig_message": "m"}))["sensor"] == "start_tail"


@pytest.mark.parametrize(
    ("trace", "is_told"),
    [
        ("0192f0c1-aaaa-7bbb-8ccc-0123456789ab", True),
        ("0192f0c1aaaa7bbb8ccc0123456789ab", True),
        ("we meet at noon", False),
        ("1001234567890", False),
        ("Jane_Roe-Smith", False),
        ("acme-123456-7", False),
        ("a" * 65, False),
        (7, False),
        ("", False),
    ],
)
def test_only_an_id_is_a_trace(trace: object, is_told: bool) -> None:
    """It comes from whoever sent the event."""
    assert ("trace_id" in of(record(trace_id=trace))) is is_told


def test_no_secret_is_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands: in a message, in an address, in a sentence of ours."""
    monkeypatch.setenv("TG_SESSION_KEY", "a-key-of-sessions")
    monkeypatch.setenv("TG_ALERT_WEBHOOK", "https://hooks.example/a-path-that-is-secret")
    monkeypatch.setenv("TG_REDIS_URL", "redis://:p%40ssword-of-redis@redis:6379/0")
    for kind in ("json", "text"):
        lines = Lines(kind)
        for secret in (
            "https://hooks.example/a-path-that-is-secret",
            "a-key-of-sessions",
            "p%40ssword-of-redis",
            "p@ssword-of-redis",
        ):
            for one in (record(f"with {secret}"), record("with %s", secret), record(error=raised(ServerDown(secret)))):
                said = lines.format(one)
                assert secret not in said
                assert "…" in said
        assert "postgresql://…@db" in lines.format(record("at postgresql://me:short@db/x"))


def test_an_error_is_told_without_its_words() -> None:
    """Unless they are written for people."""
    found = of(record(error=raised(KeyError("a message's text"))))
    assert found["error"].startswith(f"KeyError at {__file__}:")
    assert "a message's text" not in Lines("text").format(record(error=raised(KeyError("a message's text"))))
    assert of(record(error=raised(ServerDown("Redis is away."))))["error"] == "Redis is away."


@pytest.mark.parametrize("kind", ["json", "text"])
def test_a_line_steers_no_terminal(kind: str) -> None:
    said = Lines(kind).format(record(STRANGE))
    assert not {"\x1b", "\u202e", "\ud800"} & set(said)
    if kind == "json":
        assert "\n" not in said
        assert json.loads(said)["message"] == STRANGE


def test_arguments_that_do_not_fit_cost_no_line() -> None:
    assert of(record("%d of %d", "x"))["message"] == "%d of %d"


def test_a_setting_that_is_not_usable_costs_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by what needs it."""
    monkeypatch.setenv("TG_LOG_FORMAT", "xml")
    assert Lines().format(record()).endswith("WARNING a.logger: said")
    monkeypatch.setenv("TG_LOG_FORMAT", "json")
    assert json.loads(Lines().format(record()))["message"] == "said"


def test_what_counts_as_secret() -> None:
    given = {
        "A_KEY": "0123456789",
        "PASSWORD": "long enough",
        "TOKEN": "short",
        "KEY_FILE": "/etc/key",
        "HOME": "0" * 9,
    }
    assert secrets_of(given) == ["0123456789", "long enough"]
    assert passwords_of({"A_URL": "redis://:12345678@h/0", "B_URL": "bolt://neo4j:pw@h:1"}) == ["12345678"] * 2


def test_a_command_that_serves_says_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own to stdout, those of libraries to stderr, and the sentence that it fails with."""
    import click

    monkeypatch.setattr(processes.LINES, "kind", "json")
    monkeypatch.setattr(ending, "_form", ending._form)
    monkeypatch.setattr(logging, "lastResort", None)

    @click.command()
    def command() -> None:
        serve("tg_assets.listen")("me.eve: listening [3 chats]")

    (line,) = CliRunner().invoke(command).stdout.splitlines()
    found = json.loads(line)
    assert (found["logger"], found["level"]) == ("tg_assets.listen", "INFO")
    assert found["message"] == "me.eve: listening [3 chats]"
    serve("tg_assets.listen")
    assert logging.lastResort is not None
    logging.lastResort.handle(record("away"))
    ending._tell(ServerDown("Redis is away."))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(one["level"], one["message"]) for one in told] == [("WARNING", "away"), ("ERROR", "Redis is away.")]
