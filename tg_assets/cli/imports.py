"""``import``: land a Telegram Desktop export and show what came in."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.runtime import console
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError
from tg_assets.importing.report import ROWS, ChatReport


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--tenant", default="default", show_default=True, help="Whose data it is.")
@click.option("--feed", help="Feed for the chat; by default one per chat, named after it.")
@click.option("--owner", type=int, help="Telegram id of the account, for private chats that do not say it.")
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Zone of dates in old exports.")
def import_command(path: Path, tenant: str, feed: str | None, owner: int | None, zone: str) -> None:
    """Import a Telegram Desktop export: a folder, result.json, .json.gz or .zip; one chat or a whole account.

    Importing again is safe: known messages stay, later edits win.
    """
    reports = run_import(path, tenant, feed, owner, zone)
    first = min((report.first for report in reports if report.first), default=None)
    if first:
        last = max(report.last for report in reports if report.last)
        console.print(f"\nNext: tg-assets backfill {reports[0].feed} {first:%Y-%m-%d}..{last:%Y-%m-%d}")


def run_import(path: Path, tenant: str, feed: str | None, owner: int | None, zone: str) -> list[ChatReport]:
    """Import with a progress bar, register the feeds' partitions, print the table."""
    from tg_assets.importing import import_export
    from tg_assets.importing.options import ImportOptions
    from tg_assets.registry.tenants import known_feeds, register

    try:
        tz = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise TgAssetsError(f"{zone!r} is not a time zone; write it like Europe/Moscow.") from None
    settings = runtime.settings()
    instance = runtime.instance()
    options = ImportOptions(tenant, feed, owner, tz, len(known_feeds(instance)))
    with runtime.progress_bar() as bar:
        tasks: dict[str, object] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]

        reports = import_export(path, options, settings, runtime.postgres(), runtime.objects(), progress)
        left_out = [report for report in reports if report.never_read]
        reports = [report for report in reports if not report.never_read]
        new = register(instance, [report.feed for report in reports])
    if reports:
        console.print(report_table(reports))
    if left_out:
        messages = sum(report.counts["messages"] for report in left_out)
        console.print(
            f"Left out: {counted(len(left_out), 'chat')} with {counted(messages, 'message')}. What carries login "
            "codes, or TG_NEVER_READ names, is never read.",
            soft_wrap=True,
        )
    early = datetime.combine(settings.start_date, datetime.min.time()).astimezone(tz)
    for report in reports:
        if report.first and report.first < early:
            console.print(
                f"{report.feed} has messages since {report.first:%Y-%m-%d}, but partitions begin on "
                f"{settings.start_date}: they are kept raw, not processed. Set TG_START_DATE earlier to include them."
            )
    if new:
        console.print(f"New feeds: {', '.join(new)}")
    return reports


def report_table(reports: list[ChatReport]) -> Table:
    """One column per chat, one row per count that is not zero anywhere."""
    table = Table("", *(report.title for report in reports), title="What came in", title_justify="left")
    table.add_row("feed", *(report.feed for report in reports))
    spans = [f"{r.first:%Y-%m-%d} … {r.last:%Y-%m-%d}" if r.first and r.last else "" for r in reports]
    table.add_row("from … to", *spans)
    for key, label in ROWS.items():
        if any(report.counts[key] for report in reports):
            table.add_row(label, *(f"{report.counts[key]:,}" for report in reports))
    kinds = [report.by_kind() for report in reports]
    for label in dict.fromkeys(label for found in kinds for label in found):
        table.add_row(label, *(f"{found.get(label, 0):,}" for found in kinds))
    return table
