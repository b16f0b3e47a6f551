"""Jobs ``catch_up``, ``fetch``, ``sweep`` and ``sideload``: runs that ask Telegram for many chats at once.

A run per feed would cost seconds of start for a request or two, so each is one step over all feeds. What they change
they mark dirty, and ``refresh`` brings it to the derived assets; they report the partitions that they touched. What
does not belong here: talking to Telegram (``tg_assets.history``, ``tg_assets.history.sideload``).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field
from sqlalchemy import text

from resources.object_store import Objects
from resources.postgres import Postgres
from tg_assets import ids
from tg_assets.events.media_list import NOT_STORED
from tg_assets.faults import said
from tg_assets.partitions import window
from tg_assets.registry.tenants import has_accounts, known_feeds, register, tenant_slugs
from tg_assets.runs.live_runs import partition_of
from tg_assets.scope import Scope, parse_time
from tg_assets.settings import Settings

if TYPE_CHECKING:
    from tg_assets.history.pull import Pulled, Puller

# How far back a catch-up looks: a run that was missed, and the day that has just ended, are made up for.
BACK = timedelta(days=1)


class SweepConfig(dg.Config):
    """How much a sweep may ask."""

    requests: int = Field(default=500, ge=1, description="Requests per account, of a hundred messages each.")


class SideloadConfig(dg.Config):
    """Whose dialogs to read, and how much of them."""

    tenant: str = Field(description="Slug of the tenant.")
    account: str | None = Field(default=None, description="Account; the only one by default.")
    types: list[str] = Field(default=["dm", "group"], description="Kinds of dialogs: dm, group.")
    limit_per_dialog: int | None = Field(default=None, ge=1, description="At most so many newest messages of each.")
    since: str | None = Field(default=None, description="None before this ISO date or time, UTC.")


def _readers(context: dg.OpExecutionContext, postgres: Postgres, settings: Settings) -> "Iterator[Puller]":
    """A puller for each tenant that has an account to read with."""
    from tg_assets.history.pull import Puller

    for slug in tenant_slugs(known_feeds(context.instance)):
        if has_accounts(postgres, slug):
            yield Puller(postgres, settings, ids.tenant_id(slug), slug, context.log.info, settings.start_date)


def report(context: dg.OpExecutionContext, pulled: "Pulled") -> None:
    """Tell Dagster of the partitions whose messages changed."""
    for (feed, day), messages in sorted(pulled.partitions.items()):
        context.log_event(
            dg.AssetMaterialization(
                "telegram_messages", partition=partition_of(feed, day), metadata={"messages": messages}
            )
        )


def _ended(context: dg.OpExecutionContext, counts: Counter[str], failures: list[str], problems: int) -> None:
    """The run's last word; raises when something failed, after all that could be done was done."""
    said = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count) or "nothing"
    context.log.info(f"{said}; {problems:,} chats could not be read" if problems else said)
    context.add_output_metadata({**counts, "chats_left_out": problems})
    if failures:
        raise dg.Failure("; ".join(failures))


@dg.op
def catch_up_feeds(context: dg.OpExecutionContext, postgres: Postgres, settings: dg.ResourceParam[Settings]) -> None:
    """Read what is new in the current window of every feed that an account reads."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    problems = 0
    for puller in _readers(context, postgres, settings):
        with postgres.tenant(puller.tenant) as session, session.transaction() as connection:
            feeds = connection.execute(
                text("""SELECT DISTINCT c.feed FROM channels c JOIN user_channel u ON u.channel_id = c.id
                        JOIN accounts a ON a.id = u.user_id
                        WHERE c.is_active AND u.is_active AND a.is_active ORDER BY 1""")
            ).scalars()
            scopes = [Scope(feed, *current()) for feed in feeds]
        for scope in scopes:
            try:
                asyncio.run(puller.pull(scope))
            except Exception as error:  # noqa: BLE001 - an account's trouble, or a defect, is not another feed's
                failures.append(f"{scope.feed}: {said(error)}")
        report(context, puller.pulled)
        counts.update(puller.pulled.counts)
        problems += len(puller.pulled.problems)
    _ended(context, counts, failures, problems)


def feeds_with_missing_files(postgres: Postgres, slug: str, since: datetime, until: datetime) -> list[str]:
    """A tenant's feeds that have messages of this time whose files nobody has tried to download yet."""
    with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        return list(
            connection.execute(
                text("""SELECT DISTINCT c.feed FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
                        WHERE t.posted_at >= :since AND t.posted_at < :until AND t.deleted_at IS NULL
                          AND t.media @> jsonb_build_array(jsonb_build_object('missing_reason', CAST(:reason AS text)))
                          AND EXISTS (SELECT FROM user_channel u JOIN accounts a ON a.id = u.user_id
                                      WHERE u.channel_id = c.id AND u.is_active AND a.is_active)"""),
                {"since": since, "until": until, "reason": NOT_STORED},
            ).scalars()
        )


def current() -> tuple[datetime, datetime]:
    """The current window, and what has just gone before it."""
    from tg_assets.partitions import date_key

    now = datetime.now(UTC)
    return window(date_key(now))[0] - BACK, window(date_key(now))[1]


@dg.op
def fetch_files(
    context: dg.OpExecutionContext, postgres: Postgres, objects: Objects, settings: dg.ResourceParam[Settings]
) -> None:
    """Download what messages of the current window lack: live messages come without their files."""
    from tg_assets.downloading.download import Downloader
    from tg_assets.downloading.progress import Downloaded

    failures: list[str] = []
    done = Downloaded()
    for slug in tenant_slugs(known_feeds(context.instance)):
        for feed in feeds_with_missing_files(postgres, slug, *current()) if settings.media_download else ():
            downloader = Downloader(
                postgres, objects, settings, ids.tenant_id(slug), context.log.info, settings.start_date, done
            )
            try:
                asyncio.run(downloader.download(Scope(feed, *current())))
            except Exception as error:  # noqa: BLE001
                failures.append(f"{feed}: {said(error)}")
    counts = Counter(files=done.files, bytes=done.bytes, failed=done.failed.total(), skipped=done.skipped.total())
    _ended(context, counts, failures, len(done.problems))


@dg.op
def sweep_chats(
    context: dg.OpExecutionContext, config: SweepConfig, postgres: Postgres, settings: dg.ResourceParam[Settings]
) -> None:
    """Compare stored messages with Telegram by id: deletions and messages that nobody announced."""
    from tg_assets.history.sweep import Sweep

    counts: Counter[str] = Counter()
    failures: list[str] = []
    problems = 0
    for puller in _readers(context, postgres, settings):
        try:
            asyncio.run(Sweep(puller, config.requests).run())
        except Exception as error:  # noqa: BLE001
            failures.append(f"{puller.tenant_slug}: {said(error)}")
        report(context, puller.pulled)
        counts.update(puller.pulled.counts)
        problems += len(puller.pulled.problems)
    _ended(context, counts, failures, problems)


@dg.op
def sideload_dialogs(
    context: dg.OpExecutionContext, config: SideloadConfig, postgres: Postgres, settings: dg.ResourceParam[Settings]
) -> None:
    """Read an account's direct messages and groups into feeds that only this account sees."""
    from tg_assets.history.sideload import BEGINNING, Wanted, dialog_types, sideload

    wanted = Wanted(dialog_types(config.types), config.limit_per_dialog, parse_time(config.since, "since") or BEGINNING)
    done = sideload(
        postgres, settings, config.tenant, config.account, wanted, len(known_feeds(context.instance)),
        context.log.info,
        feeds=lambda feeds: _register(context, feeds),
    )  # fmt: skip
    report(context, done.puller.pulled)
    _ended(context, done.stats, [], sum(done.problems.values()))


def _register(context: dg.OpExecutionContext, feeds: set[str]) -> None:
    for feed in register(context.instance, sorted(feeds)):
        context.log.info(f"{feed} is new: it has partitions now")


@dg.job(executor_def=dg.in_process_executor)
def catch_up() -> None:
    """What is new in Telegram, of every feed that an account reads."""
    catch_up_feeds()


@dg.job(executor_def=dg.in_process_executor)
def fetch() -> None:
    """Files of live messages."""
    fetch_files()


@dg.job(executor_def=dg.in_process_executor)
def sweep() -> None:
    """Deletions, edits and messages that Telegram never announced."""
    sweep_chats()


@dg.job(name="sideload", executor_def=dg.in_process_executor)
def sideload_job() -> None:
    """An account's direct messages and groups."""
    sideload_dialogs()
