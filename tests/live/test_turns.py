"""An export lands while live traffic of the same chat does: what either says counts, whoever is over first."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.live.support import EDITED, Live
from tests.support import pipeline
from tests.support.waiting import wait_for
from tests.telegram.exports import chat, message
from tg_assets import importing
from tg_assets.landing import rows

DAY = 1_682_931_600
CHAT = -1_000_000_000_042
ALBUMS = "stream:albums:parsed"
BLOCKED = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"


def said(number: int) -> dict[str, Any]:
    return message(number, date_unixtime=str(DAY + 60 * number), text=f"message {number}")


@pytest.fixture
def land(live: Live, tmp_path: Path) -> Callable[[int], None]:
    """Imports an export of one message of a chat that is known."""

    def export(number: int) -> None:
        pipeline.import_path(pipeline.write_export(tmp_path / str(number), chat(said(number))), live.tenant)

    export(9)
    return export


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as found:
        yield found


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, live: Live, pool: ThreadPoolExecutor
) -> list[Future[Any]]:
    """Have events read when an import calls a function, until they are in or wait for the import."""
    original, read, begun = getattr(module, name), list[Future[Any]](), Event()

    def called(connection: Connection, *given: Any) -> Any:
        if not begun.is_set():
            begun.set()
            read.append(pool.submit(live.drain))
            wait_for(
                "live traffic lands or waits",
                lambda: read[0].done() or connection.execute(text(BLOCKED)).scalar(),
                pause=0.05,
            )
        return original(connection, *given)

    monkeypatch.setattr(module, name, called)
    return read


def test_an_edit_that_comes_while_an_export_lands_is_not_undone(
    live: Live, land: Callable[[int], None], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export judged the message before the edit was there, and writes it afterwards."""
    live.send(
        live.event(1, tg_channel_id=CHAT, chat_title="Сад", text="edited", posted_at="2023-05-01T09:01:00Z",
                   edited_at="2023-05-01T09:05:00Z", occurred_at="2023-05-01T09:05:00Z"),
        stream=EDITED,
    )  # fmt: skip
    read = meanwhile(monkeypatch, rows, "_write", live, pool)
    land(1)
    read[0].result()
    found = live.rows("SELECT format, raw->>'text' FROM telegram_messages WHERE telegram_message_id = 1")
    assert found == [("event", "edited")]
    assert live.rows("SELECT raw->>'text' FROM telegram_message_versions") == [("message 1",)]


def test_what_is_said_of_a_message_while_it_lands_reaches_it(
    live: Live, land: Callable[[int], None], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is not there yet for who says it, nor is what is said for who brings the message."""
    live.send(
        {"tenant_id": live.tenant, "tg_channel_id": CHAT, "chat_title": "Сад", "grouped_id": 77,
         "telegram_message_ids": [1]},
        stream=ALBUMS,
    )  # fmt: skip
    read = meanwhile(monkeypatch, importing, "regroup", live, pool)
    land(1)
    read[0].result()
    assert live.rows("SELECT told_grouped_id FROM telegram_messages WHERE telegram_message_id = 1") == [(77,)]
