"""``indexing_status``: per post, whether it is in the vector index and in the graph; the contract's table."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.ledger.stage import Outcome

Column = Literal["embedding_status", "graph_status"]


def failed(connection: Connection, reasons: Mapping[UUID, str], column: Column) -> None:
    """Write that the posts of a chunk could not be worked on."""
    mark(connection, column, Outcome(failed=dict(reasons)))


def mark(connection: Connection, column: Column, outcome: Outcome) -> None:
    """Write the status of a chunk's posts, in the chunk's transaction. Service messages are in the graph alone."""
    states = [(item, "failed", why) for item, why in outcome.failed.items()]
    states += [(item, "skipped", why) for item, why in outcome.skipped.items()]
    connection.execute(
        text(f"""
            INSERT INTO indexing_status (tenant_id, post_id, {column}, error_message)
            SELECT current_tenant(), c.item_id, coalesce(s.status, 'completed'), s.message
            FROM chunk c LEFT JOIN unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:messages AS text[]))
                                   AS s (item_id, status, message) USING (item_id)
            ON CONFLICT (tenant_id, post_id) DO UPDATE SET
                {column} = excluded.{column}, updated_at = now(),
                error_message = CASE WHEN excluded.{column} = 'failed' THEN excluded.error_message END,
                retry_count = indexing_status.retry_count + (excluded.{column} = 'failed')::int
        """),  # noqa: S608 - one of two constants
        {
            "ids": [str(item) for item, _, _ in states],
            "statuses": [status for _, status, _ in states],
            "messages": [why for _, _, why in states],
        },
    )
    if column == "graph_status":
        connection.execute(
            text("""UPDATE indexing_status i SET embedding_status = 'skipped'
                    FROM chunk c JOIN messages m ON m.id = c.item_id
                    WHERE i.post_id = c.item_id AND m.is_service AND i.embedding_status = 'pending'""")
        )
