"""``metrics``: the page that Prometheus reads."""

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tg_assets.cli import runtime
from tg_assets.cli.serving import serve

if TYPE_CHECKING:
    from tg_assets.monitoring.gauges import Gauge, Seen

SECONDS = 15.0
"""From one look at a server to the next."""


@click.command("metrics")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8001, or TG_METRICS_PORT; 0 takes a free one.")
def metrics_command(host: str, port: int | None) -> None:
    """Serve metrics for Prometheus at /metrics: what was done, what waits, which servers answer. Ctrl-C stops it.

    What was done is counted in the database, so it does not matter which process did it, or when this one began.
    """
    from tg_assets.monitoring.page import Page, bind

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    # Said outright: who starts it in the background has Ctrl-C ignored, and a supervisor ends it by SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    chosen = runtime.settings().metrics_port if port is None else port
    log = serve("tg_assets.metrics")
    page = Page(runtime.postgres(), _targets(), _others())
    with bind(page, host, chosen) as server, suppress(KeyboardInterrupt):
        page.follow()
        log(f"Metrics at http://{host}:{server.server_port}/metrics")
        server.serve_forever()


def _targets() -> "dict[str, Seen]":
    from tg_assets.monitoring.gauges import Seen

    def asked(ask: Callable[[], object]) -> Callable[[], "Sequence[Gauge]"]:
        def measure() -> "Sequence[Gauge]":
            ask()
            return ()

        return measure

    return {
        name: Seen(asked(ask), SECONDS)
        for name, ask in {
            "postgres": _postgres, "dagster": _dagster, "redis": _redis, "qdrant": _qdrant, "neo4j": _neo4j,
            "objects": _objects,
        }.items()
    }  # fmt: skip


def _postgres() -> None:
    with runtime.postgres().connection():
        pass


def _dagster() -> None:
    from tg_assets.cli.active_runs import RunsApi

    RunsApi(runtime.settings().require("dagster_url")).active()


def _redis() -> None:
    from tg_assets.stores.redis import client

    client(runtime.settings().require("redis_url")).ping()


def _qdrant() -> None:
    """Ask the vector server whether the collection is there; either answer is one."""
    from tg_assets import ids

    with runtime.qdrant().tenant(ids.NO_TENANT) as index:
        index.exists()


def _neo4j() -> None:
    from tg_assets import ids

    with runtime.neo4j().tenant(ids.NO_TENANT) as graph:
        graph.read("RETURN $tenant AS tenant")


def _objects() -> None:
    runtime.objects().get("metrics/probe")


def _others() -> "Sequence[Seen]":
    from tg_assets.cli.each_tenant import tenant_of, tenants
    from tg_assets.cli.overview import streams
    from tg_assets.monitoring import gauges

    database, data = runtime.postgres(), runtime.settings().data_dir

    def waiting() -> "Sequence[Gauge]":
        return list(gauges.waiting(database, [tenant_of(name) for name in tenants(None)]))

    return (
        gauges.Seen(waiting, SECONDS),
        gauges.Seen(lambda: list(gauges.of_streams(streams())), SECONDS),
        gauges.Seen(lambda: list(gauges.disk(data)), SECONDS),
    )
