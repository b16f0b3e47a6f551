"""What integration tests do over and over: import an export, materialize a range, look at rows."""

import gc
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import dagster as dg
from dagster._core.storage.defs_state.base import _current_storage
from sqlalchemy import text

from resources.vision import VisionResource
from tests.support.data import ROOT, SEEN
from tests.support.forgetful import forgetful
from tests.support.providers import Remembering
from tg_assets import assets, ids
from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import ask as answered
from tg_assets.assets.order import stages
from tg_assets.assets.tools import Tools
from tg_assets.definitions import default_resources, defined_assets
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.importing import ImportOptions, import_export
from tg_assets.importing.report import ChatReport
from tg_assets.ledger.stage import StageOf
from tg_assets.registry.tenants import register
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database, KeptDatabase
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import VectorIndex
from tg_assets.vision.provider import VisionProvider

SAMPLE = ROOT / "samples" / "export"
LAST_MONTH = "2026-03-01"
ALL_ASSETS = [asset.name for asset in assets.ASSETS]

# Connections that stay open for looking; as many threads look at once.
KEPT = 8

# Columns that say when or by which run, not what.
_VOLATILE = {
    "received_at", "created_at", "updated_at", "made_at", "superseded_at", "first_seen_at", "run_id", "subscribed_at",
    "described_at", "due_at", "dropped_at",
    # How far a thread ever reached; what it is without its last message, its points must learn there, too.
    "reaches",
}  # fmt: skip


@cache
def expected() -> dict[str, Any]:
    """What the sample's authors put into it."""
    found: dict[str, Any] = json.loads((ROOT / "samples" / "expected.json").read_text("utf-8"))
    return found


def new_tenant() -> str:
    """A slug that was never used."""
    return f"t{uuid4().hex[:12]}"


def postgres() -> Database:
    """The application's database."""
    return Database(url=os.environ["TG_POSTGRES_URL"])


def looking() -> Database:
    """The same for tests themselves: to connect takes ten times as long as to look, and they look thousands of times.

    Code gets ``postgres``, as a run does.
    """
    return KeptDatabase(os.environ["TG_POSTGRES_URL"], KEPT)


def objects() -> ObjectStore:
    """The object store."""
    return ObjectStore(url=os.environ["TG_OBJECTS_URL"])


def qdrant() -> VectorIndex:
    """The vector index."""
    return VectorIndex(url=os.environ["TG_QDRANT_URL"], api_key=os.environ.get("TG_QDRANT_API_KEY", ""))


def neo4j() -> GraphStore:
    """The graph."""
    return GraphStore(url=os.environ["TG_NEO4J_URL"])


def archive(tenant: str, *owners: int, feeds: Sequence[str] | None = None, embedder: Embedder | None = None) -> Archive:
    """A tenant's archive as some owners see it, with the default model unless told otherwise."""
    return Archive(
        tenant=ids.tenant_id(tenant), owners=owners, feeds=None if feeds is None else tuple(feeds),
        postgres=postgres(), vectors=qdrant(), graph=neo4j(), objects=objects(),
        embedder=_model if embedder is None else lambda: embedder,
    )  # fmt: skip


@cache
def _model() -> Embedder:
    return UseEmbedder()


def redis() -> Any:
    """The carrier of live traffic."""
    from tg_assets.stores.redis import client

    return client(os.environ["TG_REDIS_URL"])


@cache
def _eyes() -> VisionProvider:
    return Remembering(VisionResource().local(), Path(os.environ.get(SEEN) or mkdtemp()))


class SharedVision(VisionResource):
    """As a deployment's, with workers that are started once for all tests of a process and see each picture once."""

    def local(self) -> VisionProvider:
        """The built-in provider."""
        return _eyes()


def tools(*, live: bool = False, settings: Mapping[str, Any] | None = None, **given: Any) -> Tools:
    """What stages are made of without a run; ``given`` are other resources by name, ``settings`` other values."""
    chosen = load_settings().model_copy(update=dict(settings or {}))
    stores = {
        "settings": chosen, "postgres": postgres(), "objects": objects(),
        "qdrant": qdrant(), "neo4j": neo4j(), "redis": SimpleNamespace(client=redis),
        "vision": SharedVision(),
    }  # fmt: skip
    return Tools({**default_resources(), **stores, **given}.__getitem__, live=live)


def prepared_stages(made_of: Tools) -> dict[str, tuple[StageOf, ...]]:
    """Stages of all assets by name, in their order, with what they write into."""
    for asset in assets.ASSETS:
        if asset.prepare:
            asset.prepare(made_of)
    return stages(assets.ASSETS, made_of)


def import_path(path: Path, tenant: str, **options: Any) -> list[ChatReport]:
    """Land an export for a tenant; options as in ``ImportOptions``."""
    return import_export(
        path, ImportOptions(tenant=tenant, **options), load_settings(), postgres(), objects(), lambda *_: None
    )


def materialize(
    feed: str,
    first: date | str,
    last: date | str,
    selection: Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
    instance: dg.DagsterInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Materialize assets of a feed over a range of days, both inclusive, as one run.

    Without an ``instance`` Dagster remembers nothing of it (``forgetful``).
    """
    chosen = list(selection or ALL_ASSETS)
    # A run says a line per asset and partition; what it decided is in the metadata.
    run_config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if config:
        run_config["ops"] = {name: {"config": dict(config)} for name in chosen}
    instance = instance or forgetful()
    register(instance, [feed])
    return dg.materialize(
        defined_assets(),
        selection=chosen,
        instance=instance,
        resources={**default_resources(), "vision": SharedVision(), **(resources or {})},
        run_config=run_config,
        tags=range_tags(feed, first, last),
        raise_on_error=raise_on_error,
    )


def materialize_reports(reports: Sequence[ChatReport], **options: Any) -> dict[str, dg.ExecuteInProcessResult]:
    """Materialize what was imported, a run per feed over its whole span; results by chat title."""
    found = {}
    for report in reports:
        assert report.first, report
        assert report.last, report
        found[report.title] = materialize(report.feed, report.first.date(), report.last.date(), **options)
    return found


@contextmanager
def new_instance(in_memory: bool = True) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of a test's own; schedules need one that is not in memory only."""
    with TemporaryDirectory() as directory:
        make = dg.DagsterInstance.ephemeral if in_memory else dg.DagsterInstance.local_temp
        with make(tempdir=directory) as instance:
            yield instance
    if not in_memory:
        # Calling a schedule leaves a context open. Whenever it is collected it puts its instance back as Dagster's
        # current one, which is gone by then, and definitions do not load: so it is collected here.
        gc.collect()
        _current_storage.set(None)


def range_tags(feed: str, first: date | str, last: date | str) -> dict[str, str]:
    """Run tags that ask for a feed's partitions from first to last, as a backfill sets them."""
    return {
        "dagster/asset_partition_range_start": f"{first}|{feed}",
        "dagster/asset_partition_range_end": f"{last}|{feed}",
    }


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """What an asset reported, as plain values."""
    events = result.asset_materializations_for_node(asset)
    assert events, f"{asset} was not materialized"
    return {name: value.value for name, value in events[-1].metadata.items()}


def stages_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dict[str, Any]]:
    """An asset's table of stages by name."""
    return {record.data["stage"]: record.data for record in metadata(result, asset)["stages"].records}


def worked_on(result: dg.ExecuteInProcessResult) -> dict[str, int]:
    """Items that each asset found stale; assets without a ledger are left out."""
    found = {}
    for name in ALL_ASSETS:
        if result.asset_materializations_for_node(name) and "stale" in (about := metadata(result, name)):
            found[name] = about["stale"]
    return found


def rows(tenant: str, sql: str, **values: Any) -> list[Any]:
    """Rows of a statement as the tenant sees them; the application role, one transaction."""
    with looking().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        return list(connection.execute(text(sql), values).all())


def scalar(tenant: str, sql: str, **values: Any) -> Any:
    """The one value of a statement."""
    ((value,),) = rows(tenant, sql, **values)
    return value


def counts(tenant: str, tables: Sequence[str]) -> dict[str, int]:
    """Rows per table."""
    return {table: scalar(tenant, f"SELECT count(*) FROM {table}") for table in tables}


def content_hashes(tenant: str, anonymous: bool = False, without: Collection[str] = ()) -> dict[str, str]:
    """A hash of each table's rows, whenever and by whichever run they were written, ``without`` some columns.

    What is cached is no state: a text that came and went leaves its vector there.

    ``anonymous`` leaves out what names the tenant (computed ids, its slug), so two tenants can be compared.
    """
    tables: dict[str, set[str]] = {}
    for table, column, kind in rows(
        tenant,
        """SELECT table_name, column_name, udt_name FROM information_schema.columns
           WHERE table_schema = 'public' AND table_name NOT IN ('alembic_version', 'embeddings')""",
    ):
        dropped = tables.setdefault(table, set())
        if column in _VOLATILE or column in without or (anonymous and kind in ("uuid", "_uuid")):
            dropped.add(column)
    return {
        table: scalar(
            tenant,
            f"""SELECT count(*) || ' ' || md5(coalesce(string_agg(hash, '' ORDER BY hash), '')) FROM (
                    SELECT md5(regexp_replace(replace(replace((to_jsonb(t) - CAST(:dropped AS text[]))::text,
                               :id, '-'), :slug, '-'), :private, '-', 'g')) AS hash FROM {table} t) hashes""",
            dropped=sorted(dropped),
            id=str(ids.tenant_id(tenant)) if anonymous else "never",
            slug=tenant if anonymous else "never",
            private="(dm|group)-[0-9a-f]{8}" if anonymous else "$never",  # keys of private feeds are made of ids
        )
        for table, dropped in sorted(tables.items())
    }


def graph_counts(tenant: str) -> dict[str, int]:
    """Nodes by label and relations by type of a tenant."""
    with neo4j().tenant(ids.tenant_id(tenant)) as graph:
        found = graph.read("MATCH (n {tenant_id: $tenant}) RETURN labels(n)[0] AS name, count(n) AS count")
        found += graph.read("MATCH (n {tenant_id: $tenant})-[r]->() RETURN type(r) AS name, count(r) AS count")
    return {row["name"]: row["count"] for row in found}


def ask(tenant: str, question: str, owners: Sequence[int] = (), **given: Any) -> list[dict[str, Any]]:
    """Rows of a question's answer, for somebody who may see private chats of these accounts."""
    return answered(archive(tenant, *owners), question, **given).rows


def points(tenant: str) -> int:
    """Points of a tenant in the vector index."""
    with qdrant().tenant(ids.tenant_id(tenant)) as index:
        return index.count()


def last_month(directory: Path) -> Path:
    """An export of the sample's last month, a quarter of it: a channel, a group and direct messages, with albums,
    threads and pictures. For tests that compare all there is before and after."""
    export = json.loads((SAMPLE / "result.json").read_text("utf-8"))
    files = {}
    for chat in export["chats"]["list"]:
        chat["messages"] = [message for message in chat["messages"] if message.get("date", "") >= LAST_MONTH]
        names = [message.get(key, "") for message in chat["messages"] for key in ("photo", "file", "thumbnail")]
        files |= {name: (SAMPLE / name).read_bytes() for name in names if (SAMPLE / name).is_file()}
    return write_export(directory, export, files)


def channel_of(tenant: str, title: str) -> UUID:
    """Id of the tenant's chat with a title."""
    found: UUID = scalar(tenant, "SELECT id FROM channels WHERE title = :title", title=title)
    return found


def write_export(directory: Path, export: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> Path:
    """Write an export folder: ``result.json`` and its media."""
    for name, data in (files or {}).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "result.json").write_text(json.dumps(export, ensure_ascii=False, indent=1), "utf-8")
    return directory
