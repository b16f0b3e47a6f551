"""An export lands while live traffic of the same chat does: what either says counts, whoever is over first."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from tests.live.support import EDITED, Live
from tests.support import pipeline
from tests.support.waiting import wait_for
from tests.telegram.exports import account, chat, message
from tg_assets import ids, importing
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
            # So long may somebody wait before it is looked for a circle: the import would be the one that closes it.
            connection.execute(
                text("SELECT pg_sleep(1.5 * extract(epoch FROM current_setting('deadlock_timeout')::interval))")
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


def test_live_traffic_of_several_chats_and_an_export_of_them_wait_for_each_other_in_one_order(
    live: Live, tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export has them in the other order, and what is said of a message is of the chat that comes first."""

    def channel(number: int) -> UUID:
        return ids.channel_id(ids.tenant_id(live.tenant), ids.marked_channel_id(number), 0)

    low, high = sorted((42, 43), key=channel)

    def export(number: int) -> Path:
        chats = [chat(said(number), id=one, name=f"Сад {one}") for one in (high, low)]
        return pipeline.write_export(tmp_path / str(number), account(*chats))

    pipeline.import_path(export(9), live.tenant)
    for number in (high, low):
        live.send(live.event(5, tg_channel_id=ids.marked_channel_id(number), chat_title=f"Сад {number}"))
    live.send(
        {"tenant_id": live.tenant, "tg_channel_id": ids.marked_channel_id(low), "grouped_id": 77,
         "telegram_message_ids": [1]},
        stream=ALBUMS,
    )  # fmt: skip
    read = meanwhile(monkeypatch, importing, "regroup", live, pool)
    pipeline.import_path(export(1), live.tenant)
    read[0].result()
    assert live.rows("SELECT count(*) FROM telegram_messages") == [(6,)]


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
