"""Asset ``telegram_messages``: every message of the window as received, raw and kept.

What an account reads is pulled from Telegram, exactly this window; what was imported or came live has landed
already, and is reported. The raw form stays: a parser fix re-materializes ``posts`` without asking the source again.
"""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import text

from tg_assets.assets.asset import Asset, Made, Run
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope

if TYPE_CHECKING:
    from tg_assets.history.pull import Pulled

_KEPT = text("""
    SELECT format, count(*), count(*) FILTER (WHERE media <> '[]'),
           count(*) FILTER (WHERE deleted_at IS NOT NULL), min(telegram_message_id),
           max(telegram_message_id), coalesce(sum(pg_column_size(raw)), 0)
    FROM telegram_messages
    WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
    GROUP BY format
""")


def _receive(run: Run) -> Made:
    """Pull what accounts read, and report what is kept."""
    from tg_assets.history.pull import Pulled

    rows: list[dg.TableRecord] = []
    total, pulled = 0, Pulled()
    for scope in run.scopes:
        if not run.config.dry_run:
            _pull(run, scope, pulled)
        with run.tools.database.tenant(scope.tenant) as session, session.transaction() as connection:
            found = connection.execute(
                _KEPT, {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until}
            ).all()
        columns = ("format", "messages", "with_media", "deleted", "first_id", "last_id", "bytes")
        rows += [
            dg.TableRecord({"feed": scope.feed, **dict(zip(columns, map(_plain, row), strict=True))}) for row in found
        ]
        total += sum(row[1] for row in found)
        run.context.log.info(f"telegram_messages: {sum(row[1] for row in found):,} messages of {scope.feed} are kept")
    if run.config.dry_run:
        return
    yield from _fail_unread(run.context, pulled)
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": total,
            "messages": total,
            "by_source": dg.MetadataValue.table(rows or _EMPTY),
            **_told(pulled),
        }
    )


def _pull(run: Run, scope: Scope, pulled: "Pulled") -> None:
    """Read the scope from Telegram; a feed that no account reads is left as it is."""
    from tg_assets.history.pull import Puller

    settings, log = run.tools.settings, run.context.log
    puller = Puller(
        run.tools.database, settings, scope.tenant, scope.tenant_slug, log.info,
        settings.start_date if run.is_alone else None, pulled,
    )  # fmt: skip
    asyncio.run(puller.pull(scope, force=run.config.force, again=True))
    if pulled.problems:  # without their names: a log is read by others than their people
        log.warning(
            f"telegram_messages: {len(pulled.problems)} chats of {scope.feed} were left out; the metadata says which"
        )


def _fail_unread(context: dg.AssetExecutionContext, pulled: "Pulled") -> Iterator[Any]:
    """Raise when there are partitions whose source could not be read; the run's others are materialized all the same.

    Dagster counts a partition as failed that a failed run was to materialize and did not. Events that are logged, not
    yielded, would be lost with the error.
    """
    from tg_assets.history.pull import refused
    from tg_assets.partitions import window

    unread: dict[str, list[str]] = {}
    others: list[dg.MultiPartitionKey] = []
    for key in context.partition_keys:
        assert isinstance(key, dg.MultiPartitionKey)
        feed, day = key.keys_by_dimension["feed"], key.keys_by_dimension["date"]
        since, until = window(day)
        if any(first < until and last > since for first, last in pulled.unread.get(feed, ())):
            unread.setdefault(feed, []).append(day)
        else:
            others.append(key)
    if not unread:
        return
    for one in others:
        yield dg.AssetMaterialization(context.asset_key, partition=one)
    feed, days = min(unread.items())
    raise refused(pulled, feed, min(days), max(days), sum(map(len, unread.values())))


def _told(pulled: "Pulled") -> dict[str, Any]:
    """What pulling came to, as metadata; nothing when no account reads these feeds."""
    if not pulled.chats:
        return {}
    shown: dict[str, Any] = {
        "pulled_chats": pulled.chats,
        "pulled_seconds": round(pulled.seconds, 2),
        **{f"pulled/{name}": count for name, count in sorted(pulled.counts.items())},
    }
    if pulled.problems:
        shown["left_out"] = dg.MetadataValue.md(
            "\n".join(f"* {title}: {problem}" for title, problem in pulled.problems.items())
        )
    return shown


_EMPTY = [dg.TableRecord({"feed": "", "format": "no messages in these partitions", "messages": 0})]


def _plain(value: object) -> str | int:
    return value if isinstance(value, str) else int(str(value))


ASSET = Asset(
    name="telegram_messages",
    description="Messages of the window exactly as the source gave them; edits keep the older version.",
    group="telegram",
    kinds=frozenset({"telegram", "postgres"}),
    pool="telegram",
    run=_receive,
)
