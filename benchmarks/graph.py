"""The stage ``neo4j_nodes`` into the embedded graph server and a Neo4j 5, beside ready rows and one edge at a time.

Messages are those of the export beside the checkout, January to June 2020; tags are made up, two for each, with a topic
for every third and a name for every fourth. Rows are those that statements get: posts, of groups, authors, replies,
forwards, tags, topics, names, links. Bare are the same statements with the rows that the stage gave them, for a tenant
of its own; single is a statement for each relation, of a sample. The Neo4j is that of the tests (``make .venv/neo4j``);
``python -m benchmarks.graph bolt://user:password@host:port`` has the same from another server.
"""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from benchmarks.ingest import EXPORT
from tg_assets import ids
from tg_assets.assets import neo4j_nodes
from tg_assets.graph import leaving, persona, schema, statements
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.jsonb import jsonb
from tg_assets.landing import posts
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.enrichment import save_enrichment
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database, TenantConnection
from tg_assets.stores.graph import GraphStore, TenantGraph
from tg_assets.stores.objects import ObjectStore

TENANT = "bench-graph"
SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=UTC)
SINGLE = 500  # relations written one at a time
NAMES = {
    statement: name for module in (statements, persona, leaving) for name, statement in vars(module).items()
    if name.isupper() and isinstance(statement, str)
}  # fmt: skip
TOPICS = ("техника", "связь", "учёба", "economy")

Written = list[tuple[str, list[Mapping[str, Any]], str | None]]


class _Watched(TenantGraph):
    """Notes what is written, and the seconds it takes."""

    written: Written
    seconds: defaultdict[str, float]

    def write(self, statement: str, rows: Sequence[Mapping[str, Any]], *, met: str | None = None) -> int:
        started = time.monotonic()
        created = super().write(statement, rows, met=met)
        self.seconds[NAMES.get(statement, "others")] += time.monotonic() - started
        if rows:
            self.written.append((statement, list(rows), met))
        return created

    def read(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        started = time.monotonic()
        found = super().read(statement, **parameters)
        self.seconds[NAMES.get(statement, "others")] += time.monotonic() - started
        return found


class _WatchedStore(GraphStore):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: Written = []
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def tenant(self, tenant: UUID, *, run_id: str | None = None, version: str = "") -> Iterator[TenantGraph]:
        with self._driver() as driver:
            graph = _Watched(driver, tenant, {"run_id": run_id or "", "version": version})
            graph.written, graph.seconds = self.written, self.seconds
            yield graph


def servers(stack: ExitStack) -> dict[str, str]:
    """URLs of graph servers by name: the embedded one, and a Neo4j 5 where it was fetched."""
    from tests.support import real_neo4j

    found = {"embedded": load_settings().require("neo4j_url")}
    if any(real_neo4j.LIBRARIES.glob("*.jar")):
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tg-bench-neo4j-")))
        found["neo4j"] = stack.enter_context(real_neo4j.running(directory))
    return found


def run(url: str | None = None) -> list[dict[str, Any]]:
    """Rows of (what, a column for each server, unit, target)."""
    with ExitStack() as stack:
        measured = {name: _measure(one) for name, one in ({"": url} if url else servers(stack)).items()}
    first = next(iter(measured.values()))
    return [
        {"what": what, **{name: found.get(what, ("",))[0] for name, found in measured.items()}, "unit": unit,
         "target": target}
        for what, (_, unit, target) in first.items()
    ]  # fmt: skip


def _measure(url: str) -> dict[str, tuple[str, str, str]]:
    """What was measured: value, unit, target."""
    settings = load_settings()
    store = _WatchedStore(url)
    store.create_schema(schema.CONSTRAINTS)
    with Database(url=settings.require("postgres_url")).tenant(ids.tenant_id(TENANT)) as session:
        scope = prepare(session, settings, TENANT, SINCE, UNTIL)
        stage = neo4j_nodes.stages(store)[0]
        with session.transaction() as connection:
            connection.execute(text("DELETE FROM derivations WHERE stage = :name"), {"name": stage.name})
        first = run_stage(stage, session, scope, run_id="first")
        made, seconds = store.written[:], dict(store.seconds)
        store.seconds.clear()
        again = run_stage(stage, session, scope, force=True, run_id="again")
        again_seconds = store.seconds
    amount = sum(map(_size, (row for _, rows, _ in made for row in rows)))
    bare = _bare(store, made)
    single, edges = _single(store, made)
    alone, together = edges / single, amount / bare

    def value(number: float, unit: str, target: str = "", digits: int = 0) -> tuple[str, str, str]:
        return f"{number:,.{digits}f}", unit, target

    slowest = sorted(seconds.items(), key=lambda one: -one[1])[:8]
    return {
        f"{first.done:,} messages, {amount:,} rows: first": value(first.done / first.seconds, "messages/s", ">= 2,500"),
        "the same": value(amount / first.seconds, "rows/s", ">= 10,000"),
        "again": value(again.done / again.seconds, "messages/s"),
        "bare: ready rows": value(together, "rows/s", ">= 10,000"),
        f"one statement a row, {edges:,} of them": value(alone, "rows/s"),
        "ready rows / one statement a row": value(together / alone, "x", ">= 20", 1),
        **{f"{name}: first": value(took, "s", f"again {again_seconds[name]:.2f}", 2) for name, took in slowest},
    }


def prepare(
    session: TenantConnection, settings: Any, tenant: str, since: datetime, until: datetime, export: Path = EXPORT
) -> Scope:
    """Messages as posts, with tags; the span of them that is meant. Again: nothing."""
    objects = ObjectStore(url=settings.require("objects_url"))
    postgres = Database(url=settings.require("postgres_url"))
    (report,) = import_export(
        export, ImportOptions(tenant), settings, postgres, objects, lambda what, done, total: None
    )
    scope = Scope(report.feed, since, until)
    run_stage(posts.STAGE, session, scope)
    with session.transaction() as connection:
        if connection.execute(text("SELECT EXISTS (SELECT FROM post_enrichment)")).scalar():
            return scope
        found = connection.execute(text("SELECT id FROM messages WHERE NOT is_service ORDER BY id")).scalars().all()
        rows = [(post, "", jsonb(_tags(number)), "ok", None) for number, post in enumerate(found)]
        save_enrichment(connection, "tags", "made up", rows)
    return scope


def _tags(number: int) -> dict[str, Any]:
    tags = [
        {"name": f"tag {number % 97}", "confidence": 0.5, "origin": "text"},
        {"name": f"tag of its own {number}", "confidence": 0.5, "origin": "text"},
    ]
    if number % 3 == 0:
        tags.append({"name": TOPICS[number // 3 % 4], "confidence": 0.6, "origin": "topic"})
    if number % 4 == 0:
        tags.append({"name": f"name {number % 501}", "confidence": 0.8, "origin": "entity", "type": "person"})
        tags.append({"name": f"place {number % 31}", "confidence": 0.8, "origin": "entity", "type": "place"})
    names = [one["name"] for one in tags]
    return {"tags": tags, "names": names, "lang": "ru", "tags_version": "made-up-1"}


def _size(row: Mapping[str, Any]) -> int:
    return max((len(value) for value in row.values() if isinstance(value, list)), default=1)


def _bare(store: _WatchedStore, made: Written) -> float:
    """Seconds of the statements alone, for another tenant."""
    with store.tenant(uuid4()) as graph:
        started = time.monotonic()
        for statement, rows, met in made:
            graph.write(statement, rows, met=met)
        return time.monotonic() - started


def _single(store: _WatchedStore, made: Written) -> tuple[float, int]:
    """Seconds of one statement for each relation, and how many they were: a sample of posts and their tags."""
    with store.tenant(uuid4()) as graph:
        written = 0
        started = time.monotonic()
        for wanted, inside in ((statements.NEW_POSTS, "posts"), (statements.TAGS, "tags")):
            rows = (row for statement, rows, _ in made if statement == wanted for row in rows)
            alone = [{**row, inside: [one]} for row in rows for one in row[inside]][:SINGLE]
            for one in alone:
                written += 1
                graph.write(wanted, [one])
        return time.monotonic() - started, written


def main() -> None:
    """Print the table; needs the servers' variables."""
    import sys

    os.environ.setdefault("TG_DATA_DIR", ".tg-assets")
    for row in run(*sys.argv[1:]):
        print("  ".join(str(value) for value in row.values()))


if __name__ == "__main__":
    main()
