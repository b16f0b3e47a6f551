"""A rebuild that is killed at any place is gone on with by the next one, and changes nothing in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rebuilding import child
from tests.rebuilding.conftest import furnished
from tests.rebuilding.support import House, close, ledger, same

INDEX = (
    "before anything is made", "between two chunks", "before the switch", "between the switch and the ledger",
    "before the old one goes",
)  # fmt: skip
IN_PLACE = ("before anything is made", "between two chunks", "before what is too much goes")


@pytest.fixture(scope="module")
def house(servers: dict[str, str], month: Path) -> Iterator[House]:
    """One for all: each test leaves it as it was, which is what it is about."""
    yield from furnished(month)


@pytest.mark.parametrize("place", INDEX)
def test_an_index(house: House, place: str) -> None:
    """Searches are answered by the old version or by the new one, never by a part of it."""
    (tenant,) = house.tenants
    points, answers, said, (old, _) = house.points(tenant), house.answers(tenant), ledger(tenant), house.collections()
    child.run("index", house.alias, tenant, place)
    name, versions = house.collections()
    assert (name == old) == (place in INDEX[:3])
    assert len(versions) == 2
    assert close(house.points(tenant), points)
    assert same(house.answers(tenant), answers)
    house.make(tenant, ["qdrant_points"])
    again = house.rebuild()
    assert again == next(one for one in versions if one != old)
    assert house.collections() == (again, [again])
    assert close(house.points(tenant), points)
    assert ledger(tenant) == said


@pytest.mark.parametrize("place", IN_PLACE)
@pytest.mark.parametrize("what", ["neo4j_nodes", "qdrant_points"])
def test_in_place(house: House, what: str, place: str) -> None:
    (tenant,) = house.tenants
    points, graph, said = house.points(tenant), house.graph(tenant), ledger(tenant, "%")
    child.run(what, house.alias, tenant, place)
    assert house.points(tenant).keys() == points.keys()
    house.rebuild(what)
    assert close(house.points(tenant), points)
    assert house.graph(tenant) == graph
    assert ledger(tenant, "%") == said
