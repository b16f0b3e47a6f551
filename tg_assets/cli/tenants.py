"""``tenants``: who is known here. An import makes its tenant known; live events of others become dead letters."""

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console


@click.group("tenants", invoke_without_command=True)
@json_option
@click.pass_context
def tenants_command(context: click.Context, as_json: bool) -> None:
    """List tenants, or add one."""
    if context.invoked_subcommand is not None:
        return
    from tg_assets.registry.tenants import known_feeds, known_tenants

    feeds, known = known_feeds(runtime.keys()), known_tenants(runtime.keys())
    counts = {slug: sum(feed.startswith(f"{slug}.") for feed in feeds) for slug in known}
    if as_json:
        show_json("tenants", ({"tenant": slug, "feeds": count} for slug, count in counts.items()))
        return
    table = Table("tenant", "feeds", box=None, pad_edge=False)
    for slug, count in counts.items():
        table.add_row(slug, str(count))
    console.print(table if known else "No tenant is known yet. `tg-assets import PATH` registers one with its feeds.")


@tenants_command.command("add")
@click.argument("slug")
def add_command(slug: str) -> None:
    """Make a tenant known, so that its live events are accepted."""
    add(slug)
    console.print(f"Tenant {slug} is known: events with tenant_id {slug!r} are accepted now.")


def add(slug: str) -> None:
    """Register a tenant; again: nothing."""
    from tg_assets import ids
    from tg_assets.registry.channels import register_tenant
    from tg_assets.registry.tenants import announce

    with runtime.postgres().tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        register_tenant(connection, slug)
    announce(runtime.instance(), slug)
