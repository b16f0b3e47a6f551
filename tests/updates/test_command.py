"""``tg-assets listen`` as a person starts and stops it."""

import os
import signal
import subprocess
from typing import Any

from tests.support.installation import COMMAND
from tests.updates.conftest import Place
from tests.updates.support import events, eventually


def start(place: Place, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(COMMAND), "listen", "--tenant", place.live.tenant, *options],
        env={**os.environ, "TG_LISTEN_STATUS_SECONDS": "0.5", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said, _ = process.communicate(timeout=900)
    return process.returncode, said


def test_started_and_stopped(place: Place) -> None:
    """It publishes what it hears, says how it goes, and ends on SIGTERM with what it heard kept."""
    process: Any = start(place)
    try:
        eventually(lambda: place.loopback.rows("SELECT 1 FROM account_sessions WHERE update_state IS NOT NULL"))
        sent = [place.world.send(place.news, f"text {number}").id for number in range(3)]
        eventually(lambda: len(events(place.redis, place.live.tenant)) >= 3)
        eventually(lambda: place.loopback.account("me").heard_at)
    finally:
        process.send_signal(signal.SIGTERM)
        code, said = ended(process)
    assert code == 0, said
    assert {event.telegram_message_id for _, event in events(place.redis, place.live.tenant)} == set(sent)
    assert "4 chats" in said
    assert "Stopped; what was heard is kept." in said
    assert "text" not in said
    assert "News" not in said


def test_nobody_to_listen_with(place: Place) -> None:
    """An account that does not exist is named, and what to do."""
    code, said = ended(start(place, "--account", "nobody"))
    assert code == 1
    assert "No active account is called nobody" in said


def test_logged_out(place: Place) -> None:
    """When Telegram accepts no session any more, it ends with exit code 1 and says how to log in."""
    for session in place.loopback.server.accounts.sessions.values():
        session.user = None
    code, said = ended(start(place))
    assert code == 1
    assert "Log in again with" in said
