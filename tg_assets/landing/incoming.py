"""Messages on their way in: the temporary table ``incoming`` and its rows, the same for every way in.

What does not belong here: how they land (``rows``), reading sources.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.stores.database import copy_rows

_TABLE = """
    CREATE TEMP TABLE IF NOT EXISTS incoming (
        ordinal bigint, channel_id uuid, message_id bigint, id uuid, posted_at timestamptz, edited_at timestamptz,
        version_at timestamptz, format text, is_service boolean, grouped_id bigint, raw jsonb, raw_hash text,
        media jsonb, chat int
    ) ON COMMIT DELETE ROWS
"""


class Incoming(NamedTuple):
    """One message of the caller's batch; ids may be hex, and JSON is dumped already."""

    ordinal: int
    channel_id: UUID | str | None
    """None while nobody has said whose chat it is; then there is no ``id`` either."""
    message_id: int
    id: UUID | str | None
    posted_at: datetime
    edited_at: datetime | None
    version_at: datetime | None
    """When its source was asked; an import says it when all of the export is there."""
    format: str
    is_service: bool
    grouped_id: int | None
    raw: bytes | str
    raw_hash: str
    media: str
    chat: int = 0
    """Which of a batch's chats it is from; what lands, lands by this number."""


def create_incoming(connection: Connection) -> None:
    """The empty table, for this transaction; one that is there stays as it is."""
    connection.execute(text(_TABLE))


def copy_incoming(connection: Connection, rows: Iterable[Incoming]) -> None:
    """COPY messages into the table."""
    copy_rows(connection, "incoming", Incoming._fields, rows)
