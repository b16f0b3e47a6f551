"""Asset ``media_objects``: stored bytes by content, and which message shows them.

A medium that its source left out is a row as well, with the reason, so nothing goes missing without a trace.
"""

import dagster as dg
from sqlalchemy import text

from resources.object_store import ObjectStore
from resources.postgres import Postgres
from tg_assets import ids
from tg_assets.engine import Chunk, Outcome, Session, Stage
from tg_assets.materialize import Made, materialize, partitioned_asset
from tg_assets.scope import StageConfig

INPUTS = """
    SELECT id AS item_id, posted_at AS at, 0 AS tokens, md5(concat_ws('/', media::text, deleted_at)) AS input_hash
    FROM telegram_messages
    WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
      AND (media <> '[]' OR EXISTS (SELECT FROM post_media_map m WHERE m.post_id = telegram_messages.id))
"""

# One row per medium of the chunk's messages, as it was landed.
_LANDED = """
    SELECT t.id AS post_id, (m.place - 1)::int AS position, m.item
    FROM chunk JOIN telegram_messages t ON t.id = chunk.item_id
    CROSS JOIN jsonb_array_elements(t.media) WITH ORDINALITY AS m (item, place)
    WHERE t.deleted_at IS NULL
"""


# Names of the results that were kept of a picture, after its hash.
_SEEN = """
    (SELECT array_agg(DISTINCT concat(e.data->>'provider', '_', e.data->>'model', '_v1.json')) FROM post_enrichment e
     WHERE e.kind = 'vision' AND e.data @> jsonb_build_object('sha256', o.sha256))
"""
_UNSEEN = "NOT EXISTS (SELECT FROM post_media_map m WHERE m.sha256 = o.sha256)"


def stage(objects: ObjectStore) -> Stage:
    """The stage, for objects of one store."""

    def work(chunk: Chunk) -> Outcome:
        connection, outcome = chunk.connection, Outcome()
        connection.execute(
            text("""CREATE TEMP TABLE shown_before ON COMMIT DROP AS SELECT DISTINCT m.sha256
                    FROM post_media_map m JOIN chunk ON m.post_id = chunk.item_id WHERE m.sha256 IS NOT NULL""")
        )
        contents = connection.execute(
            text(f"SELECT DISTINCT item->>'sha256' FROM ({_LANDED}) l WHERE item ? 'sha256'")  # noqa: S608
        ).scalars()
        hashes = list(contents)
        outcome.counts["objects"] = connection.execute(
            text(f"""
                INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key)
                SELECT DISTINCT ON (k.sha256) current_tenant(), k.id, k.sha256, item->>'mime',
                       (item->>'size')::bigint, :bucket, item->>'key'
                FROM ({_LANDED}) l
                JOIN unnest(CAST(:hashes AS text[]), CAST(:ids AS uuid[])) AS k (sha256, id)
                  ON k.sha256 = item->>'sha256'
                ON CONFLICT (tenant_id, sha256) DO UPDATE SET dropped_at = NULL
                WHERE media_objects.dropped_at IS NOT NULL
            """),  # noqa: S608 - constant fragment, values are bound
            {
                "bucket": objects.bucket,
                "hashes": hashes,
                "ids": [str(ids.media_object_id(chunk.scope.tenant, sha256)) for sha256 in hashes],
            },
        ).rowcount
        connection.execute(text("DELETE FROM post_media_map m USING chunk WHERE m.post_id = chunk.item_id"))
        outcome.counts["references"] = connection.execute(
            text(f"""
                INSERT INTO post_media_map (tenant_id, post_id, position, role, kind, sha256, missing_reason, mime,
                                            size_bytes, file_name, width, height, duration)
                SELECT current_tenant(), post_id, position, item->>'role', item->>'kind', item->>'sha256',
                       item->>'missing_reason', item->>'mime', (item->>'size')::bigint, item->>'file_name',
                       (item->>'width')::int, (item->>'height')::int, (item->>'duration')::real
                FROM ({_LANDED}) l
            """)  # noqa: S608
        ).rowcount
        outcome.counts["dropped"] = connection.execute(
            text(f"""UPDATE media_objects o SET dropped_at = now() FROM shown_before b
                     WHERE o.sha256 = b.sha256 AND {_UNSEEN}""")  # noqa: S608
        ).rowcount
        return outcome

    def sweep(session: Session) -> None:
        """Remove the bytes of what no message shows any more, and what was seen in them; then forget it."""
        found = True
        while found:
            with session.transaction() as connection:
                rows = connection.execute(
                    text(f"""SELECT o.sha256, o.s3_key, {_SEEN} AS seen FROM media_objects o
                             WHERE o.dropped_at IS NOT NULL AND {_UNSEEN} LIMIT 500 FOR UPDATE SKIP LOCKED""")  # noqa: S608
                ).all()
                for row in rows:
                    objects.delete(row.s3_key)
                    for name in row.seen or ():
                        objects.delete(f"vision/{session.tenant}/{row.sha256}_{name}")
                connection.execute(
                    text("DELETE FROM media_objects WHERE sha256 = ANY(:gone)"), {"gone": [row.sha256 for row in rows]}
                )
            found = bool(rows)

    return Stage("media_objects", "1", INPUTS, work, chunk_size=5000, after=sweep)


@partitioned_asset(group="telegram", kinds={"s3", "postgres"}, deps=["posts"])
def media_objects(
    context: dg.AssetExecutionContext, config: StageConfig, postgres: Postgres, objects: ObjectStore
) -> Made:
    """Media of the messages, each byte sequence stored once per tenant; missing ones with their reason."""
    return materialize(context, config, postgres, stage(objects))
