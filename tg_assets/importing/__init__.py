"""Import of Telegram Desktop exports: ``import_export`` lands one export; then it is an ordinary backfill.

An export is read to its end before anything lands, and everything lands in one transaction: a file that cannot
be read changes nothing, and an import that is killed leaves no trace but content-addressed objects that the
next one finds in place. What does not belong here: the export format (``tg_assets.telegram``) and parsing of
messages into posts (the ``posts`` asset does it from the raw form).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.importing import landing
from tg_assets.importing.media import copy_media
from tg_assets.importing.moment import export_day
from tg_assets.importing.options import ImportOptions, Progress
from tg_assets.importing.reading import StagedChat, stage_export
from tg_assets.importing.report import ChatReport
from tg_assets.landing.facts import apply_facts, keep_facts
from tg_assets.landing.grouping import add_left, regroup
from tg_assets.landing.rows import land
from tg_assets.landing.turns import take_turns
from tg_assets.ledger import dirty
from tg_assets.registry.channels import Chat, register_chat, register_tenant
from tg_assets.settings import Settings
from tg_assets.stores.database import Database
from tg_assets.stores.objects import IMPORTING, ObjectStore
from tg_assets.telegram.archive import ExportArchive, open_archive

# From here on the planner has to be told: its next look of its own may be a minute away.
BULK = 5000
# Classes of SQLSTATE that speak of the data: they are none of their type, or larger than anything may be.
REFUSED = ("22", "54")


def import_export(
    path: Path,
    options: ImportOptions,
    settings: Settings,
    postgres: Database,
    objects: ObjectStore,
    progress: Progress,
) -> list[ChatReport]:
    """Land an export; returns a report per chat. Raises TgAssetsError, having changed nothing.

    Chats that are off limits come last; nothing of them was read.
    """
    tenant = ids.tenant_id(options.tenant)
    reports: list[ChatReport] = []
    left_out: list[ChatReport] = []
    with (
        _refusals_of(path),
        open_archive(path) as archive,
        postgres.tenant(tenant) as session,
        session.transaction() as connection,
    ):
        hold(connection, tenant)
        register_tenant(connection, options.tenant)
        for name in archive.json_files():
            landing.create_staging(connection)
            chats = stage_export(archive, name, connection, options, tenant, settings.off_limits, progress)
            landing.set_moment(connection, export_day(path))
            read = [chat for chat in chats if not chat.report.never_read]
            if options.feed and len(read) > 1:
                raise TgAssetsError(
                    f"{path.name} holds {len(read)} chats, so --feed cannot name them all. Leave it out: "
                    "each chat gets a feed of its own."
                )
            _take_turns(connection, read, options, tenant)
            for chat in read:
                report = _land_chat(archive, name, connection, chat, options, settings, objects, progress, len(reports))
                reports.append(report)
            left_out += [chat.report for chat in chats if chat.report.never_read]
        if sum(report.counts["new"] + report.counts["changed"] for report in reports) >= BULK:
            connection.execute(text("SELECT refresh_statistics()"))
    return [*reports, *left_out]


def hold(connection: Connection, tenant: UUID) -> None:
    """Until the transaction is over nobody takes objects away because no row has them yet."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))"), {"name": f"{tenant}/{IMPORTING}"}
    )


def _take_turns(connection: Connection, read: Sequence[StagedChat], options: ImportOptions, tenant: UUID) -> None:
    """Wait for whoever lands in chats of these that are known, before anything of any is landed."""
    owners = ((chat.members, chat.members.owner(options.owner_id)) for chat in read)
    chats = [
        ids.channel_id(tenant, members.chat_of(owner).peer_id, owner) for members, owner in owners if owner is not None
    ]
    take_turns(
        connection,
        "SELECT id AS channel_id FROM channels WHERE id = ANY(CAST(:chats AS uuid[]))",
        {"chats": [str(chat) for chat in chats]},
    )


def _mark_beyond(connection: Connection, report: ChatReport, start: date) -> None:
    """Mark what changed in partitions of other days than the export's, for which a backfill follows."""
    if report.first and report.last:
        connection.execute(
            text("""DELETE FROM landed WHERE posted_at >= date_trunc('day', CAST(:first AS timestamptz), 'UTC')
                      AND posted_at < date_trunc('day', CAST(:last AS timestamptz), 'UTC') + interval '1 day'"""),
            {"first": report.first, "last": report.last},
        )
        dirty.mark(connection, start)


@contextmanager
def _refusals_of(path: Path) -> Iterator[None]:
    """Raises TgAssetsError in place of what PostgreSQL says of a value that it does not take."""
    try:
        yield
    except Exception as error:
        # Of the driver itself where rows are copied; its text quotes what was refused.
        code = getattr(getattr(error, "orig", error), "pgcode", None) or ""
        if not code.startswith(REFUSED):
            raise
        raise TgAssetsError(
            f"PostgreSQL refuses something in {path.name} (SQLSTATE {code}), so nothing of it was imported. "
            "Please report it: an export is never meant to get so far."
        ) from None


def _land_chat(
    archive: ExportArchive,
    name: str,
    connection: Connection,
    staged: StagedChat,
    options: ImportOptions,
    settings: Settings,
    objects: ObjectStore,
    progress: Progress,
    registered: int,
) -> ChatReport:
    """Register one staged chat and land its messages."""
    report = staged.report
    owner = staged.members.owner(options.owner_id)
    if owner is None:
        raise TgAssetsError(staged.chat.ownerless(staged.number + 1, name))
    staged.chat = staged.members.chat_of(owner)
    # What has no messages says nothing, not even what the chat is called.
    renames = report.first is not None
    chat = Chat(staged.chat.tg_channel_id, staged.chat.source, staged.chat.name, owner_id=owner, renames=renames)
    channel, report.feed = register_chat(
        connection, settings, options.tenant, chat, options.feed, options.feeds_in_use + registered
    )
    report.counts["duplicates"] = landing.drop_duplicates(connection, staged.number)
    landing.set_ids(connection, staged.number, channel)
    copy_media(archive, name, connection, staged, ids.tenant_id(options.tenant), objects, progress)
    counts = land(connection, staged.number)
    counts["changed"] = counts.get("changed", 0) + counts.pop("adds", 0)
    report.counts.update(counts)
    keep_facts(connection, ())
    apply_facts(connection)
    regroup(connection, channel)
    add_left(connection)
    _mark_beyond(connection, report, settings.start_date)
    report.counts["albums"] = landing.count_albums(connection, staged.number)
    landing.keep_rejected(
        connection,
        channel,
        [
            (uuid5(channel, f"rejected:{digest}"), f"import {report.feed}", entry, reason, payload)
            for digest, entry, reason, payload in staged.rejected
        ],
    )
    return report


__all__ = ["ImportOptions", "import_export"]
