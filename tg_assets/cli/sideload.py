"""``sideload``: an account's direct messages and groups, into feeds that only this account sees."""

from collections import Counter

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.runtime import console
from tg_assets.counted import counted


@click.command("sideload")
@click.option("--tenant", default="default", show_default=True, help="The account's tenant.")
@click.option("--account", help="Which account; the only one by default.")
@click.option("--types", default="dm,group", show_default=True, help="Kinds of dialogs, separated by commas.")
@click.option("--limit-per-dialog", type=click.IntRange(min=1), help="At most so many newest messages of each dialog.")
@click.option("--since", help="None before this ISO date or time, UTC.")
def sideload_command(
    tenant: str, account: str | None, types: str, limit_per_dialog: int | None, since: str | None
) -> None:
    """Read direct messages and groups of an account. Only this account finds them: search with --owner.

    Again: what is new. A run that was interrupted goes on where it stopped.
    """
    from tg_assets.history.sideload import BEGINNING, STATS, Wanted, dialog_types, sideload
    from tg_assets.registry.tenants import known_feeds, register
    from tg_assets.scope import parse_time

    settings, instance = runtime.settings(), runtime.instance()
    runtime.registered(tenant)
    wanted = Wanted(
        dialog_types([name.strip() for name in types.split(",") if name.strip()]),
        limit_per_dialog,
        parse_time(since, "--since") or BEGINNING,
    )
    runtime.compare_settings()
    with runtime.progress_bar() as bar:
        task = bar.add_task("dialogs", total=None)

        def progress(stats: Counter[str]) -> None:
            told = f"dialogs ({counted(stats['messages_imported'], 'message')}, {counted(stats['errors'], 'error')})"
            bar.update(task, completed=stats["dialogs_processed"], description=told)

        done = sideload(
            settings=settings, postgres=runtime.postgres(), tenant_slug=tenant, account_name=account, wanted=wanted,
            feeds_in_use=len(known_feeds(instance)), log=console.print, progress=progress,
            feeds=lambda feeds: _register(register(instance, sorted(feeds))),
        )  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in STATS:
        table.add_row(name, f"{done.stats[name]:,}")
    for problem, count in done.problems.most_common():
        table.add_row(f"  {problem}", f"{count:,}")
    console.print(table)
    if done.feeds:
        console.print(f"Feeds: {', '.join(sorted(done.feeds))}. The dirty partitions are worked on by `refresh`.")


def _register(new: list[str]) -> None:
    if new:
        console.print(f"New feeds: {', '.join(new)}")
