"""The ``tg-assets`` command: one module per group of commands; errors are sentences, not tracebacks.

Commands import what they need when they run, so ``tg-assets --help`` is quick. Logic lives in the packages;
a command reads options, calls it and shows the result.
"""

from difflib import get_close_matches
from importlib import import_module

import click

from tg_assets.cli.ending import allow_debug, run

# Command name -> module that holds it and what it does, in the order that a newcomer meets them. The words stand here
# so that `tg-assets --help` imports nothing.
COMMANDS = {
    "demo": ("demo", "Everything on the bundled sample, ending with answers."),
    "up": ("services", "Start the embedded servers and Dagster."),
    "down": ("services", "Stop everything that `up` started; data stay."),
    "env": ("services", "Print the servers' addresses as shell variables."),
    "status": ("services", "Show each server: state, process, port, log."),
    "migrate": ("services", "Bring the schema to a revision."),
    "tenants": ("tenants", "List tenants, or add one."),
    "login": ("accounts", "Log in an account that reads Telegram."),
    "accounts": ("accounts", "List accounts and what keeps them waiting."),
    "import": ("imports", "Import a Telegram Desktop export."),
    "produce": ("produce", "Send events, or an export as live traffic."),
    "feeds": ("feeds", "List feeds; `sync` follows an account's chats."),
    "sideload": ("sideload", "Read an account's direct messages and groups."),
    "listen": ("listen", "Follow accounts' chats live: new, edited, deleted."),
    "coverage": ("coverage", "Show which message ids are known, and gaps."),
    "backfill": ("backfill", "Materialize a feed over a range of dates."),
    "rebuild": ("rebuild", "Make vectors or graph again from the database."),
    "verify": ("verify", "Compare all stores, and mend what differs."),
    "search": ("search", "Search posts and albums."),
    "suggest": ("suggest", "Show how a search may go on, while typing."),
    "pictures": ("pictures", "Find pictures by words, or like another one."),
    "context": ("context", "Gather what there is on a question, or answer it."),
    "message": ("message", "Show a message whole, and where it came from."),
    "similar": ("similar", "Show what is most like a message."),
    "judged": ("judged", "Measure search by what people said of its results."),
    "digest": ("digest", "Tell what happened in a span of time."),
    "ask": ("ask", "Ask the graph a question by its name."),
    "mcp": ("mcp", "Serve an archive to an assistant (MCP)."),
    "tokens": ("tokens", "List, make and revoke tokens for page, API and MCP."),
    "saved": ("saved", "List, make and remove questions that are told."),
    "serve": ("serve", "Serve the page, the HTTP API and the MCP server."),
    "watch": ("watch", "Follow streams, runs and what waits."),
    "health": ("health", "Say whether everything moves."),
    "metrics": ("metrics", "Serve what Prometheus reads, and health checks."),
    "dead-letters": ("dead_letters", "List, show or replay what was rejected."),
    "doctor": ("doctor", "Check servers, schema, models and OCR."),
}


class Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tg_assets.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return allow_debug(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and (near := get_close_matches(args[0], COMMANDS, 1)):
            ctx.fail(f"There is no command {args[0]!r}. Is {near[0]!r} meant?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


@click.command(cls=Commands)
@click.version_option(package_name="tg-assets")
def cli() -> None:
    """Telegram channels, groups and direct messages as a searchable index and a graph.

    Start with `tg-assets demo`, or `tg-assets up` and `tg-assets import PATH`.
    """


def main() -> None:
    """Entry point of the command: whatever happens ends in a sentence on stderr and an exit code."""
    run(allow_debug(cli))
