"""``metrics``: the page that Prometheus reads."""

import signal
from contextlib import suppress

import click

from tg_assets.cli import runtime
from tg_assets.cli.serving import serve


@click.command("metrics")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8001, or TG_METRICS_PORT; 0 takes a free one.")
def metrics_command(host: str, port: int | None) -> None:
    """Serve metrics for Prometheus at /metrics: what was done, what waits, which servers answer. Ctrl-C stops it.

    /health says whether everything moves, /health/detailed what does not.

    What was done is counted in the database, so it does not matter which process did it, or when this one began.
    """
    from tg_assets.cli.measured import others, targets
    from tg_assets.monitoring.page import Page, bind

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # Said outright: who starts it in the background has Ctrl-C ignored, and a supervisor ends it by SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    chosen = runtime.settings().metrics_port if port is None else port
    log = serve("tg_assets.metrics")
    page = Page(runtime.postgres(), targets(), others())
    with bind(page, host, chosen) as server, suppress(KeyboardInterrupt):
        page.follow()
        log(f"Metrics at http://{host}:{server.server_port}/metrics")
        server.serve_forever()
