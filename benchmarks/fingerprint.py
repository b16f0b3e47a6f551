"""The end state of a tenant in all stores, to tell whether two versions of the code make the same of the same messages.

``save`` writes a folder: a file of JSON lines for each kind of row, point, node and relation, ordered, and dense
vectors beside their ids. When something was made, by which run and version, is left out.
``python -m benchmarks.fingerprint ONE OTHER`` compares two folders; it ends with 1 when they differ, and tells how many
lines, never what is in them.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import text

from tg_assets import ids
from tg_assets.assets.tools import Tools
from tg_assets.graph.schema import KEYS
from tg_assets.stores.vectors import COLLECTION, DENSE

TABLES = {
    "messages": "SELECT to_jsonb(r) - 'created_at' - 'updated_at' FROM messages r",
    "enrichment": """SELECT (to_jsonb(r) - 'created_at' - 'updated_at')
                            || jsonb_build_object('data', data - 'tags_version') FROM post_enrichment r""",
    "statistics": "SELECT to_jsonb(r) - 'created_at' - 'updated_at' FROM feed_statistics r",
    # That something was there for a while and went, as a thread whose beginning came later, is no state.
    "ledger": """SELECT jsonb_build_array(stage, item_id, at, status, reason) FROM derivations r
                 WHERE input_hash <> 'gone'""",
    "status": "SELECT to_jsonb(r) - 'updated_at' FROM indexing_status r",
}
TOLERANCE = 1e-6  # of one number of a dense vector, whose length is 1
PAGE = 1000
_OPTIONS = orjson.OPT_SORT_KEYS


def save(tools: Tools, tenant: str, folder: Path) -> None:
    """Write a tenant's state; ``tenant`` is its slug."""
    folder.mkdir(parents=True, exist_ok=True)
    with tools.database.tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        for name, statement in TABLES.items():
            _write(folder / name, connection.execute(text(statement)).scalars())
    numbers: dict[str, Any] = {}

    def sparse() -> Iterator[Any]:
        for point in points(tools, tenant):
            numbers[str(point.id)] = point.vector.pop(DENSE)
            yield [point.id, point.payload, {name: one.model_dump() for name, one in point.vector.items()}]

    _write(folder / "points", sparse())
    named = sorted(numbers)
    np.savez(folder / "dense.npz", ids=named, dense=np.array([numbers[one] for one in named], dtype=np.float32))
    _write(folder / "nodes", ([label, _told(node)] for label, node in nodes(tools, tenant)))
    _write(folder / "relations", ([*row[:3], _told(row[3]), *row[4:]] for row in relations(tools, tenant)))


def points(tools: Tools, tenant: str, most: int | None = None) -> Iterator[Any]:
    """Points of a tenant with payload and vectors, a page at a time."""
    wanted: Any = {"must": [{"key": "tenant_id", "match": {"value": str(ids.tenant_id(tenant))}}]}
    with tools.vectors._client() as client:
        offset: Any = None
        while most is None or most > 0:
            page = PAGE if most is None else min(PAGE, most)
            found, offset = client.scroll(COLLECTION, wanted, limit=page, offset=offset, with_vectors=True)
            yield from found
            most = None if most is None else most - page
            if offset is None:
                return


def nodes(tools: Tools, tenant: str) -> Iterator[list[Any]]:
    """Nodes of a tenant: label and properties."""
    with tools.graph.tenant(ids.tenant_id(tenant)) as graph:
        for label in KEYS:
            for row in graph.read(f"MATCH (n:{label} {{tenant_id: $tenant}}) RETURN properties(n) AS node"):
                yield [label, row["node"]]


def relations(tools: Tools, tenant: str) -> Iterator[list[Any]]:
    """Relations of a tenant: label and key of their beginning, type, properties, label and key of their end."""
    with tools.graph.tenant(ids.tenant_id(tenant)) as graph:
        for label, key in KEYS.items():
            for row in graph.read(f"""
                MATCH (a:{label} {{tenant_id: $tenant}})-[r]->(b)
                RETURN [{", ".join(f"a.{name}" for name in key)}] AS key, type(r) AS type, properties(r) AS relation,
                       labels(b)[0] AS label, properties(b) AS node"""):
                end = [row["node"][name] for name in KEYS[row["label"]]]
                yield [label, row["key"], row["type"], row["relation"], row["label"], end]


def _told(properties: dict[str, Any]) -> dict[str, Any]:
    """Without by which run and version."""
    return {name: value for name, value in properties.items() if name not in ("run_id", "version", "model")}


def _plain(value: Any) -> Any:
    if hasattr(value, "to_native"):  # a time of the graph
        return value.to_native().isoformat()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _write(path: Path, rows: Iterable[Any]) -> None:
    lines = sorted(orjson.dumps(row, _plain, _OPTIONS | orjson.OPT_PASSTHROUGH_DATETIME) for row in rows)
    path.with_suffix(".jsonl").write_bytes(b"\n".join([*lines, b""]))


def compare(one: Path, other: Path) -> list[str]:
    """A line for each kind: how many there are, whether they are equal."""
    told = []
    for path in sorted(one.glob("*.jsonl")):
        first, second = path.read_bytes(), (other / path.name).read_bytes()
        mine, theirs = set(first.splitlines()), set(second.splitlines())
        equal = first == second
        verdict = "equal" if equal else f"DIFFERENT: {len(mine - theirs)} only in one, {len(theirs - mine)} in other"
        told.append(f"{path.stem:<12}{len(mine):>9}  {hashlib.sha256(first).hexdigest()[:16]}  {verdict}")
    dense, others = np.load(one / "dense.npz"), np.load(other / "dense.npz")
    if list(dense["ids"]) != list(others["ids"]):
        return [*told, "dense        DIFFERENT: of other points"]
    farthest = float(np.abs(dense["dense"] - others["dense"]).max(initial=0.0))
    verdict = "equal" if farthest <= TOLERANCE else "DIFFERENT"
    return [*told, f"{'dense':<12}{len(dense['ids']):>9}  farthest apart {farthest:.1e}  {verdict}"]


if __name__ == "__main__":
    lines = compare(*map(Path, sys.argv[1:3]))
    sys.stdout.write("\n".join([*lines, ""]))
    sys.exit(any("DIFFERENT" in line for line in lines))
