"""Messages as answers show them, many at a time: one statement, whatever the number.

What is shown of a message is what the archive may see (``SEEN``); ids of others find nothing. What does not belong
here: which messages, and what is around them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.struck import OF_MESSAGE, Struck, crossed, struck_in
from tg_assets.errors import TgAssetsError
from tg_assets.graph.rows import forwarded_post_rows, reply_rows
from tg_assets.stores.prepared import prepared


class NotThere(TgAssetsError):
    """What is asked for is not in this archive: it does not exist, or is another tenant's, owner's or feed's."""

    def __init__(self, what: str = "message") -> None:
        super().__init__(f"There is no such {what} in this archive.")


@dataclass(frozen=True, slots=True)
class Message:
    """A message; times are aware and in UTC. ``reply_to`` and ``forwarded_post`` are computed ids: what they name need
    not be there. A deleted message has no words and no author."""

    id: UUID
    feed: str
    chat: str | None
    chat_id: int
    """Telegram's marked id of the chat; that of direct messages is the negative of the person's."""
    source: str
    """channel, group, dm or persona."""
    message_id: int
    posted_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    author: str | None
    author_id: int | None
    text: str
    described: str | None
    """What its picture shows, in words of a model."""
    read: str | None
    """Text that was read in its picture."""
    spoken: str | None
    """What is said in its voice or video note."""
    link: str | None
    """Its address at Telegram; private chats have none."""
    album: UUID | None
    reply_to: UUID | None
    forwarded_from: str | None
    forwarded_post: UUID | None
    action: str | None
    """What a service message tells: somebody joined, a call, a pinned message."""
    has_media: bool
    struck: tuple[Struck, ...] = ()
    """What is crossed out in its text."""

    @property
    def said(self) -> str:
        """Its text, with ``~~`` around what is crossed out, for who reads text alone."""
        return crossed(self.text, self.struck)

    @property
    def words(self) -> str:
        """All that a person can read, hear or see in it, a line each; empty when there is nothing in words."""
        return "\n".join(filter(None, (self.said, self.spoken, self.read, self.described)))


COLUMNS = f"""
    m.id, m.channel_id, m.telegram_message_id, m.posted_at, m.edited_at, m.deleted_at, m.content, m.author_name,
    m.post_author, m.sender_tg_id, m.telegram_post_url, m.album_id, m.reply_to_message_id, m.reply_to_chat_id,
    m.thread_id, m.forward_from_name, m.forward_from_chat_id, m.forward_from_message_id, m.has_media, m.is_service,
    m.action_type, m.source, c.feed, c.title, c.tg_channel_id, c.owner_id, v.data->>'description' AS described,
    v.data->'ocr'->>'text' AS read, s.data->>'text' AS spoken, {OF_MESSAGE}
"""
"""What ``message_of`` needs; of ``JOINED``."""
JOINED = """
    messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status IN ('ok', 'partial')
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech' AND s.status = 'ok'
"""
SPEAKS = "m.deleted_at IS NULL AND (NOT m.is_service OR m.content <> '')"
"""Whether somebody said something: no tombstone, and not that somebody joined."""
BY_IDS = f"SELECT {COLUMNS} FROM {JOINED} WHERE m.id = ANY(CAST(:ids AS uuid[])) AND {SEEN}"  # noqa: S608


def message_of(row: Any, tenant: UUID) -> Message:
    """A message out of a row with ``COLUMNS``."""
    replied = next((UUID(one["target_id"]) for one in reply_rows([row], tenant)), None)
    forwarded = next((UUID(one["target_id"]) for one in forwarded_post_rows([row], tenant)), None)
    return Message(
        id=row.id,
        feed=row.feed,
        chat=row.title,
        chat_id=row.tg_channel_id,
        source=row.source,
        message_id=row.telegram_message_id,
        posted_at=row.posted_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        author=row.author_name or row.post_author,
        author_id=row.sender_tg_id,
        text=row.content or "",
        described=row.described,
        read=row.read or None,
        spoken=row.spoken or None,
        link=row.telegram_post_url,
        album=row.album_id,
        reply_to=replied,
        forwarded_from=row.forward_from_name,
        forwarded_post=forwarded,
        action=row.action_type if row.is_service else None,
        has_media=row.has_media,
        struck=struck_in(row.struck),
    )


def messages_by_id(connection: Connection, archive: Archive, wanted: Collection[UUID]) -> dict[UUID, Message]:
    """Those of the messages that the archive shows, deleted ones too, in the order that was asked for."""
    if not wanted:
        return {}
    rows = connection.execute(prepared(BY_IDS), {"ids": [str(one) for one in wanted], **archive.seen})
    found = {row.id: message_of(row, archive.tenant) for row in rows}
    return {one: found[one] for one in dict.fromkeys(wanted) if one in found}


def message_by_id(connection: Connection, archive: Archive, wanted: UUID) -> Message:
    """One of them. Raises NotThere, also where its whole chat went since its id was looked up."""
    found = messages_by_id(connection, archive, [wanted]).get(wanted)
    if found is None:
        raise NotThere
    return found


def in_time(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Messages as they were written, the earliest first."""
    return tuple(sorted(messages, key=lambda one: (one.posted_at, one.chat_id, one.message_id)))
