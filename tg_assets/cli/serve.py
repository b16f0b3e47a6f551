"""``serve``: the page, the HTTP API and the MCP server."""

import click

from tg_assets.cli import runtime
from tg_assets.cli.serving import serve


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8002, or TG_SERVE_PORT; 0 takes a free one.")
def serve_command(host: str, port: int | None) -> None:
    """Serve answers to people, programs and assistants: a page at /, an API at /api/v1. Ctrl-C stops it.

    Every request needs a token (`tg-assets tokens add`). It answers to localhost and 127.0.0.1; name others, as which
    it is reached from elsewhere, in TG_SERVE_HOSTS.
    """
    from tg_assets.doors.process import bound, run

    settings, opener = runtime.settings(), runtime.opener()
    log = serve("tg_assets.serve")
    socket = bound(host, settings.serve_port if port is None else port)
    log(f"Page at http://{host}:{socket.getsockname()[1]}/")
    run(opener, settings, socket)
