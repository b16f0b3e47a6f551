"""``watch --once``: what waits and goes on, on one screen; a server that is away takes only its part with it."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from tests.live.support import Live
from tg_assets.cli import cli, runtime

NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens
Frame = Callable[[], dict[str, str]]


@pytest.fixture
def frame(live: Live, monkeypatch: pytest.MonkeyPatch) -> Frame:
    """One screen of the live tenant; its lines by their first word."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TG_DAGSTER_URL", f"http://{NOWHERE}")

    def look() -> dict[str, str]:
        runtime.settings.cache_clear()
        done = CliRunner().invoke(cli, ["watch", "--once", "--tenant", live.tenant])
        assert done.exit_code == 1, done.exception  # Dagster's webserver is away
        lines = [line for line in done.output.splitlines() if line.strip()]
        assert max(map(len, lines)) <= 100
        return {line.split()[0]: line for line in lines}

    return look


def test_it_shows_what_waits(live: Live, frame: Frame) -> None:
    live.send(*(live.event(number) for number in (1, 2, 5)))
    live.raw(b'{"tenant_id": "%s"}' % live.tenant.encode())
    assert frame()["posts:parsed"].split()[1:4] == ["4", "4", "0"]
    live.drain()
    live.rows("UPDATE telegram_messages SET received_at = now() - interval '61 seconds' RETURNING 1")
    found = frame()
    assert found["posts:parsed"].split()[1:] == ["4", "0", "0", "-"]
    name, dirty, _, unit, _, letters = found[live.tenant].split()
    assert (name, dirty, unit, letters) == (live.tenant, "1", "s", "1")
    assert found["1"].startswith("1 in 1 chat;")


def test_each_server_may_be_away(frame: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's webserver always is in these tests."""
    assert "away" in frame()["Runs"]
    with monkeypatch.context() as patch:
        patch.setenv("TG_REDIS_URL", f"redis://{NOWHERE}/0")
        found = frame()
        assert "away" in found["Streams"]
        assert "away" not in found["Waiting:"]
    monkeypatch.setenv("TG_POSTGRES_URL", f"postgresql+psycopg2://tg_app:secret@{NOWHERE}/tg")
    found = frame()
    assert "away" not in found["Streams"]
    assert "away" in found["Waiting:"]
    assert "away" in found["Message"]
    assert not any("secret" in line for line in found.values())
