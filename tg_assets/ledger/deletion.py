"""Deletion: what was made of a message goes with it. One list of kinds of derived results, which deletion walks.

A deleted message leaves a tombstone: its ids, when it was posted and deleted, its album, and of which kind its media
were, so that coverage, albums and replies stay whole. Words, files and hashes go, and an export or event that still
holds them does not bring them back. Where each kind goes:

* ``bury``, at once, in the transaction that learns of the deletion: the raw form and its versions, what outside workers
  said of it, enrichments (``vision``, ``speech``, ``tags`` …), the ledger's hashes, dead letters with its payload.
* stages of its partition, which is dirty: the row in ``messages`` is blanked (``posts``), files leave
  ``post_media_map`` (``media_objects``), albums are assembled anew or dissolved and their summaries go with them
  (``media_groups``, ``album_summaries``), units of conversations list it no more (``conversations``), points with the
  counts of their words, nodes and statistics follow.
* ``sweep``, after ``media_objects``: contents that no message shows any more, and every result that was made of one
  (``derived_objects``, ``pictures``). A content that another message shows stays.

Entries of Redis streams are not rewritten: they leave after a day, or 100,000 entries. Cached vectors of its texts are
not looked for: nobody who lacks the text can read one or learn whose it was (``stores.embeddings``), and they leave
when nobody has asked for them for 90 days. What does not belong here: learning of deletions (``facts``), making
anything.
"""

from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.ids import CHANNEL_SHIFT, media_object_id
from tg_assets.keys import album_key
from tg_assets.ledger.stage import Session
from tg_assets.registry.channels import OF_ACCOUNT
from tg_assets.stores.database import temp_rows
from tg_assets.stores.objects import IMPORTING

BATCH = 500

# Stages that the ledger has, found by a step through the index for each.
_STAGES = """
    WITH RECURSIVE known AS (
        (SELECT stage FROM derivations ORDER BY stage LIMIT 1)
        UNION ALL
        SELECT (SELECT d.stage FROM derivations d WHERE d.stage > known.stage ORDER BY d.stage LIMIT 1) FROM known
        WHERE known.stage IS NOT NULL
    )
    SELECT stage FROM known WHERE stage IS NOT NULL
"""

# A message of an export shows its album by the media that are left; a service message is in none.
_BLANK = """
    raw = '{}', raw_hash = '', format = 'deleted', edited_at = NULL, version_at = NULL, later_look = NULL,
    media = CASE WHEN t.media->0->>'role' = 'primary' AND NOT (
                          t.raw->>'type' IS NOT DISTINCT FROM 'service'
                          OR t.raw->'is_service' IS NOT DISTINCT FROM 'true'
                          OR t.raw->>'_' IS NOT DISTINCT FROM 'MessageService')
            THEN jsonb_build_array(jsonb_build_object('position', 0, 'kind', t.media->0->'kind', 'role', 'primary',
                                                      'missing_reason', 'deleted'))
            ELSE '[]' END
"""


class Objects(Protocol):
    """What it needs of an object store."""

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""


def bury(connection: Connection) -> None:
    """Take words, files and hashes of the messages of ``landed`` and ``said`` that are deleted."""
    connection.execute(text("DROP TABLE IF EXISTS buried"))
    connection.execute(
        text("""CREATE TEMP TABLE buried ON COMMIT DROP AS
                SELECT d.id, d.channel_id, d.telegram_message_id FROM message_facts d
                WHERE d.kind = 'deleted' AND d.id IN (SELECT id FROM landed UNION SELECT id FROM said)""")
    )
    if not connection.execute(text("SELECT EXISTS (SELECT FROM buried)")).scalar():
        return
    _drop_files(connection)
    connection.execute(
        text(f"""UPDATE telegram_messages t SET {_BLANK} FROM buried b
                 WHERE t.id = b.id AND t.deleted_at IS NOT NULL AND t.format <> 'deleted'""")  # noqa: S608 - a constant
    )
    for statement in (
        "DELETE FROM telegram_message_versions v USING buried b WHERE v.id = b.id",
        "DELETE FROM message_facts f USING buried b WHERE f.id = b.id AND f.kind IN ('media', 'vision')",
        "DELETE FROM post_enrichment e USING buried b WHERE e.post_id = b.id",
    ):
        connection.execute(text(statement))
    # What a stage has yet to undo is in its inputs, and new to it. By stage, since the ledger's index begins with it.
    stages = list(connection.execute(text(_STAGES)).scalars())
    connection.execute(
        text("""DELETE FROM derivations
                WHERE stage = ANY(:stages) AND item_id = ANY(ARRAY(SELECT id FROM buried))"""),
        {"stages": stages},
    )
    _drop_letters(connection)


def _drop_files(connection: Connection) -> None:
    """Note contents that were stored and that ``media_objects`` has not seen: nothing else would find them.

    Noted is not gone: ``sweep`` looks who else shows them.
    """
    rows = connection.execute(
        text("""
            WITH files AS (
                SELECT t.media AS items FROM buried b JOIN telegram_messages t USING (id)
                UNION ALL
                SELECT f.data->'files' FROM buried b JOIN message_facts f USING (id) WHERE f.kind = 'media'
            )
            SELECT DISTINCT ON (item->>'sha256', item->>'key') current_tenant() AS tenant, item->>'sha256' AS sha256,
                   item->>'key' AS key, coalesce(item->>'mime', '') AS mime, coalesce(item->>'size', '0') AS size
            FROM files CROSS JOIN jsonb_array_elements(items) AS item WHERE item ? 'sha256' AND item ? 'key'
        """)
    ).all()
    found = [(media_object_id(row.tenant, row.sha256), row.sha256, row.mime, row.size, row.key) for row in rows]
    columns = {"id": "uuid", "sha256": "text", "mime": "text", "size": "bigint", "key": "text"}
    connection.execute(text("DROP TABLE IF EXISTS left_behind"))
    temp_rows(connection, "left_behind", columns, found)
    connection.execute(
        text("""
            INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key, dropped_at)
            SELECT DISTINCT ON (sha256) current_tenant(), id, sha256, mime, size, '', key, now() FROM left_behind
            ON CONFLICT (tenant_id, sha256) DO UPDATE SET dropped_at = now() WHERE media_objects.dropped_at IS NULL
        """)
    )
    connection.execute(  # the same file may be there under another extension, too
        text("""INSERT INTO derived_objects (tenant_id, sha256, key)
                SELECT current_tenant(), l.sha256, l.key FROM left_behind l JOIN media_objects o USING (sha256)
                WHERE o.s3_key <> l.key ON CONFLICT DO NOTHING""")
    )


def _drop_letters(connection: Connection) -> None:
    """Dead letters that hold a buried message: an event about it, or the line of an export.

    An event names its chat by a marked id or a bare one. Of a chat that an account has for itself it names the account,
    and whether a person or a small group is meant; another account's letters are not this deletion's.
    """
    whose = OF_ACCOUNT.format(owner="l.payload->>'owner_id'", user="l.payload->>'user_id'")
    connection.execute(
        text(f"""
            DELETE FROM dead_letters l USING buried b JOIN channels c ON c.id = b.channel_id
            WHERE jsonb_typeof(l.payload) = 'object' AND (
                (l.source LIKE 'stream:%'
                 AND coalesce(l.payload->>'tg_channel_id', l.payload->>'peer_id')
                     IN (c.tg_channel_id::text, (-c.tg_channel_id)::text, (-c.tg_channel_id - :shift)::text)
                 AND coalesce(l.payload->>'telegram_message_id', l.payload->>'tg_message_id')
                     = b.telegram_message_id::text
                 AND {whose}
                 AND (c.owner_id = 0 OR (c.source = 'dm')
                      = coalesce('dm' IN (l.payload->>'source', l.payload->>'dialog_type'), false)))
                OR (l.channel_id = c.id AND l.payload->>'id' = b.telegram_message_id::text))
        """),  # noqa: S608 - a constant
        {"shift": CHANNEL_SHIFT},
    )


UNSEEN = "NOT EXISTS (SELECT FROM post_media_map m WHERE m.sha256 = o.sha256)"
"""Whether no message shows a content ``o``, as far as ``media_objects`` has looked."""


def keep_derived(connection: Connection, objects: Iterable[tuple[str, str]]) -> None:
    """Note results in the object store, given as (sha256 of what they were made from, key)."""
    connection.execute(text("DROP TABLE IF EXISTS derived"))
    temp_rows(connection, "derived", {"sha256": "text", "key": "text"}, objects)
    connection.execute(
        text("""INSERT INTO derived_objects (tenant_id, sha256, key)
                SELECT DISTINCT current_tenant(), sha256, key FROM derived ON CONFLICT DO NOTHING""")
    )


def forget_summaries(connection: Connection, objects: Objects, tenant: UUID, albums: Collection[object]) -> None:
    """Take the summaries of albums, in their rows and in the object store; ``albums`` are ids."""
    names = [str(album) for album in albums]
    for name in names:
        objects.delete(album_key(tenant, UUID(name)))
    connection.execute(
        text("""UPDATE media_groups SET meta = meta - 'enrichment' - 'strategies'
                WHERE id = ANY(CAST(:albums AS uuid[]))"""),
        {"albums": names},
    )


def sweep(session: Session, objects: Objects) -> None:
    """Remove contents that no message shows any more, and what was made of them; then forget them.

    While an import is at it, which may have found one of them in place, they stay for the next time.
    """
    with session.lock("sweep"), session.lock(IMPORTING, wait=False) as alone:  # who begins to import meanwhile waits
        if alone:
            _sweep(session, objects)


def _sweep(session: Session, objects: Objects) -> None:
    with session.transaction() as connection:  # of what was noted by one message, another may have it
        connection.execute(
            text("""UPDATE media_objects o SET dropped_at = NULL WHERE o.dropped_at IS NOT NULL
                      AND EXISTS (SELECT FROM post_media_map m WHERE m.sha256 = o.sha256)""")
        )
    found = True
    while found:
        with session.transaction() as connection:
            rows = connection.execute(
                text(f"""SELECT o.sha256, o.s3_key,
                                (SELECT array_agg(d.key) FROM derived_objects d WHERE d.sha256 = o.sha256) AS derived
                         FROM media_objects o
                         WHERE o.dropped_at IS NOT NULL AND {UNSEEN} LIMIT :batch FOR UPDATE SKIP LOCKED"""),  # noqa: S608
                {"batch": BATCH},
            ).all()
            landed = _landed(connection, [row.sha256 for row in rows])
            gone = [row for row in rows if row.sha256 not in landed]
            for row in gone:
                for key in (row.s3_key, *(row.derived or ())):
                    objects.delete(key)
            for table in ("derived_objects", "pictures", "media_objects"):
                connection.execute(
                    text(f"DELETE FROM {table} WHERE sha256 = ANY(:gone)"),  # noqa: S608 - a constant
                    {"gone": [row.sha256 for row in gone]},
                )
        found = bool(rows)


def _landed(connection: Connection, contents: list[str]) -> set[str]:
    """Those contents that a message shows which waits for its stage; they are dropped no more."""
    if not contents:
        return set()
    return set(
        connection.execute(
            text("""
                UPDATE media_objects SET dropped_at = NULL WHERE sha256 IN (
                    SELECT item->>'sha256' FROM telegram_messages t CROSS JOIN jsonb_array_elements(t.media) AS item
                    WHERE t.media <> '[]' AND item->>'sha256' = ANY(:contents))
                RETURNING sha256
            """),
            {"contents": contents},
        ).scalars()
    )
