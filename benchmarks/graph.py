"""The stage ``neo4j_nodes`` into the embedded graph server: first, again, and beside ready rows and one edge at a time.

Messages are those of the export beside the checkout, January to June 2020; tags are made up, two for each. Rows are
those that statements get: posts, of groups, authors, replies, forwards, tags, links. Bare are the same statements with
the rows that the stage gave them, for a tenant of its own; single is a statement for each relation, of a sample.
``python -m benchmarks.graph bolt://user:password@host:port`` has the same from another server.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from benchmarks.ingest import EXPORT
from tg_assets import ids
from tg_assets.assets import neo4j_nodes
from tg_assets.graph import persona, schema, statements
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
    statement: name for module in (statements, persona) for name, statement in vars(module).items() if name.isupper()
    and isinstance(statement, str)
}  # fmt: skip


class _Watched(TenantGraph):
    """Notes what is written, and the seconds it takes."""

    written: list[tuple[str, list[Mapping[str, Any]], str | None]]
    seconds: defaultdict[str, float]

    def write(self, statement: str, rows: Sequence[Mapping[str, Any]], *, met: str | None = None) -> int:
        started = time.monotonic()
        created = super().write(statement, rows, met=met)
        self.seconds[NAMES.get(statement, "others")] += time.monotonic() - started
        if rows:
            self.written.append((statement, list(rows), met))
        return created

    def read(self, statement: str, owners: Sequence[int] = (), **parameters: Any) -> list[dict[str, Any]]:
        started = time.monotonic()
        found = super().read(statement, owners, **parameters)
        self.seconds[NAMES.get(statement, "others")] += time.monotonic() - started
        return found


class _WatchedStore(GraphStore):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: list[tuple[str, list[Mapping[str, Any]], str | None]] = []
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def tenant(self, tenant: Any) -> Iterator[TenantGraph]:
        with self._driver() as driver:
            graph = _Watched(driver, tenant)
            graph.written, graph.seconds = self.written, self.seconds
            yield graph


def run(url: str | None = None) -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    store = _WatchedStore(url or settings.require("neo4j_url"))
    store.create_schema(schema.CONSTRAINTS)
    with Database(url=settings.require("postgres_url")).tenant(ids.tenant_id(TENANT)) as session:
        scope = _prepare(session, settings)
        stage = neo4j_nodes.stages(store)[0]
        first = run_stage(stage, session, scope)
        made, seconds = store.written[:], dict(store.seconds)
        store.seconds.clear()
        again = run_stage(stage, session, scope, force=True)
        again_seconds = store.seconds
    amount = sum(map(_size, (row for _, rows, _ in made for row in rows)))
    bare = _bare(store, made)
    single, edges = _single(store, made)
    alone = edges / single
    together = amount / bare

    def row(what: str, value: float, unit: str, target: str = "", digits: int = 0) -> dict[str, Any]:
        return {"what": what, "value": f"{value:,.{digits}f}", "unit": unit, "target": target}

    return [
        row(f"{first.done:,} messages, {amount:,} rows: first", first.done / first.seconds, "messages/s", ">= 2,500"),
        row("", amount / first.seconds, "rows/s", ">= 10,000"),
        row("again", again.done / again.seconds, "messages/s"),
        row("bare: ready rows", together, "rows/s", ">= 10,000"),
        row(f"one statement a row, {edges:,} of them", alone, "rows/s"),
        row("ready rows / one statement a row", together / alone, "x", ">= 20", 1),
        *(
            row(f"{name}: first", value, "s", f"again {again_seconds[name]:.2f}", 2)
            for name, value in sorted(seconds.items(), key=lambda one: -one[1])[:8]
        ),
    ]


def _prepare(session: TenantConnection, settings: Any) -> Scope:
    """Messages as posts, with tags."""
    objects = ObjectStore(url=settings.require("objects_url"))
    postgres = Database(url=settings.require("postgres_url"))
    (report,) = import_export(
        EXPORT, ImportOptions(TENANT), settings, postgres, objects, lambda what, done, total: None
    )
    scope = Scope(report.feed, SINCE, UNTIL)
    run_stage(posts.STAGE, session, scope)
    with session.transaction() as connection:
        found = connection.execute(text("SELECT id FROM messages WHERE NOT is_service ORDER BY id")).scalars().all()
        rows = []
        for number, post in enumerate(found):
            names = [f"tag {number % 97}", f"tag of its own {number}"]
            data = {"tags": [{"name": name, "confidence": 0.5} for name in names], "names": names, "lang": "ru"}
            rows.append((post, "", jsonb(data), "ok", None))
        save_enrichment(connection, "tags", "made up", rows)
    return scope


def _size(row: Mapping[str, Any]) -> int:
    return max((len(value) for value in row.values() if isinstance(value, list)), default=1)


def _bare(store: _WatchedStore, made: Sequence[tuple[str, list[Mapping[str, Any]], str | None]]) -> float:
    """Seconds of the statements alone, for another tenant."""
    with store.tenant(uuid4()) as graph:
        started = time.monotonic()
        for statement, rows, met in made:
            graph.write(statement, rows, met=met)
        return time.monotonic() - started


def _single(store: _WatchedStore, made: Sequence[tuple[str, list[Mapping[str, Any]], str | None]]) -> tuple[float, int]:
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
        print(f"{row['what']:<44}{row['value']:>10} {row['unit']:<12}{row['target']}")


if __name__ == "__main__":
    main()
