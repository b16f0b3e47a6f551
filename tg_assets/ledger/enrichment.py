"""Rows of ``post_enrichment``: what pictures, voices and tags add to a post, one row of each kind."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.stores.database import temp_rows

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


def enrichment_failed(connection: Connection, reasons: Mapping[UUID, str], *, kind: str, provider: str) -> None:
    """Note of posts that they could not be worked on, so that nobody waits for them."""
    save_enrichment(connection, kind, provider, [(post, None, "{}", "error", why) for post, why in reasons.items()])
