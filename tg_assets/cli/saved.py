"""``saved``: questions whose answers are told when there is something new."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.ask import given
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import tenant_option
from tg_assets.cli.runtime import console, echo


@click.group("saved", invoke_without_command=True)
@click.option("--tenant", default="default", show_default=True)
@json_option
@click.pass_context
def saved_command(context: click.Context, tenant: str, as_json: bool) -> None:
    """List saved questions of a tenant's tokens and how it goes to tell them; they end with their token."""
    context.obj = tenant
    if context.invoked_subcommand is not None:
        return
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.saved.questions import saved

    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        found = saved(connection)
    if as_json:
        show_json("saved", map(plain, found))
        return
    if not found:
        console.print("Nothing is saved. `tg-assets saved search TOKEN TEXT` saves a search.")
        return
    table = Table("id", "token", "name", "made", "matches", "newest", "receiver", box=None, pad_edge=False)
    for one in found:
        state = (one.telling or "").replace("_", " ")
        told = f"{one.webhook}: {state}{f', {one.waiting:,} wait' if one.waiting else ''}" if one.webhook else ""
        newest = "cannot be asked" if one.failed_at else _at(one.newest)
        cells = (str(one.id), one.token, one.name, f"{one.made_at:%Y-%m-%d}", f"{one.matches:,}", newest, told)
        table.add_row(*map(Text, cells))
    console.print(table)


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


_name = click.option("--name", help="What it is listed as.")
_webhook = click.option("--webhook", metavar="URL", help="Who is told, by a signed POST (docs/api.md).")


@tenant_option
@saved_command.command("search")
@click.argument("token")
@click.argument("query")
@click.option("--kind", type=click.Choice(["post", "album"]), help="Only results of this kind.")
@click.option("--tag", "tags", multiple=True, help="Only posts with all these tags.")
@click.option("--author", help="Only what this author writes: a whole name, @name or number.")
@click.option("--lang", help="Only texts in this language: ru, en.")
@click.option("--feed", "feeds", multiple=True, help="Only these feeds.")
@click.option("--since", help="Not written before this ISO date, UTC.")
@click.option("--until", help="Written before this ISO date, UTC.")
@_name
@_webhook
@click.pass_obj
def search_command(
    tenant: str, /, token: str, query: str, name: str | None, webhook: str | None, **narrow: Any
) -> None:
    """Save a search for TOKEN: what is found from now on is told."""
    from tg_assets.saved.asked import SavedSearch
    from tg_assets.scope import parse_time

    for end in ("since", "until"):
        narrow[end] = parse_time(narrow[end], f"--{end}")
    _save(tenant, token, SavedSearch, {"q": query, **narrow}, name, webhook)


@tenant_option
@saved_command.command("ask", context_settings={"ignore_unknown_options": True})
@click.argument("token")
@click.argument("question")
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@_name
@_webhook
@click.pass_obj
def ask_command(
    tenant: str, token: str, question: str, parameters: tuple[str, ...], name: str | None, webhook: str | None
) -> None:
    """Save a QUESTION to the graph for TOKEN, with its PARAMETERS as options: rows that were not there are told."""
    from tg_assets.saved.asked import SavedQuestion

    values = {"question": question, "parameters": dict(given(parameters))}
    _save(tenant, token, SavedQuestion, values, name, webhook)


def _save(tenant: str, token: str, kind: Any, values: dict[str, Any], name: str | None, webhook: str | None) -> None:
    from pydantic import ValidationError

    from tg_assets.accounts.vault import vault
    from tg_assets.backends.dagster_services import page_address
    from tg_assets.errors import TgAssetsError
    from tg_assets.saved.questions import opened, save

    try:
        asked = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise TgAssetsError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        owners, feeds = opened(connection, token)
    settings = runtime.settings()
    vaults = partial(vault, settings, create=True)
    made = save(runtime.archive(tenant, owners, feeds), token, asked, name, webhook, settings.trusted_hosts, vaults)
    echo(f"id: {made.id}")
    echo(f"feed: {page_address(settings)}/api/v1/saved/{made.id}/atom?key={made.key}")
    if made.webhook_secret:
        echo(f"webhook secret: {made.webhook_secret}")


@tenant_option
@saved_command.command("remove")
@click.argument("saved_id", metavar="ID", type=click.UUID)
@click.pass_obj
def remove_command(tenant: str, saved_id: UUID) -> None:
    """Tell nothing more of a question."""
    from tg_assets.saved.questions import remove

    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        remove(connection, saved_id)
    console.print("It is not told any more.")


@tenant_option
@saved_command.command("retry")
@click.argument("saved_id", metavar="ID", type=click.UUID)
@click.pass_obj
def retry_command(tenant: str, saved_id: UUID) -> None:
    """Tell a receiver what waits, although it was given up."""
    from tg_assets.saved.questions import try_again

    with runtime.postgres().tenant(runtime.registered(tenant)) as session, session.transaction() as connection:
        try_again(connection, saved_id)
    console.print("It is told within a minute.")
