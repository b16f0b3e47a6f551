"""Summaries of albums whose ids were replaced: they go to the keys of the ids that the albums have now.

What does not belong here: making summaries, and the other stores' things under ids that were
(``tg_assets.ledger.replaced``).
"""

from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from tg_assets.keys import album_key
from tg_assets.ledger import replaced
from tg_assets.ledger.stage import Session
from tg_assets.stores.objects import ObjectStore

BATCH = 500


def move_summaries(session: Session, objects: ObjectStore) -> None:
    """Move all there are, a batch and a transaction at a time."""
    moved = True
    while moved:
        with session.transaction() as connection:
            moved = _move(connection, session.tenant, objects)


def _move(connection: Connection, tenant: UUID, objects: ObjectStore) -> bool:
    """Move some; whether there may be more."""
    replacing = {row.replaced_by: row.id for row in replaced.take(connection, "objects", most=BATCH)}
    rows = connection.execute(
        text("SELECT id, deleted_at, meta->'enrichment' AS summary FROM media_groups WHERE id = ANY(:ids)"),
        {"ids": [*replacing, *replacing.values()]},
    ).all()
    there = {row.id for row in rows}
    for row in rows:
        if row.id in replacing and row.deleted_at is None and row.summary:
            objects.put(album_key(tenant, row.id), orjson.dumps(row.summary))
    for album_id in set(replacing.values()) - there:  # another chat's album may have that id by now
        objects.delete(album_key(tenant, album_id))
    return bool(replacing)
