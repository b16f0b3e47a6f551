"""``dead-letters``: what came in and could not be applied, why, and putting it back on its stream."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from tg_assets.cli.each_tenant import NOBODY, each, tenant_of, tenants
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.replay import send_back, unsent
from tg_assets.cli.runtime import console, echo
from tg_assets.cli.terminal import escaped
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

# Characters of an id that are shown, and enough to name it.
SHOWN = 8


@click.group("dead-letters")
def dead_letters_command() -> None:
    """Entries that could not be applied: list them, show one, replay them once the cause is mended."""


_tenant = click.option("--tenant", help=f"Only this tenant; {NOBODY} for letters that name no tenant.")


@dead_letters_command.command("list")
@_tenant
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Of each tenant.")
@click.option("--all", "replayed", is_flag=True, help="Those that were replayed, too.")
@json_option
def list_command(tenant: str | None, limit: int, replayed: bool, as_json: bool) -> None:
    """List letters, newest first."""
    from tg_assets.live.dead_letters import listing

    table = Table(box=None, pad_edge=False)
    for name in ("id", "tenant", "stream", "entry"):
        table.add_column(name, no_wrap=name == "id", overflow="fold")
    table.add_column("reason", ratio=1, overflow="fold")
    table.add_column("tries", justify="right")
    table.add_column("when, UTC", no_wrap=True)
    cut, items = 0, list[dict[str, Any]]()
    for name, connection in each(tenants(tenant)):
        rows = listing(connection, limit + 1, replayed)
        cut += len(rows) > limit
        for row in rows[:limit]:
            items.append({
                "id": row.id, "tenant": None if name == NOBODY else name, "stream": row.source, "entry": row.entry,
                "reason": row.reason, "deliveries": row.deliveries, "created_at": row.created_at,
                "replayed_at": row.replayed_at,
            })  # fmt: skip
            reason = Text(row.reason + (" (replayed)" if row.replayed_at else ""))
            source = row.source.removeprefix("stream:")
            cells = (str(row.id)[:SHOWN], name, source, row.entry)
            table.add_row(*map(Text, cells), reason, f"{row.deliveries}", f"{row.created_at:%m-%d %H:%M}")
    if as_json:
        show_json("dead-letters list", items, more=bool(cut))
        return
    console.print(table if table.row_count else "No dead letters.")
    if cut:
        console.print(f"… and more; --limit shows more than {limit}.")


@dead_letters_command.command("show")
@click.argument("letter", metavar="ID")
@_tenant
def show_command(letter: str, tenant: str | None) -> None:
    """Print everything about one letter, its message included. ID is the beginning of its id, or its entry."""
    _, row = _find(letter, tenant)
    about = dict(row._mapping)
    payload = json.dumps(about.pop("payload"), ensure_ascii=False, indent=2)
    about.pop("fields")
    for name, value in about.items():
        echo(f"{name}: {escaped('' if value is None else str(value))}")
    echo(f"payload:\n{escaped(payload)}")


@dead_letters_command.command("replay")
@click.argument("letters", metavar="ID...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were not replayed yet.")
@_tenant
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay_command(letters: tuple[str, ...], every: bool, tenant: str | None, yes: bool) -> None:
    """Put letters back on their streams, as they came. What still cannot be applied becomes a letter again."""
    if bool(letters) == every:
        raise click.UsageError("Name letters, or say --all.")
    found: dict[UUID, dict[UUID, str]] = {}
    if every:
        for name, connection in each(tenants(tenant)):
            found[tenant_of(name)] = unsent(connection)
    for letter in letters:
        owner, row = _find(letter, tenant)
        found.setdefault(owner, {})[row.id] = row.source
    streams = Counter(source for some in found.values() for source in some.values())
    imported = sum(count for source, count in streams.items() if not source.startswith("stream:"))
    if imported:
        console.print(
            f"{imported:,} of them came from an import and cannot be replayed: no stream brought them. Mend the export "
            "and import it again.",
            soft_wrap=True,
        )
    if every and streams.total() > imported and not yes:
        click.confirm(f"Replay {counted(streams.total() - imported, 'letter')}?", abort=True)
    sent = sum((send_back(owner, some) for owner, some in found.items()), Counter[str]())
    for stream, count in sorted(sent.items()):
        console.print(f"{count:,} to {stream}")
    if not sent:
        console.print("Nothing was replayed.")


def _find(letter: str, tenant: str | None) -> tuple[UUID, Any]:
    """The letter and its owner; raises TgAssetsError unless exactly one is meant."""
    from tg_assets.live.dead_letters import find

    if len(letter) < SHOWN:
        raise TgAssetsError(f"{letter!r} is too short: give at least the first {SHOWN} characters of an id.")
    rows = [(tenant_of(name), row) for name, connection in each(tenants(tenant)) if (row := find(connection, letter))]
    if len(rows) != 1:
        raise TgAssetsError(
            f"There is no dead letter {letter!r}, or more than one. `tg-assets dead-letters list --all` lists them."
        )
    return rows[0]
