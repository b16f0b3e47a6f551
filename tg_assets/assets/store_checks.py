"""Checks of what the vector index and the graph hold: counted, and a few of the things looked up.

They take moments whatever there is; ``tg-assets verify`` compares everything. While partitions wait for the refresh the
stores may be a little behind or ahead, so only the few are judged then. What does not belong here: mending.
"""

from collections.abc import Callable, Collection
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tg_assets.assets.checks import Rule
from tg_assets.stores.database import TenantConnection
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.vectors import VectorIndex

FEW = 100

_MADE = "SELECT count(*) FROM derivations WHERE stage = ANY(:stages) AND status = 'ok'"
# A deleted post has no node, and the ledger says that it has been seen to.
_NODES = """
    SELECT count(*) FROM derivations d JOIN messages m ON m.id = d.item_id
    WHERE d.stage = ANY(:stages) AND d.status = 'ok' AND m.deleted_at IS NULL
"""
_FEW = """
    SELECT d.item_id::text FROM derivations d {joined}
    WHERE d.stage = :stage AND d.status = 'ok' AND d.item_id >= CAST(:from AS uuid) {live}
    ORDER BY d.item_id LIMIT :few
"""
_COUNT = """
MATCH (p:Post {tenant_id: $tenant}) WHERE NOT coalesce(p.placeholder, false) RETURN count(p) AS count
"""
_THERE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id}) WHERE NOT coalesce(p.placeholder, false)
RETURN p.post_id AS id
"""

# What the store has, by some ids: how many things there are in all, and which of these are there.
Asked = Callable[[Collection[str]], tuple[int, set[str]]]


def points(asset: str, stages: tuple[str, ...]) -> Rule:
    """Whether the vector index has the points that the ledger says were made; the first stage's are looked up."""

    def counted(session: TenantConnection, store: VectorIndex) -> int:
        def ask(few: Collection[str]) -> tuple[int, set[str]]:
            with store.tenant(session.tenant) as index:
                return index.count(), set(index.payloads(list(few), ["tenant_id"]))

        return _wrong(session, _MADE, _FEW.format(joined="", live=""), stages, ask)

    return _rule(asset, "points", "qdrant", counted)


def nodes(asset: str, stage: str) -> Rule:
    """Whether the graph has a node for each post that the ledger says was made, and for no other."""
    few = _FEW.format(joined="JOIN messages m ON m.id = d.item_id", live="AND m.deleted_at IS NULL")

    def counted(session: TenantConnection, store: GraphStore) -> int:
        def ask(wanted: Collection[str]) -> tuple[int, set[str]]:
            with store.tenant(session.tenant) as graph:
                ((count,),) = (row.values() for row in graph.read(_COUNT))
                return count, {row["id"] for row in graph.read(_THERE, rows=[{"post_id": one} for one in wanted])}

        return _wrong(session, _NODES, few, (stage,), ask)

    return _rule(asset, "posts", "neo4j", counted)


def _wrong(session: TenantConnection, made: str, few: str, stages: tuple[str, ...], ask: Asked) -> int:
    """How many things are missing or too much, as far as it was looked."""
    with session.transaction() as connection:
        expected = connection.execute(text(made), {"stages": list(stages)}).scalar_one()
        values = {"stage": stages[0], "from": str(uuid4()), "few": FEW}
        some = set(connection.execute(text(few), values).scalars())
        settled = not connection.execute(text("SELECT EXISTS (SELECT FROM dirty)")).scalar_one()
    count, there = ask(sorted(some))
    return max(len(some - there), abs(count - expected) if settled else 0)


def _rule(asset: str, what: str, store: str, counted: Callable[[TenantConnection, Any], int]) -> Rule:
    return Rule(
        asset,
        "agrees_with_database",
        f"The store has the {what} that the ledger says were made, and no others: counted, and some looked up.",
        "",
        f"{what} are missing or too much; `tg-assets verify` says which",
        store=store,
        counted=counted,
    )
