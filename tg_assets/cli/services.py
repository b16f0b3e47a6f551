"""``up``, ``down``, ``env``, ``status`` and ``migrate``: the servers of this installation."""

import shlex
import sys
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import click
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console, echo
from tg_assets.settings import Settings, load_settings


@click.command("up")
@click.option("--backends-only", is_flag=True, help="Start the servers, but not Dagster.")
def up_command(backends_only: bool) -> None:
    """Start the embedded servers and Dagster, bring the schema up to date, and say where things are."""
    start(backends_only)


def start(backends_only: bool = False) -> str | None:
    """Start everything, telling what happens; returns the address of the UI."""
    import migrations
    from tg_assets.backends import up
    from tg_assets.backends.dagster_services import metrics_address, page_address, start_dagster
    from tg_assets.cli.runtime import settings
    from tg_assets.cli.waits import Waits

    given, waits = load_settings(), Waits()
    with waits.shown():
        servers = up(given, waits.event, waits.say)
        owner = servers.environment.get("TG_POSTGRES_OWNER_URL")
        if owner:
            waits.event("schema", "migrating")
            migrations.upgrade(owner, say=waits.say)
            waits.event("schema", "up to date")
        if backends_only:
            return None
        address = start_dagster(given, servers.environment, waits.event, waits.say)
    settings.cache_clear()
    console.print(Text.assemble("\nDagster's UI: ", (address, f"link {address}")))
    if given.serve:
        console.print(f"Answers, for whoever has a token (`tg-assets tokens add NAME`): {page_address(given)}/")
    console.print(f"Metrics: {metrics_address(given)}/metrics, and beside it /health")
    console.print('A shell with all addresses:  eval "$(tg-assets env)"')
    return address


@click.command("down")
def down_command() -> None:
    """Stop everything that `up` started; data stay."""
    from tg_assets.backends import down
    from tg_assets.cli.waits import Waits

    given, waits = load_settings(), Waits()
    tell_absence(given)
    with waits.shown():
        down(given, waits.event, waits.say)


@click.command("env")
@click.option("--tenant", help="Let psql see this tenant's rows; without it psql sees none.")
def env_command(tenant: str | None) -> None:
    """Print the addresses of the running servers as shell variables.

    Besides our own there are those of psql (PGHOST …) and cypher-shell (NEO4J_…); redis-cli takes -u "$TG_REDIS_URL".
    """
    from tg_assets.backends import environment
    from tg_assets.backends.dagster_services import dagster_environment

    given = load_settings()
    found = {**environment(given), **dagster_environment(given)}
    found |= _of_clients(found)
    if tenant:
        found["PGOPTIONS"] = f"-c app.tenant_id={runtime.registered(tenant)}"
    for name, value in sorted(found.items()):
        click.echo(f"export {name}={shlex.quote(value)}")


def _of_clients(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that psql and cypher-shell read."""
    database, graph = urlsplit(variables["TG_POSTGRES_URL"]), urlsplit(variables["TG_NEO4J_URL"])
    values = {
        "PGHOST": database.hostname,
        "PGPORT": str(database.port or 5432),
        "PGUSER": database.username,
        "PGPASSWORD": database.password,
        "PGDATABASE": database.path.lstrip("/"),
        "NEO4J_ADDRESS": f"{graph.scheme}://{graph.hostname}:{graph.port or 7687}",
        "NEO4J_USERNAME": graph.username,
        "NEO4J_PASSWORD": graph.password,
    }
    return {name: unquote(value) for name, value in values.items() if value}


@click.command("status")
@json_option
def status_command(as_json: bool) -> None:
    """Show each server: whether it answers, its process, port and log. Ends with 1 when one does not."""
    from tg_assets.backends import State, status

    given = load_settings()
    tell_absence(given)
    found = status(given)
    if as_json:
        rows = ((one.name, one.state, one.pid, one.port, one.log) for one in found)
        show_json(
            "status", (dict(zip(("server", "state", "process", "port", "log"), row, strict=True)) for row in rows)
        )
    else:
        table = Table("server", "state", "process", "port", "log", box=None, pad_edge=False)
        for one in found:
            table.add_row(one.name, one.state, *(str(part or "") for part in (one.pid, one.port, one.log)))
        console.print(table)
    if any(server.state not in (State.running, State.external) for server in found):
        sys.exit(1)


def tell_absence(given: Settings) -> None:
    """Say on stderr when nothing is here that could run, so that another folder's is not taken for stopped.

    Who has servers of their own needs nothing here.
    """
    if given.postgres_url is None and not given.state_dir.exists():
        echo(f"{given.absent('Nothing was ever started')}.", err=True)


@click.command("migrate")
@click.option("--revision", default="head", show_default=True, help="Where to go; `base` removes all tables.")
def migrate_command(revision: str) -> None:
    """Bring the schema of TG_POSTGRES_OWNER_URL to a revision."""
    import migrations
    from tg_assets.cli.runtime import settings

    owner = settings().require("postgres_owner_url")
    if revision == "base":
        migrations.downgrade(owner)
    else:
        migrations.upgrade(owner, revision, console.print)
    console.print(f"The schema is at {revision}.")
