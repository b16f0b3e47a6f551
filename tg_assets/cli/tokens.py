"""``tokens``: who may ask from outside."""

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import tenant_option
from tg_assets.cli.runtime import console, echo


@click.group("tokens", invoke_without_command=True)
@click.option("--tenant", default="default", show_default=True)
@json_option
@click.pass_context
def tokens_command(context: click.Context, tenant: str, as_json: bool) -> None:
    """List a tenant's tokens for page, API and MCP; `add` makes one, `revoke` ends it at once."""
    context.obj = tenant
    if context.invoked_subcommand is not None:
        return
    from tg_assets.doors.oauth.grants import holders
    from tg_assets.doors.tokens import tokens

    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        found, given = tokens(connection), holders(connection)
    if as_json:
        show_json(
            "tokens",
            (
                {
                    "name": one.name, "owners": list(one.owners), "feeds": one.feeds and list(one.feeds),
                    "made_at": one.made_at, "expires_at": one.expires_at, "given_to": given.get(one.name, []),
                }
                for one in found
            ),
        )  # fmt: skip
        return
    if not found:
        console.print("No tokens. `tg-assets tokens add NAME` makes one.")
        return
    table = Table("token", "private chats of", "feeds", "made", "ends", "given to", box=None, pad_edge=False)
    for one in found:
        owners, feeds = ", ".join(map(str, one.owners)), "all" if one.feeds is None else ", ".join(one.feeds)
        ends = f"{one.expires_at:%Y-%m-%d}" if one.expires_at else ""
        table.add_row(one.name, owners, feeds, f"{one.made_at:%Y-%m-%d}", ends, ", ".join(given.get(one.name, [])))
    console.print(table)


@tenant_option
@tokens_command.command("add")
@click.argument("name")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats it shows too.")
@click.option("--feed", "feeds", multiple=True, help="Show only these feeds.")
@click.option("--until", help="It ends at this ISO date, UTC.")
@click.pass_obj
def add_command(tenant: str, name: str, owners: tuple[int, ...], feeds: tuple[str, ...], until: str | None) -> None:
    """Make a token and print it, once: what is stored cannot be turned back into it."""
    from tg_assets.doors.tokens import make
    from tg_assets.scope import parse_time

    who = runtime.registered(tenant)
    with runtime.postgres().tenant(who) as session, session.transaction() as connection:
        echo(make(connection, who, name, owners, feeds or None, parse_time(until, "--until")))


@tenant_option
@tokens_command.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke_command(tenant: str, name: str) -> None:
    """End a token: from the next request on it opens nothing."""
    from tg_assets.doors.tokens import revoke

    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        revoke(connection, name)
    console.print(f"Token {name!r} is revoked.")
