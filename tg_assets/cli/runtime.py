"""What commands share: the environment of the running servers, resources built from it, and a console.

A command started in a plain shell finds the servers that ``tg-assets up`` started for the same data
directory; variables that a person set win.
"""

import logging
import os
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tg_assets import ids
from tg_assets.cli.console import console as console
from tg_assets.cli.console import progress_bar as progress_bar
from tg_assets.cli.terminal import echo as echo
from tg_assets.errors import ServerRefuses, TgAssetsError
from tg_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from uuid import UUID

    from dagster import DagsterInstance
    from redis import Redis

    from tg_assets.answers.archive import Archive
    from tg_assets.answers.picture_leg import PictureLeg
    from tg_assets.assets.tools import Tools
    from tg_assets.doors.access import Opener
    from tg_assets.registry.tenants import Keys
    from tg_assets.remote.chat import Chat
    from tg_assets.stores.dagster_lines import RunLog
    from tg_assets.stores.database import Database
    from tg_assets.stores.graph import GraphStore
    from tg_assets.stores.objects import ObjectStore
    from tg_assets.stores.vectors import VectorIndex

EVERY = ("postgres_url", "dagster_postgres_url", "redis_url", "neo4j_url", "qdrant_url", "objects_url", "dagster_url")
"""All addresses: who has them asks nobody for any."""
TOLD = 10
"""Names of tenants that are told to somebody who named another one."""
KEPT = 30
"""Connections to the database that a service may have open: for those whom it answers at once (``doors.service``,
``doors.mcp.server``), for some of them two."""


@cache
def settings() -> Settings:
    """Settings with the addresses of the running servers filled in."""
    from tg_assets.backends import environment
    from tg_assets.backends.dagster_services import dagster_environment

    found = load_settings()
    if "DAGSTER_HOME" in os.environ and all(getattr(found, name) for name in EVERY):
        return found  # no need to look at what runs here, which waits for whoever is starting or stopping it
    try:
        servers = environment(found)
    except TgAssetsError:
        return found  # nothing was ever started here; what is missing is named when it is needed
    for name, value in {**servers, **dagster_environment(found)}.items():
        os.environ.setdefault(name, value)
    return load_settings()


def compare_settings(say: Callable[[str], None] | None = None) -> None:
    """Say which variables of this shell the running Dagster, which does the work, has otherwise or not at all."""
    from tg_assets.backends.dagster_services import other_settings

    if names := other_settings(settings()):
        (say or _aside)(
            f"Note: Dagster runs with other settings than this shell: {', '.join(names)}. `tg-assets up` hands these "
            "over; until then its runs work with the old ones."
        )


def _aside(said: str) -> None:
    echo(said, err=True)


def postgres() -> "Database":
    """The application's database."""
    from tg_assets.stores.database import Database

    return Database(url=settings().require("postgres_url"))


def objects() -> "ObjectStore":
    """The object store."""
    from tg_assets.stores.objects import ObjectStore

    return ObjectStore(url=settings().require("objects_url"))


def qdrant() -> "VectorIndex":
    """The vector index."""
    from tg_assets.stores.vectors import VectorIndex

    key = settings().qdrant_api_key
    return VectorIndex(url=settings().require("qdrant_url"), api_key=key.get_secret_value() if key else "")


def redis() -> "Redis":
    """The carrier of live traffic."""
    from tg_assets.stores.redis import client

    return client(settings().require("redis_url"))


def neo4j() -> "GraphStore":
    """The graph."""
    from tg_assets.stores.graph import GraphStore

    return GraphStore(url=settings().require("neo4j_url"))


def registered(slug: str) -> "UUID":
    """Id of the tenant that a command names. Raises TgAssetsError that tells which there are when it is not there."""
    from tg_assets.registry.tenants import is_registered, known_tenants

    if is_registered(postgres(), slug):
        return ids.tenant_id(slug)
    try:
        names = known_tenants(keys())
    except TgAssetsError as error:
        raise TgAssetsError(f"There is no tenant {slug}. Which there are Dagster would tell: {error}") from None
    if not names:
        raise TgAssetsError(f"There is no tenant {slug}, nor any other: `tg-assets import PATH` makes one known.")
    more = f" and {len(names) - TOLD:,} more (`tg-assets tenants`)" if len(names) > TOLD else ""
    raise TgAssetsError(f"There is no tenant {slug}; known: {', '.join(names[:TOLD])}{more}. Name one by --tenant.")


def archive(tenant: str, owners: tuple[int, ...] = (), feeds: tuple[str, ...] | None = None) -> "Archive":
    """The archive of the tenant with this slug as somebody may see it. Raises TgAssetsError where there is none."""
    return _archive(registered(tenant), owners, feeds)


def _archive(tenant: "UUID", owners: tuple[int, ...] = (), feeds: tuple[str, ...] | None = None) -> "Archive":
    from tg_assets.answers.archive import Archive
    from tg_assets.answers.rerank_wire import configured
    from tg_assets.embedder import UseEmbedder
    from tg_assets.lazy import Lazy

    return Archive(
        tenant=tenant,
        owners=owners,
        feeds=feeds,
        postgres=postgres(),
        vectors=qdrant(),
        graph=neo4j(),
        objects=objects(),
        embedder=Lazy(UseEmbedder),
        rerank=configured(settings()),
        pictures=picture_leg(),
    )


def opener() -> "Opener":
    """Who opens archives for requests, with stores whose connections stay open."""
    from dataclasses import replace

    from tg_assets.doors.access import Opener
    from tg_assets.stores.database import KeptDatabase
    from tg_assets.stores.graph import KeptGraph
    from tg_assets.stores.vectors import KeptIndex

    index, database = qdrant(), KeptDatabase(settings().require("postgres_url"), KEPT)
    whole = replace(
        _archive(ids.NO_TENANT),
        postgres=database,
        vectors=KeptIndex(index.url, index.api_key),
        graph=KeptGraph(settings().require("neo4j_url")),
    )
    return Opener(database, whole)


def picture_leg() -> "PictureLeg | None":
    """What the model that ``TG_CLIP`` names says of pictures; None without one."""
    folder = settings().clip
    if folder is None:
        return None
    from tg_assets.answers import picture_leg as leg
    from tg_assets.vision.clip import Clip

    return leg.picture_leg(Clip(folder), qdrant())


def answerer(tenant: str) -> "Chat":
    """The model that the tenant with this slug chose to have answers written. Raises TgAssetsError without one."""
    from tg_assets.remote.config import load_models

    model = load_models(settings().models).for_tenant(tenant).answers
    if model is None:
        raise TgAssetsError(
            f"No model writes answers for {tenant}: name one in [tenants.{tenant}.answers] of the file that TG_MODELS "
            "names (docs/models.md)."
        )
    from tg_assets.remote.connecting import connect

    return connect(model, postgres(), ids.tenant_id(tenant))


def tools() -> "Tools":
    """What stages are made of, for commands that run them in their own process."""
    from resources.embedder import EmbedderResource
    from tg_assets.assets.tools import Tools
    from tg_assets.definitions import default_resources

    stores = {
        "settings": settings(), "postgres": postgres(), "objects": objects(), "qdrant": qdrant(), "neo4j": neo4j(),
        "embedder": EmbedderResource(provider=settings().embedder), "redis": SimpleNamespace(client=redis),
    }  # fmt: skip
    return Tools({**default_resources(), **stores}.__getitem__)


def keys() -> "Keys":
    """What Dagster knows of tenants and feeds, to be read only."""
    from tg_assets.stores.dagster_keys import DagsterKeys

    return DagsterKeys(settings().require("dagster_postgres_url"))


def run_log() -> "RunLog":
    """What runs say."""
    from tg_assets.stores.dagster_lines import RunLog

    return RunLog(settings().require("dagster_postgres_url"))


def instance() -> "DagsterInstance":
    """Dagster's instance; raises TgAssetsError when it is not set up or its database does not answer."""
    settings().require("dagster_postgres_url")
    from dagster import DagsterInstance
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    if "DAGSTER_HOME" not in os.environ:
        raise TgAssetsError("DAGSTER_HOME is not set. Run `tg-assets up`, or set it for your own Dagster.")
    logging.getLogger().addHandler(logging.NullHandler())  # dagster-postgres tells each retry there, in five lines
    try:
        return DagsterInstance.get()
    except (DagsterPostgresException, SQLAlchemyError) as error:
        if "authentication failed" in str(error):
            raise ServerRefuses(
                "Dagster's database is there but does not let us in. Correct TG_DAGSTER_POSTGRES_URL."
            ) from None
        raise TgAssetsError(
            f"Dagster's database does not answer ({type(error).__name__}). Is it running (`tg-assets up`), and does "
            "TG_DAGSTER_POSTGRES_URL point at it?"
        ) from None
