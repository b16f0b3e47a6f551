"""Rows of ``conversations``: units as they are now, and tombstones of those that are no more.

A tombstone lists nothing. Whoever has the unit's point removes both (``forget``), so that what is there does not tell
in which order messages came.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.conversations.members import COLUMNS
from tg_assets.stores.database import temp_rows

_TYPES = {
    "id": "uuid", "channel_id": "uuid", "anchor": "uuid", "posted_at": "timestamptz", "reaches": "timestamptz",
    "first_message_id": "bigint", "last_message_id": "bigint", "posts": "uuid[]", "content_hash": "text",
}  # fmt: skip


def due(rule: str, stored: str) -> str:
    """SQL of a stage's inputs: units by a rule, each by its anchor, and those of ``stored`` that are units no more."""
    return f"""
        WITH units AS MATERIALIZED ({rule})
        SELECT anchor AS item_id, posted_at AS at, 0 AS tokens, content_hash AS input_hash FROM units
        UNION ALL
        SELECT u.anchor, u.posted_at, 0, 'gone' FROM ({stored}) u
        WHERE NOT EXISTS (SELECT FROM units n WHERE n.anchor = u.anchor)
    """  # noqa: S608 - constants


def found(connection: Connection, rule: str, channels: Iterable[object]) -> list[Any]:
    """Units of ``chunk`` by a rule, each with ``COLUMNS``."""
    span = connection.execute(
        text("SELECT min(at) AS since, max(at) + interval '1 microsecond' AS until FROM chunk")
    ).one()
    return list(
        connection.execute(
            text(f"SELECT {COLUMNS} FROM ({rule}) units JOIN chunk ON chunk.item_id = units.anchor"),  # noqa: S608
            {"channels": list(channels), "since": span.since, "until": span.until},
        )
    )


def save(connection: Connection, kind: str, units: Iterable[Any]) -> int:
    """Write units of ``chunk``; those of it that are not given become tombstones. Returns how many did."""
    temp_rows(connection, "new_units", _TYPES, (_row(unit, kind) for unit in units))
    names = ", ".join(_TYPES)
    connection.execute(
        text(f"""
            INSERT INTO conversations AS u (tenant_id, kind, {names})
            SELECT current_tenant(), :kind, {names} FROM new_units
            ON CONFLICT (tenant_id, id) DO UPDATE SET
                posts = excluded.posts, first_message_id = excluded.first_message_id,
                last_message_id = excluded.last_message_id, content_hash = excluded.content_hash, deleted_at = NULL,
                reaches = greatest(u.reaches, excluded.reaches)
        """),  # noqa: S608 - constant column names
        {"kind": kind},
    )
    return connection.execute(
        text("""UPDATE conversations u SET deleted_at = now(), posts = '{}', content_hash = '' FROM chunk
                WHERE u.kind = :kind AND u.anchor = chunk.item_id AND u.deleted_at IS NULL
                  AND NOT EXISTS (SELECT FROM new_units n WHERE n.anchor = u.anchor)"""),
        {"kind": kind},
    ).rowcount


def _row(unit: Any, kind: str) -> tuple[object, ...]:
    posts = f"{{{','.join(map(str, unit.posts))}}}"
    return (
        ids.conversation_id(unit.anchor, kind), unit.channel_id, unit.anchor, unit.posted_at, unit.reaches,
        unit.first_message_id, unit.last_message_id, posts, unit.content_hash,
    )  # fmt: skip


def forget(connection: Connection) -> None:
    """Drop the tombstones among the units of ``chunk``: their points are gone."""
    connection.execute(
        text("DELETE FROM conversations u USING chunk WHERE u.id = chunk.item_id AND u.deleted_at IS NOT NULL")
    )
