"""What a gap took, from the history of a chat: messages that are missing, changed or gone.

A page of history is the truth of the ids between its ends. What does not belong here: deciding that there was a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.events.content import content_digest
from tg_assets.events.envelope import ChatEvent
from tg_assets.history.reach import Reachable
from tg_assets.history.walk import Page, pages
from tg_assets.updates.client import ListeningClient
from tg_assets.updates.database import TenantDatabase
from tg_assets.updates.publisher import Publisher
from tg_assets.updates.updates import Translator


@dataclass(slots=True)
class Filled:
    """What came of it: events, the chat's newest message, and whether older ones are still missing."""

    events: int = 0
    newest: int = 0
    is_cut: bool = False


async def fill(
    client: ListeningClient,
    database: TenantDatabase,
    translator: Translator,
    publisher: Publisher,
    chat: Reachable,
    known: int,
    most: int,
    *,
    thorough: bool,
) -> Filled:
    """Publish messages newer than ``known``, at most about the newest ``most``.

    ``thorough``: also what changed or went among the newest hundred. Raises what Telegram answers.
    """
    filled, first = Filled(newest=known), True
    at = datetime.now(UTC)
    async for page in pages(client, chat.peer()):
        client.box.remember(page.peers)
        events: list[ChatEvent] = []
        if first:
            filled.newest = max([known, *(message.id for message in page.messages)])
            if thorough and page.accounted:
                events += await _compared(database, translator, chat, page, known, at)
        for message in reversed(page.messages):
            if message.id > known and (event := translator.event(message, chat, at)) is not None:
                events.append(event)
        publisher.submit(events)
        filled.events += len(events)
        first, at = False, datetime.now(UTC)
        if page.is_last or lowest(page) <= known + 1:
            return filled
        if filled.events >= most:
            filled.is_cut = True
            return filled
    return filled


def lowest(page: Page) -> int:
    """The id from which on the page has every message."""
    return min(first for first, _ in page.accounted)


async def _compared(
    database: TenantDatabase, translator: Translator, chat: Reachable, page: Page, known: int, at: datetime
) -> list[ChatEvent]:
    """Messages up to ``known`` that are not what the database has, and those that it has in vain."""

    def stored(connection: Connection) -> Sequence[Any]:
        return connection.execute(
            text("""SELECT telegram_message_id, raw_hash FROM telegram_messages
                    WHERE channel_id = :channel AND telegram_message_id BETWEEN :lowest AND :highest
                      AND deleted_at IS NULL"""),
            {"channel": chat.id, "lowest": lowest(page), "highest": known},
        ).all()

    hashes = dict(await database.ask(stored))
    events: list[ChatEvent] = []
    for message in reversed(page.messages):
        if message.id <= known:
            event = translator.event(message, chat, at, edited=True)
            if event is not None and content_digest(event) != hashes.get(message.id):
                events.append(event)
    gone = sorted(hashes.keys() - {message.id for message in page.messages})
    return [*events, translator.gone(chat, gone, at)] if gone else events
