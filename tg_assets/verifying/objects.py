"""Files of a tenant compared with the rows that say where they are: media, results made of them, summaries of albums.

An object is put before its row is committed, so one that nobody knows is a stray only after a while, and so is a part
of one that its killed writer left, which may be of a message that was deleted since. An import puts objects for hours
before it says so, or finds those of one that was killed: while one is at it, nothing is a stray. What is noted as
dropped goes with ``ledger.deletion.sweep`` and is not looked at. What does not belong here: downloading, making
anything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.keys import album_key
from tg_assets.partitions import window_sql
from tg_assets.stores.database import TenantConnection, copy_rows
from tg_assets.stores.objects import IMPORTING, ObjectStore
from tg_assets.verifying import requeue
from tg_assets.verifying.findings import Difference, Findings, Kind, Place

STRAY = timedelta(hours=1)
PREFIXES = ("media", "vision", "speech", "album")
BATCH = 500

# Where a content is shown first.
_PLACE = f"""
    LEFT JOIN LATERAL (
        SELECT c.feed, {window_sql("m.posted_at")} AS day FROM post_media_map p JOIN messages m ON m.id = p.post_id
        JOIN channels c ON c.id = m.channel_id WHERE p.sha256 = o.sha256 ORDER BY m.posted_at LIMIT 1) place ON true
"""  # noqa: S608 - ours
_MEDIA = f"""
    SELECT o.sha256 AS id, o.s3_key AS key, l.size, place.feed, place.day
    FROM media_objects o LEFT JOIN listed l ON l.key = o.s3_key {_PLACE}
    WHERE o.dropped_at IS NULL AND (l.key IS NULL OR l.size <> o.size_bytes) ORDER BY o.sha256
"""  # noqa: S608
_RESULTS = f"""
    SELECT o.sha256 AS id, o.key, NULL AS size, place.feed, place.day
    FROM derived_objects o LEFT JOIN listed l ON l.key = o.key {_PLACE} WHERE l.key IS NULL ORDER BY o.key
"""  # noqa: S608
_ALBUMS = f"""
    SELECT g.id::text AS id, replace(:pattern, :nil, g.id::text) AS key, NULL AS size, c.feed,
           {window_sql("g.posted_at")} AS day
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    LEFT JOIN listed l ON l.key = replace(:pattern, :nil, g.id::text)
    WHERE g.deleted_at IS NULL AND g.meta ? 'enrichment' AND l.key IS NULL ORDER BY g.id
"""  # noqa: S608
# What has been imported or told of is known by its message before it has a row.
_STRAYS = """
    SELECT l.key FROM listed l
    WHERE NOT l.is_recent
      AND NOT EXISTS (SELECT FROM media_objects o WHERE o.s3_key = l.key)
      AND NOT EXISTS (SELECT FROM derived_objects o WHERE o.key = l.key)
      AND NOT EXISTS (SELECT FROM media_groups g WHERE replace(:pattern, :nil, g.id::text) = l.key
                                                   AND g.meta ? 'enrichment')
      AND NOT EXISTS (SELECT FROM landed_keys k WHERE k.key = l.key)
"""
_LANDED = """
    CREATE TEMP TABLE landed_keys ON COMMIT DROP AS
    SELECT item->>'key' AS key FROM telegram_messages t CROSS JOIN jsonb_array_elements(t.media) AS item
    WHERE t.media <> '[]' AND item ? 'key'
    UNION
    SELECT item->>'key' FROM message_facts f CROSS JOIN jsonb_array_elements(f.data->'files') AS item
    WHERE f.kind = 'media' AND jsonb_typeof(f.data->'files') = 'array' AND item ? 'key'
"""


@dataclass(frozen=True, slots=True)
class _Lost:
    """What rows of a kind say is there and is not; ``again`` lets it be made or fetched again."""

    what: str
    statement: str
    again: Callable[[Connection, list[str]], None]


_LOST = (
    _Lost("file", _MEDIA, requeue.files),
    _Lost("result", _RESULTS, requeue.results),
    _Lost("album summary", _ALBUMS, requeue.summaries),
)


def compare(session: TenantConnection, objects: ObjectStore, *, repair: bool = False) -> Findings:
    """Compare all of a tenant's objects with its rows; ``repair`` removes strays and asks for what is lost again.

    A lost file is noted as not stored: it is downloaded again where an account reads its chat, or comes with an export
    that has it; its partition is dirty.
    """
    with session.lock(IMPORTING, wait=False) as alone:  # who begins to import meanwhile waits
        return _compare(session, objects, alone, repair)


def _compare(session: TenantConnection, objects: ObjectStore, alone: bool, repair: bool) -> Findings:
    found = Findings()
    keys = {"pattern": album_key(session.tenant, UUID(int=0)), "nil": str(UUID(int=0))}
    with session.transaction() as connection:
        found.compared["objects"] = _list(connection, objects, session.tenant)
        connection.execute(text(_LANDED))
        strays = list(connection.execute(text(_STRAYS), keys).scalars()) if alone else []
        lost = {one: _rows(connection, one.statement, keys, objects) for one in _LOST}
    before = datetime.now(UTC) - STRAY
    unfinished = [key for one in PREFIXES for key in objects.unfinished(f"{one}/{session.tenant}", before)]
    for key in (*strays, *unfinished):
        found.add(Difference(Place("", None), "objects", key.partition("/")[0], "extra", key))
    for one, rows in lost.items():
        for row in rows:
            kind: Kind = "missing" if row["size"] is None else "different"
            found.add(Difference(Place(row["feed"] or "", row["day"]), "objects", one.what, kind, row["id"]))
    if repair:
        for key in strays:
            objects.delete(key)
        for key in unfinished:
            objects.discard(key)
        for one, rows in lost.items():
            for part in (rows[first : first + BATCH] for first in range(0, len(rows), BATCH)):
                for row in part:
                    if row["size"] is not None:
                        objects.delete(row["key"])
                with session.transaction() as connection:
                    one.again(connection, [row["id"] for row in part])
        found.mended = found.total
    return found


def _list(connection: Connection, objects: ObjectStore, tenant: UUID) -> int:
    """Put what the store has of a tenant into the temporary table ``listed``; returns how many objects."""
    connection.execute(text("CREATE TEMP TABLE listed (key text, size bigint, is_recent bool) ON COMMIT DROP"))
    recent, count = datetime.now(UTC) - STRAY, 0
    for prefix in PREFIXES:
        for page in objects.listed(f"{prefix}/{tenant}/"):
            rows = [(key, size, changed > recent) for key, size, changed in page]
            copy_rows(connection, "listed", ("key", "size", "is_recent"), rows)
            count += len(rows)
    connection.execute(text("CREATE INDEX ON listed (key)"))
    connection.execute(text("ANALYZE listed"))
    return count


def _rows(connection: Connection, statement: str, keys: dict[str, str], objects: ObjectStore) -> list[dict[str, Any]]:
    def lost() -> Iterator[dict[str, Any]]:
        for row in connection.execute(text(statement), keys if ":pattern" in statement else {}).mappings():
            # Whoever stored it may have put it elsewhere; and it may have come since it was listed.
            if row["size"] is not None or not objects.exists(row["key"]):
                yield dict(row)

    return list(lost())
