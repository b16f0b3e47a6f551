"""Asset ``media_objects``: stored bytes by content, and which message shows them.

What messages lack is downloaded first, of chats that an account reads. A medium that its source left out, or that is
not wanted, is a row as well, with the reason, so nothing goes missing without a trace.
"""

import asyncio
from typing import Any

import dagster as dg
from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.assets.asset import Asset, Live, Run
from tg_assets.downloading.progress import Downloaded
from tg_assets.ledger.deletion import UNSEEN, sweep
from tg_assets.ledger.stage import Chunk, Outcome, Session, Stage
from tg_assets.metrics.catalogue import media_of
from tg_assets.metrics.tally import Tally
from tg_assets.stores.objects import ObjectStore

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


# ObjectStore that only somebody else says are there: what we store ourselves has its row, or came with an export.
_CLAIMED = f"""
    SELECT DISTINCT ON (sha256) item->>'sha256' AS sha256, item->>'key' AS key FROM ({_LANDED}) l
    JOIN telegram_messages t ON t.id = l.post_id
    WHERE item ? 'sha256'
      AND NOT EXISTS (SELECT FROM media_objects o WHERE o.sha256 = item->>'sha256' AND o.dropped_at IS NULL)
      AND (t.format IN ('event', 'persona')
           OR EXISTS (SELECT FROM message_facts f WHERE f.id = t.id AND f.kind = 'media'))
"""  # noqa: S608 - a constant
OTHER = "its object holds another file"


def stage(objects: ObjectStore) -> Stage:
    """The stage, for objects of one store."""

    def work(chunk: Chunk) -> Outcome:
        connection, outcome = chunk.connection, Outcome()
        connection.execute(
            text("""CREATE TEMP TABLE shown_before ON COMMIT DROP AS SELECT DISTINCT m.sha256
                    FROM post_media_map m JOIN chunk ON m.post_id = chunk.item_id WHERE m.sha256 IS NOT NULL""")
        )
        refused = _refused(connection)
        contents = connection.execute(
            text(f"SELECT DISTINCT item->>'sha256' FROM ({_LANDED}) l WHERE item ? 'sha256'")  # noqa: S608
        ).scalars()
        hashes = [one for one in contents if one not in refused]
        stored = connection.execute(
            text(f"""
                INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key)
                SELECT DISTINCT ON (k.sha256) current_tenant(), k.id, k.sha256, item->>'mime',
                       (item->>'size')::bigint, :bucket, item->>'key'
                FROM ({_LANDED}) l
                JOIN unnest(CAST(:hashes AS text[]), CAST(:ids AS uuid[])) AS k (sha256, id)
                  ON k.sha256 = item->>'sha256'
                ON CONFLICT (tenant_id, sha256) DO UPDATE SET
                    mime = excluded.mime, size_bytes = excluded.size_bytes,
                    s3_bucket = excluded.s3_bucket, s3_key = excluded.s3_key, dropped_at = NULL
                WHERE media_objects.dropped_at IS NOT NULL
                RETURNING sha256
            """),  # noqa: S608 - constant fragment, values are bound
            {
                "bucket": objects.bucket,
                "hashes": hashes,
                "ids": [str(ids.media_object_id(chunk.scope.tenant, sha256)) for sha256 in hashes],
            },
        ).scalars()
        connection.execute(
            text(f"""
                INSERT INTO derived_objects (tenant_id, sha256, key)
                SELECT DISTINCT current_tenant(), o.sha256, item->>'key' FROM ({_LANDED}) l
                JOIN media_objects o ON o.sha256 = item->>'sha256' AND o.s3_key <> item->>'key'
                ON CONFLICT DO NOTHING
            """)  # noqa: S608 - a constant; the same file under another name's extension goes with it
        )
        outcome.counts["objects"] = _count_stored(connection, outcome.tally, list(stored))
        connection.execute(text("DELETE FROM post_media_map m USING chunk WHERE m.post_id = chunk.item_id"))
        shown = connection.execute(
            text(f"""
                INSERT INTO post_media_map (tenant_id, post_id, position, role, kind, sha256, missing_reason, mime,
                                            size_bytes, file_name, width, height, duration)
                SELECT current_tenant(), post_id, position, item->>'role', item->>'kind',
                       CASE WHEN item->>'sha256' <> ALL(:refused) THEN item->>'sha256' END,
                       CASE WHEN item->>'sha256' = ANY(:refused) THEN :other ELSE item->>'missing_reason' END,
                       item->>'mime', (item->>'size')::bigint, item->>'file_name',
                       (item->>'width')::int, (item->>'height')::int, (item->>'duration')::real
                FROM ({_LANDED}) l RETURNING post_id, kind, missing_reason
            """),  # noqa: S608
            {"refused": refused, "other": OTHER},
        ).all()
        outcome.counts["references"] = len(shown)
        for one in shown:
            done = "failed" if one.missing_reason == OTHER else "skipped" if one.missing_reason else "ok"
            outcome.tally.count("media_processing", stage="media_objects", media=media_of(one.kind), outcome=done)
        outcome.failed = {row.post_id: OTHER for row in shown if row.missing_reason == OTHER}
        outcome.counts["dropped"] = connection.execute(
            text(f"""UPDATE media_objects o SET dropped_at = now() FROM shown_before b
                     WHERE o.sha256 = b.sha256 AND {UNSEEN}""")  # noqa: S608
        ).rowcount
        return outcome

    def _count_stored(connection: Connection, tally: Tally, stored: list[str]) -> int:
        """Count new objects by kind and size; returns how many they are."""
        sizes = connection.execute(
            text(f"""SELECT DISTINCT ON (item->>'sha256') item->>'kind' AS kind, (item->>'size')::bigint AS size
                     FROM ({_LANDED}) l WHERE item->>'sha256' = ANY(:stored)"""),  # noqa: S608 - a constant
            {"stored": stored},
        ).all()
        for one in sizes:
            media = media_of(one.kind)
            tally.count("media_bytes", one.size or 0, media=media)
            tally.observe("media_size_bytes", one.size or 0, media=media)
        return len(stored)

    def _refused(connection: Connection) -> list[str]:
        """Hashes whose objects hold something else."""
        claimed = connection.execute(text(_CLAIMED)).all()
        return [one.sha256 for one in claimed if objects.digest(one.key) not in (None, one.sha256)]

    def after(session: Session) -> None:
        sweep(session, objects)

    return Stage("media_objects", "1", INPUTS, work, chunk_size=5000, after=after)


def _download(run: Run) -> dict[str, Any]:
    """Fetch what the run's messages lack; a feed that no account reads is left as it is. Returns metadata."""
    from tg_assets.downloading.download import Downloader

    settings, tools, config, done = run.tools.settings, run.tools, run.config, Downloaded()
    since, log = settings.start_date if run.is_alone else None, run.context.log
    for scope in run.scopes if settings.media_download else ():
        downloader = Downloader(tools.database, tools.objects, settings, scope.tenant, log.info, since, done)
        asyncio.run(downloader.download(scope, force=config.force, dry_run=config.dry_run))
    if done.failed:
        log.warning(f"media_objects: {done.failed.total():,} files could not be downloaded; the next run tries again")
    if done.problems:  # without their names: a log is read by others than their people
        log.warning(f"media_objects: {len(done.problems)} chats were left out; the metadata says which")
    return _told(done, config.dry_run)


def _told(done: Downloaded, dry_run: bool) -> dict[str, Any]:
    """What downloading came to, as metadata; nothing when there was nothing to do."""
    shown: dict[str, Any] = {}
    if done.due_files:
        shown |= {"to_download": done.due_files, "to_download_bytes": done.due_bytes}
    if done.due_files and not dry_run:
        shown |= {
            "downloaded": done.files, "downloaded_bytes": done.bytes, "download_seconds": round(done.seconds, 2),
            "download_requests": done.requests, "download_waits": done.waits,
        }  # fmt: skip
    for name, reasons in (("not_downloaded_because", done.skipped), ("download_failed_because", done.failed)):
        if reasons:
            shown[name] = dg.MetadataValue.md(
                "\n".join(f"* {count:,} x {reason}" for reason, count in reasons.most_common(20))
            )
    if done.problems:
        shown["left_out"] = dg.MetadataValue.md(
            "\n".join(f"* {title}: {problem}" for title, problem in done.problems.items())
        )
    return shown


# No pool: most feeds have nothing to download, and an account's sessions keep runs that have apart by themselves.
ASSET = Asset(
    name="media_objects",
    description=(
        "Media of the messages, downloaded when missing, each byte sequence stored once per tenant; others with why."
    ),
    group="telegram",
    kinds=frozenset({"telegram", "s3", "postgres"}),
    deps=("posts",),
    needs=("objects",),
    first=_download,
    stages=lambda tools: (stage(tools.objects),),
    ledger=("media_objects",),
    live=Live(),
)
