"""``mcp``: an archive as tools for an assistant, over this process' input and output."""

import threading

import click

from tg_assets.cli import runtime
from tg_assets.cli.narrowing import archive_options


@click.command("mcp")
@archive_options
def mcp_command(tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...]) -> None:
    """Serve an archive to an assistant that starts this command: tools of the Model Context Protocol over stdio.

    It sees what is named here, and nothing else by any argument: a tenant's feeds, or those of --feed; private chats
    only with --owner. docs/mcp.md has the line that adds it to Claude.
    """
    from functools import partial

    import anyio

    from tg_assets.answers.feeds import check_feeds
    from tg_assets.doors.mcp.server import over_stdio, server
    from tg_assets.doors.tokens import Access

    archive = runtime.opener().archive(Access(runtime.registered(tenant), "stdio", owners, feeds or None))
    check_feeds(archive, feeds)
    # The model takes seconds to load: by the time of the first question it is there, or nearly.
    threading.Thread(target=archive.embedder, daemon=True).start()
    anyio.run(partial(over_stdio, server(lambda: archive, runtime.settings().dagster_url)))
