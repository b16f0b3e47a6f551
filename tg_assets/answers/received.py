"""Messages as they were received: every version of their raw form, the newest first.

What does not belong here: the parsed message (``rows``), and keeping versions (``tg_assets.landing``).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.struck import Struck, crossed, struck_in


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a message.

    ``raw`` is what its source gave, in its ``format``: desktop (an export), telethon, event or persona;
    ``superseded_at`` is None of the one that stands.
    """

    text: str
    edited_at: datetime | None
    superseded_at: datetime | None
    format: str
    raw_hash: str
    raw: Any
    struck: tuple[Struck, ...] = ()
    """What is crossed out in its text."""

    @property
    def said(self) -> str:
        """Its text, with ``~~`` around what is crossed out, for who reads text alone."""
        return crossed(self.text, self.struck)


# Nothing is left of a deleted message but what tells that it was.
_VERSIONS = """
    SELECT t.raw, t.raw_hash, t.format, t.edited_at, CAST(NULL AS timestamptz) AS superseded_at,
           c.tg_channel_id, c.source, c.username, c.owner_id
    FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
    WHERE t.id = CAST(:id AS uuid) AND t.deleted_at IS NULL
    UNION ALL
    (SELECT v.raw, v.raw_hash, v.format, v.edited_at, v.superseded_at,
            c.tg_channel_id, c.source, c.username, c.owner_id
     FROM telegram_message_versions v JOIN telegram_messages t ON t.id = v.id JOIN channels c ON c.id = t.channel_id
     WHERE v.id = CAST(:id AS uuid) AND t.deleted_at IS NULL
     ORDER BY v.version_at DESC NULLS LAST, v.superseded_at DESC, v.raw_hash LIMIT :most)
"""


def versions(connection: Connection, shown: UUID, most: int) -> tuple[Version, ...]:
    """The message as it stands and at most so many earlier versions. ``shown`` is an id that the archive shows."""
    from tg_assets.landing.posts import parse_raw

    def version(row: Any) -> Version:
        parsed = parse_raw(row)
        said, struck = parsed["content"], struck_in(parsed["entities"])
        return Version(said, row.edited_at, row.superseded_at, row.format, row.raw_hash, row.raw, struck)

    return tuple(map(version, connection.execute(text(_VERSIONS), {"id": str(shown), "most": most})))
