"""``up``, ``down``, ``env``, ``status`` and ``migrate``: the servers of this installation."""

import shlex

import click
from rich.table import Table

from tg_assets.cli.runtime import console
from tg_assets.settings import load_settings


@click.command("up")
@click.option("--backends-only", is_flag=True, help="Start the servers, but not Dagster.")
def up_command(backends_only: bool) -> None:
    """Start the embedded servers and Dagster, bring the schema up to date, and say where things are."""
    start(backends_only)


def start(backends_only: bool = False) -> str | None:
    """Start everything, telling what happens; returns the address of the UI."""
    import migrations
    from tg_assets.backends import up
    from tg_assets.backends.dagster_services import start_dagster
    from tg_assets.cli.runtime import settings

    given = load_settings()
    with console.status("starting") as status:

        def tell(name: str, state: str) -> None:
            status.update(f"{name}: {state}")
            if state in ("ready", "running", "failed", "external"):
                console.print(f"  {name:<16}{state}")

        servers = up(given, tell)
        owner = servers.environment.get("TG_POSTGRES_OWNER_URL")
        if owner:
            status.update("bringing the schema up to date")
            migrations.upgrade(owner)
            console.print(f"  {'schema':<16}up to date")
        if backends_only:
            return None
        address = start_dagster(given, servers.environment, tell)
    settings.cache_clear()
    console.print(f"\nDagster's UI: [link={address}]{address}[/link]")
    console.print('A shell with all addresses:  eval "$(tg-assets env)"')
    return address


@click.command("down")
def down_command() -> None:
    """Stop everything that `up` started; data stay."""
    from tg_assets.backends import down

    down(load_settings(), lambda name, state: console.print(f"  {name:<16}{state}"))


@click.command("env")
def env_command() -> None:
    """Print the addresses of the running servers as shell variables, for psql, redis-cli, cypher-shell and scripts."""
    from tg_assets.backends import environment
    from tg_assets.backends.dagster_services import dagster_environment

    given = load_settings()
    for name, value in sorted({**environment(given), **dagster_environment(given)}.items()):
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command("status")
def status_command() -> None:
    """Show each server: whether it answers, its process, port and log."""
    from tg_assets.backends import status

    table = Table("server", "state", "process", "port", "log", box=None, pad_edge=False)
    for server in status(load_settings()):
        table.add_row(server.name, server.state, *(str(part or "") for part in (server.pid, server.port, server.log)))
    console.print(table)


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
        migrations.upgrade(owner, revision)
    console.print(f"The schema is at {revision}.")
