"""A message whole: as it is, as it was, what belongs to it, and what was made of it by whom.

What does not belong here: what is around it (``neighbours``), its thread (``threads``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.albums import Album, albums_by_id
from tg_assets.answers.archive import Archive
from tg_assets.answers.lineage import Made, lineage
from tg_assets.answers.media import Medium, media_of
from tg_assets.answers.received import Version, versions
from tg_assets.answers.references import locate
from tg_assets.answers.relations import related
from tg_assets.answers.rows import Message, message_by_id, messages_by_id

MOST_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What a provider added: ``kind`` is vision, speech, tags and so on, ``data`` its JSON."""

    kind: str
    provider: str
    status: str
    error: str | None
    data: Any
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """``versions`` begin with the one that stands; ``replies`` and ``forwards`` are the first fifty of each."""

    message: Message
    versions: tuple[Version, ...]
    media: tuple[Medium, ...]
    album: Album | None
    reply_to: Message | None
    replies: tuple[Message, ...]
    forwarded_post: Message | None
    """What it was forwarded from, where that is here."""
    forwards: tuple[Message, ...]
    """Messages that it was forwarded to, here."""
    enrichments: tuple[Enrichment, ...]
    lineage: tuple[Made, ...]


def message(archive: Archive, given: str | UUID) -> Whole:
    """A message, named as ``references`` reads it. Raises NotThere."""
    with archive.reading() as connection:
        one = locate(connection, archive, given)
        shown = message_by_id(connection, archive, one)
        near = related(connection, archive, [one])
        named = [name for name in (shown.reply_to, shown.forwarded_post) if name]
        others = messages_by_id(connection, archive, [*named, *(other for _, _, other in near)])
        albums = albums_by_id(connection, archive, [shown.album] if shown.album else [])
        return Whole(
            message=shown,
            versions=versions(connection, one, MOST_VERSIONS),
            media=media_of(connection, [one]).get(one, ()),
            album=albums.get(shown.album) if shown.album else None,
            reply_to=others.get(shown.reply_to) if shown.reply_to else None,
            replies=tuple(others[other] for _, how, other in near if how == "reply" and other in others),
            forwarded_post=others.get(shown.forwarded_post) if shown.forwarded_post else None,
            forwards=tuple(others[other] for _, how, other in near if how == "forward" and other in others),
            enrichments=_enrichments(connection, one),
            lineage=lineage(connection, [one]).get(one, ()),
        )


def _enrichments(connection: Connection, shown: UUID) -> tuple[Enrichment, ...]:
    rows = connection.execute(
        text("""SELECT kind, provider, status, error, data, updated_at FROM post_enrichment
                WHERE post_id = CAST(:id AS uuid) ORDER BY kind"""),
        {"id": str(shown)},
    )
    return tuple(Enrichment(*row) for row in rows.tuples())
