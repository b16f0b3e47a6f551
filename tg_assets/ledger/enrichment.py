"""Rows of ``post_enrichment``: what pictures, voices and tags add to a post, one row of each kind."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.stores.database import temp_rows

LEFT_OVER = """
    SELECT m.id, m.posted_at, 0, 'shown no more' FROM messages m
    JOIN post_enrichment e ON e.post_id = m.id AND e.kind = '{kind}'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until AND m.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM post_media_map p WHERE p.post_id = m.id AND {shown})
"""
"""Inputs of a stage: posts with rows that ``forget_enrichment`` drops."""
ENRICHMENT = {"post_id": "uuid", "params_hash": "text", "data": "jsonb", "status": "text", "error": "text"}


def save_enrichment(connection: Connection, kind: str, provider: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Upsert enrichment rows, given as (post id, hash, JSON, status, error), in one statement.

    A message that was deleted meanwhile gets none.
    """
    temp_rows(connection, "enriched", ENRICHMENT, rows)
    connection.execute(
        text("""
            INSERT INTO post_enrichment (tenant_id, kind, provider, post_id, params_hash, data, status, error)
            SELECT current_tenant(), :kind, :provider, post_id, params_hash, data, status, error FROM enriched e
            WHERE NOT EXISTS (SELECT FROM telegram_messages t WHERE t.id = e.post_id AND t.deleted_at IS NOT NULL)
            ON CONFLICT (tenant_id, post_id, kind) DO UPDATE SET
                provider = excluded.provider, params_hash = excluded.params_hash, data = excluded.data,
                status = excluded.status, error = excluded.error, updated_at = now()
        """),
        {"kind": kind, "provider": provider},
    )


def forget_enrichment(connection: Connection, kind: str, shown: str) -> None:
    """Drop rows of a chunk's posts that were made of what the posts do not show any more: somebody edited them.

    ``shown`` is SQL, a condition of rows ``p`` of ``post_media_map`` that a row of this kind is made of.
    """
    connection.execute(
        text(f"""
            DELETE FROM post_enrichment e USING chunk WHERE e.post_id = chunk.item_id AND e.kind = :kind
              AND NOT EXISTS (SELECT FROM post_media_map p WHERE p.post_id = e.post_id AND {shown})
        """),  # noqa: S608 - a constant
        {"kind": kind},
    )


def enrichment_failed(connection: Connection, reasons: Mapping[UUID, str], *, kind: str, provider: str) -> None:
    """Note of posts that they could not be worked on, so that nobody waits for them."""
    save_enrichment(connection, kind, provider, [(post, None, "{}", "error", why) for post, why in reasons.items()])
