"""Asset ``telegram_messages``: every message of the window as received, raw and kept.

An imported feed has landed already, so this reports what is there. The raw form stays: a parser fix
re-materializes ``posts`` without asking the source again.
"""

import dagster as dg
from sqlalchemy import text

from resources.postgres import Postgres
from tg_assets.channels import channels_of
from tg_assets.materialize import Made, partitioned_asset
from tg_assets.scope import StageConfig, scopes


@partitioned_asset(group="telegram", kinds={"telegram", "postgres"})
def telegram_messages(context: dg.AssetExecutionContext, config: StageConfig, postgres: Postgres) -> Made:
    """Messages of the window exactly as the source gave them; edits keep the older version."""
    rows: list[dg.TableRecord] = []
    total = 0
    for scope in scopes(context, config):
        with postgres.tenant(scope.tenant) as session, session.transaction() as connection:
            found = connection.execute(
                text("""
                    SELECT format, count(*), count(*) FILTER (WHERE media <> '[]'),
                           count(*) FILTER (WHERE deleted_at IS NOT NULL), min(telegram_message_id),
                           max(telegram_message_id), coalesce(sum(pg_column_size(raw)), 0)
                    FROM telegram_messages
                    WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
                    GROUP BY format
                """),
                {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until},
            ).all()
        columns = ("format", "messages", "with_media", "deleted", "first_id", "last_id", "bytes")
        rows += [
            dg.TableRecord({"feed": scope.feed, **dict(zip(columns, map(_plain, row), strict=True))}) for row in found
        ]
        total += sum(row[1] for row in found)
        context.log.info(f"telegram_messages: {sum(row[1] for row in found):,} messages of {scope.feed} are kept")
    if config.dry_run:
        return
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": total,
            "messages": total,
            "by_source": dg.MetadataValue.table(rows or _EMPTY),
        }
    )


_EMPTY = [dg.TableRecord({"feed": "", "format": "no messages in these partitions", "messages": 0})]


def _plain(value: object) -> str | int:
    return value if isinstance(value, str) else int(str(value))
