"""Matches as they may be seen now: what was found is kept by its id, and read when it is told.

So a deleted message is told no more, an edited one as it stands, and none that the token does not open any more. What
does not belong here: finding them, the form in which they are told.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.albums import Album, albums_by_id
from tg_assets.answers.archive import Archive
from tg_assets.answers.markdown import address
from tg_assets.answers.plain import as_json
from tg_assets.answers.rows import Message, NotThere, messages_by_id
from tg_assets.graph.questions.question import Row
from tg_assets.saved.asked import Asked, SavedQuestion, read
from tg_assets.saved.graph_rows import now_there


@dataclass(frozen=True, slots=True)
class Match:
    """``key`` is the message's, the album's or the row's id, ``message`` the message to open. Times are aware UTC.

    ``row`` is what the graph answers, by column. ``link`` is at Telegram; private chats have none.
    """

    key: UUID
    found_at: datetime
    kind: str
    message: UUID | None
    posted_at: datetime | None
    feed: str | None
    chat: str | None
    author: str | None
    text: str
    link: str | None
    row: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A saved question, and the archive as its token opens it now."""

    id: UUID
    name: str
    asked: Asked
    made_at: datetime
    archive: Archive


_QUESTION = """
    SELECT s.id, s.name, s.kind, s.asked, s.made_at, a.owners, a.feeds
    FROM saved_questions s JOIN access_tokens a ON a.name = s.token
    WHERE s.id = CAST(:id AS uuid) AND (a.expires_at IS NULL OR a.expires_at > now())
"""
_NEWEST = """
    SELECT key, found_at FROM saved_matches WHERE saved_id = CAST(:id AS uuid) AND found_at IS NOT NULL
    ORDER BY seq DESC LIMIT :limit
"""
_OF_ALBUMS = """
    SELECT DISTINCT ON (album_id) album_id, id FROM messages
    WHERE album_id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL ORDER BY album_id, telegram_message_id
"""


def question(connection: Connection, whole: Archive, saved_id: UUID) -> Question | None:
    """A question of the transaction's tenant; None where it is gone, or its token opens nothing any more."""
    row = connection.execute(text(_QUESTION), {"id": str(saved_id)}).first()
    if row is None:
        return None
    feeds = None if row.feeds is None else tuple(row.feeds)
    mine = replace(whole, owners=tuple(row.owners), feeds=feeds)
    return Question(row.id, row.name, read(row.kind, row.asked), row.made_at, mine)


def newest(archive: Archive, token: str, saved_id: UUID, limit: int) -> tuple[Question, list[Match]]:
    """A question of a token with its last matches, the newest first. Raises NotThere."""
    with archive.reading() as connection:
        own = connection.execute(
            text("SELECT EXISTS (SELECT FROM saved_questions WHERE id = :id AND token = :token)"),
            {"id": saved_id, "token": token},
        ).scalar_one()
        one = question(connection, archive, saved_id) if own else None
        if one is None:
            raise NotThere("saved question")
        rows = connection.execute(text(_NEWEST), {"id": str(saved_id), "limit": limit}).all()
        return one, shown(connection, one, {row.key: row.found_at for row in rows})


def shown(connection: Connection, one: Question, found: Mapping[UUID, datetime]) -> list[Match]:
    """Those of the matches, by key and when they were found, that are still there and may be seen; in their order."""
    if isinstance(one.asked, SavedQuestion):
        there = now_there(one.archive, one.asked) if found else {}
        return [_of_row(key, at, there[key]) for key, at in found.items() if key in there]
    messages = {
        key: message
        for key, message in messages_by_id(connection, one.archive, list(found)).items()
        if message.deleted_at is None
    }
    albums = albums_by_id(connection, one.archive, [key for key in found if key not in messages])
    messages |= _firsts(connection, one.archive, [key for key in found if key not in messages and key not in albums])
    told = []
    for key, at in found.items():
        if key in messages:
            told.append(_of_message(key, at, messages[key]))
        elif key in albums:
            told.append(_of_album(key, at, albums[key]))
    return told


def _firsts(connection: Connection, archive: Archive, albums: Collection[UUID]) -> dict[UUID, Message]:
    """First messages of albums that are not put together yet."""
    if not albums:
        return {}
    rows = connection.execute(text(_OF_ALBUMS), {"ids": [str(one) for one in albums]}).all()
    there = messages_by_id(connection, archive, [row.id for row in rows])
    return {row.album_id: there[row.id] for row in rows if row.id in there}


def _of_message(key: UUID, at: datetime, one: Message) -> Match:
    return Match(
        key, at, "post", one.id, one.posted_at, one.feed, one.chat, one.author, one.words, address(one.link)
    )  # fmt: skip


def _of_album(key: UUID, at: datetime, one: Album) -> Match:
    words = "\n".join(filter(None, (one.said, one.summary, one.read)))
    first = one.items[0].id
    return Match(key, at, "album", first, one.posted_at, one.feed, one.chat, None, words, address(one.link))


def _of_row(key: UUID, at: datetime, row: Row) -> Match:
    link, plain = row.get("link"), as_json(row)
    message = UUID(row["post_id"]) if row.get("post_id") else None
    return Match(
        key, at, "row", message, row.get("date"), row.get("feed"), None, None, in_words(plain),
        address(link if isinstance(link, str) else None), plain,
    )  # fmt: skip


def in_words(row: Mapping[str, Any]) -> str:
    """A row as text, a line for each column that says something to people."""
    return "\n".join(
        f"{name.replace('_', ' ')}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in row.items()
        if value not in (None, "", []) and not name.endswith("_id") and name != "link"
    )
