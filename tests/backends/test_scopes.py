"""A search by scopes finds what one by tenant, owner and kind does, whether an index has them or is from before."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from tests.backends.clients import qdrant
from tg_assets import ids
from tg_assets.stores.collections import FORMAT, SCOPED, Version, is_scoped
from tg_assets.stores.narrow import NOBODY, SCOPE, Narrow
from tg_assets.stores.vectors import DENSE, LEMMAS, VectorIndex

ALIAS, SIZE = "scopes", 8
TENANTS = (ids.tenant_id("one"), ids.tenant_id("other"))
OWNERS, KINDS, FEEDS = (NOBODY, 7, 70), ("post", "album", "conversation"), ("a", "b")
ASKED = {DENSE: [1.0] * SIZE, LEMMAS: {"indices": [1], "values": [1.0]}}


def points(tenant: UUID) -> list[dict[str, Any]]:
    """Two of each owner, kind and feed."""
    random = np.random.default_rng(tenant.int % 1000)
    return [
        {
            "id": str(UUID(int=tenant.int ^ number)),
            "vector": {DENSE: random.random(SIZE).astype(np.float32), LEMMAS: {"indices": [1], "values": [1.0]}},
            "payload": {"tenant_id": str(tenant), "owner_id": owner, "kind": kind, "feed": feed},
        }
        for number, (owner, kind, feed, _) in enumerate(product(OWNERS, KINDS, FEEDS, range(2)))
    ]  # fmt: skip


@pytest.fixture(scope="module", params=(SCOPED - 1, FORMAT), ids="format {}".format)
def index(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[VectorIndex]:
    made = VectorIndex(environment["TG_QDRANT_URL"], environment["TG_QDRANT_API_KEY"], ALIAS)
    version = Version("model", SIZE, request.param)
    old = f"{ALIAS}_{version.fingerprint}_0"  # as names were before
    with pytest.MonkeyPatch.context() as patch, made.collections() as versions:
        if request.param < SCOPED:
            patch.setattr(Version, "collection", lambda *_: old)
        versions.first(version)
        assert is_scoped(ALIAS, str(versions.answering())) is (request.param >= SCOPED)
    for tenant in TENANTS:
        with made.tenant(tenant) as one:
            one.upsert(points(tenant))
    yield made
    with qdrant(environment) as client:
        for collection in client.get_collections().collections:
            client.delete_collection(collection.name)


@pytest.mark.parametrize("owners", [(), (7,), (7, 70), (99,)])
@pytest.mark.parametrize(
    "narrow",
    [
        Narrow(),
        Narrow(kind="post"),
        Narrow(kind="nothing"),
        Narrow(kinds=("post", "album")),
        Narrow(kind="conversation", feeds=("a",)),
        Narrow(kinds=KINDS, feeds=("a", "b")),
        Narrow(kind=f"post/{TENANTS[1]}/0/post"),
    ],
)
@pytest.mark.parametrize("tenant", TENANTS)
def test_exactly_what_is_asked_for(index: VectorIndex, tenant: UUID, narrow: Narrow, owners: tuple[int, ...]) -> None:
    kinds = (narrow.kind,) if narrow.kind else narrow.kinds or KINDS
    wanted = {
        point["id"]
        for point in points(tenant)
        if point["payload"]["owner_id"] in (NOBODY, *owners)
        and point["payload"]["kind"] in kinds
        and point["payload"]["feed"] in (narrow.feeds or FEEDS)
    }
    with index.tenant(tenant) as one:
        found = one.search(ASKED, replace(narrow, owners=owners), 1000)
    assert {name: {point for point, _ in hits} for name, hits in found.items()} == {DENSE: wanted, LEMMAS: wanted}
    assert bool(wanted) is not (narrow.kind is not None and narrow.kind not in KINDS)


def test_payloads_are_read_as_they_were_written(index: VectorIndex) -> None:
    for tenant in TENANTS:
        given = {point["id"]: point["payload"] for point in points(tenant)}
        with index.tenant(tenant) as one:
            assert one.payloads(list(given)) == given
            assert {point["id"]: point["payload"] for page in one.scroll() for point in page} == given


def test_a_wrong_scope_is_no_payload_of_the_points(index: VectorIndex, environment: dict[str, str]) -> None:
    """So that comparing the index with the database finds it."""
    tenant = TENANTS[0]
    first, second, *_ = points(tenant)
    with index.tenant(tenant) as one, qdrant(environment) as client:
        if not is_scoped(ALIAS, one.name):  # an index from before has none that could be wrong
            assert not next(iter(one.scroll({"key": SCOPE, "match": {"any": [f"{tenant}/0/post"]}})))
            return
        client.set_payload(one.name, {SCOPE: f"{TENANTS[1]}/0/post"}, [first["id"]])
        client.delete_payload(one.name, [SCOPE], [second["id"]])
        assert one.payloads([first["id"], second["id"]]) == {
            first["id"]: {**first["payload"], SCOPE: f"{TENANTS[1]}/0/post"},
            second["id"]: {**second["payload"], SCOPE: None},
        }
        one.upsert(points(tenant))
        assert not [point["id"] for page in one.scroll() for point in page if SCOPE in point["payload"]]
