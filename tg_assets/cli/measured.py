"""Everything that is measured, and how often: the list behind the page, the health checks and the command.

What does not belong here: how each is measured (``gauges``, ``certificates``).
"""

import time
from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tg_assets import ids
from tg_assets.cli import runtime
from tg_assets.cli.dagster_state import StateApi
from tg_assets.cli.each_tenant import NOBODY, tenant_of, tenants
from tg_assets.cli.overview import streams
from tg_assets.monitoring import gauges
from tg_assets.monitoring.certificates import certificates
from tg_assets.monitoring.gauges import Gauge, Seen, gathered
from tg_assets.remote.config import load_models
from tg_assets.stores.qdrant_http import DEFAULT_PORT

SECONDS = 15.0
"""From one look at a server to the next."""
SELDOM_SECONDS = 120.0
"""The same for what changes slowly or takes long to find out."""
PATIENCE_SECONDS = 60.0
"""What takes longer is not known."""
HEARTBEAT_SECONDS = 90.0
"""A daemon beats every 30 s; one that has not for so long is gone."""


def targets() -> dict[str, Seen]:
    """Whether each server answers."""
    asked: Mapping[str, Callable[[], object]] = {
        "postgres": _postgres, "dagster": _dagster, "daemon": _daemon, "redis": _redis, "qdrant": _qdrant,
        "neo4j": _neo4j, "objects": _objects,
    }  # fmt: skip
    return {name: Seen(_nothing_else(ask), SECONDS) for name, ask in asked.items()}


def others() -> dict[str, Seen]:
    """Everything else, by the names of the catalogue's ``PARTS``."""
    often: Mapping[str, Callable[[], Sequence[Gauge]]] = {
        "waiting": _waiting, "streams": lambda: list(gauges.of_streams(streams())), "disk": _disk,
        "dagster": lambda: list(_api().gauges()),
    }  # fmt: skip
    seldom = {"telegram": _telegram, "event_log": _event_log, "certificates": _certificates}
    found = {name: Seen(ask, SECONDS, PATIENCE_SECONDS) for name, ask in often.items()}
    return found | {name: Seen(ask, SELDOM_SECONDS, PATIENCE_SECONDS) for name, ask in seldom.items()}


def measure(seconds: float) -> list[Gauge]:
    """All of it once, side by side; what is not known after so many seconds counts as away."""
    runtime.settings()  # once, before threads ask for it
    servers, rest = targets(), others()
    deadline = time.monotonic() + seconds
    for seen in (*servers.values(), *rest.values()):
        seen.begin()
    return gathered(servers, rest, deadline)


def _nothing_else(ask: Callable[[], object]) -> Callable[[], Sequence[Gauge]]:
    def measure() -> Sequence[Gauge]:
        ask()
        return ()

    return measure


def _api() -> StateApi:
    return StateApi(runtime.settings().require("dagster_url"))


def _postgres() -> None:
    with runtime.postgres().connection():
        pass


def _dagster() -> None:
    _api().answers()


def _daemon() -> None:
    _api().require_daemon(HEARTBEAT_SECONDS)


def _redis() -> None:
    from tg_assets.stores.redis import client

    client(runtime.settings().require("redis_url")).ping()


def _qdrant() -> None:
    """Ask the vector server whether the collection is there; either answer is one."""
    with runtime.qdrant().tenant(ids.NO_TENANT) as index:
        index.exists()


def _neo4j() -> None:
    with runtime.neo4j().tenant(ids.NO_TENANT) as graph:
        graph.read("RETURN $tenant AS tenant")


def _objects() -> None:
    runtime.objects().get("metrics/probe")


def _waiting() -> Sequence[Gauge]:
    return list(gauges.waiting(runtime.postgres(), [tenant_of(name) for name in tenants(None)]))


def _disk() -> Sequence[Gauge]:
    return list(gauges.disk(runtime.settings().data_dir))


def _telegram() -> Sequence[Gauge]:
    database = runtime.postgres()
    slugs = {name: tenant_of(name) for name in tenants(None) if name != NOBODY}
    models = load_models(runtime.settings().models)
    return [*gauges.of_telegram(database, list(slugs.values())), *gauges.budgets(database, slugs, models)]


def _event_log() -> Sequence[Gauge]:
    """By the statistics: to count the rows would read them all."""
    url = runtime.settings().dagster_postgres_url
    if url is None:
        return ()
    engine = create_engine(url.get_secret_value(), poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT reltuples FROM pg_class WHERE oid = to_regclass('event_logs')")).scalar()
    return [("event_log_rows", {}, max(float(rows or 0), 0.0))]


def _certificates() -> Sequence[Gauge]:
    settings = runtime.settings()
    urls: dict[str, SecretStr | None] = {
        "postgres": settings.postgres_url, "redis": settings.redis_url, "qdrant": settings.qdrant_url,
        "neo4j": settings.neo4j_url,
    }  # fmt: skip
    known = {target: url.get_secret_value() for target, url in urls.items() if url}
    known |= {"dagster": settings.dagster_url} if settings.dagster_url else {}
    return list(certificates(known, {"qdrant": DEFAULT_PORT}))
