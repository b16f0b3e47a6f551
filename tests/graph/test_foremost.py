"""Questions that look only where there may be enough: what they find is what is there, whatever else nodes have."""

from typing import Any

import pytest

from tests.support import pipeline
from tg_assets import ids
from tg_assets.graph.questions import EVERY
from tg_assets.stores.graph import GraphStore

HIDDEN = 5
# Of each name, posts that everybody may see, and those of an account.
MENTIONED = {
    "a": (2, 0), "b": (2, 0), "hidden": (0, 9), "c": (1, 0), "z": (2, 15), "few": (1, 1), "most": (4, 0), "x": (6, 10),
}  # fmt: skip
ENTITIES = """
UNWIND $rows AS row
MERGE (e:Entity {tenant_id: $tenant, name: row.name, type: 'name'})
CREATE (p:Post {tenant_id: $tenant, post_id: row.post, owner_id: row.owner, channel_id: 'c',
                posted_at: datetime('2026-01-01T00:00:00Z')})
CREATE (p)-[:MENTIONS]->(e)
"""
# Who answered whom, as which of two kinds, and how often in chats that everybody may see, and in those of an account.
REPLIED = [
    (1, 7, "user", 2, 0), (2, 7, "channel", 2, 0), (2, 7, "user", 2, 0), (1, 8, "user", 3, 9), (3, 9, "user", 3, 0),
    (4, 9, "user", 0, 3), (5, 10, "user", 0, 9), (6, 11, "user", 1, 0), (3, 8, "user", 1, 0),
]  # fmt: skip
REPLIES = """
UNWIND $rows AS row
MERGE (b:Author {tenant_id: $tenant, author_id: row.whom, author_type: row.kind})
CREATE (p:Post {tenant_id: $tenant, post_id: row.post})
CREATE (p)-[:REPLIES_TO_AUTHOR {author_id: row.who, owner_id: row.owner, channel_id: 'c', answered_owner_id: row.owner,
                                answered_channel_id: 'c', posted_at: datetime('2026-01-01T00:00:00Z'),
                                dated: '1767225600 ' + row.post + ' ' + row.post}]->(b)
"""


def _id(*of: object) -> str:
    return str(ids.post_id(ids.tenant_id(repr(of)), 1))


def _shown(store: GraphStore, tenant: str, name: str, limit: int) -> list[dict[str, Any]]:
    with store.tenant(ids.tenant_id(tenant)) as graph:
        return graph.show(EVERY[name].statement, owners=(), channels=None, limit=limit, since=None, until=None)


def test_names_with_as_many_and_with_hidden_ones(store: GraphStore) -> None:
    """Those with equal numbers are in the order of names, also where one of them has more that may not be seen."""
    tenant = pipeline.new_tenant()
    rows = [
        {"name": name, "post": _id(name, owner, n), "owner": owner}
        for name, numbers in MENTIONED.items()
        for owner, number in zip((0, HIDDEN), numbers, strict=True)
        for n in range(number)
    ]
    with store.tenant(ids.tenant_id(tenant)) as graph:
        graph.write(ENTITIES, rows)
    wanted = [("x", 6), ("most", 4), ("a", 2), ("b", 2), ("z", 2), ("c", 1), ("few", 1)]
    for limit in range(1, 10):
        found = _shown(store, tenant, "entities", limit)
        assert [(row["entity"], row["posts"]) for row in found] == wanted[:limit], limit
        assert all(row["post"] in {_id(row["entity"], 0, n) for n in range(row["posts"])} for row in found)


@pytest.mark.parametrize("limit", range(1, 8))
def test_replies_of_one_as_two_kinds_and_hidden_ones(store: GraphStore, limit: int) -> None:
    """An author of two kinds is one person, whose replies are counted together."""
    tenant = pipeline.new_tenant()
    rows = [
        {"who": who, "whom": whom, "kind": kind, "owner": owner, "post": _id(who, whom, kind, owner, n)}
        for who, whom, kind, *numbers in REPLIED
        for owner, number in zip((0, HIDDEN), numbers, strict=True)
        for n in range(number)
    ]
    with store.tenant(ids.tenant_id(tenant)) as graph:
        graph.write(REPLIES, rows)
    found = _shown(store, tenant, "who-replies", limit)
    wanted = [(2, 7, 4), (1, 8, 3), (3, 9, 3), (1, 7, 2), (3, 8, 1), (6, 11, 1)]
    assert [(row["who_id"], row["whom_id"], row["replies"]) for row in found] == wanted[:limit]
