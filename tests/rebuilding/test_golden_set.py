"""Both stores are lost and made again: questions of the sample's golden set get the best answer that they got.

Every fifth of them: ``python -m benchmarks lost`` asks all, and compares all results.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.golden_sets import sample, sample_rows
from benchmarks.lost import alike
from tests.rebuilding.support import PICTURED, House, MadeUpVision, close
from tests.support import pipeline
from tg_assets import ids


@pytest.fixture
def house(servers: dict[str, str]) -> Iterator[House]:
    tenant = pipeline.new_tenant()
    pipeline.import_path(pipeline.SAMPLE, tenant)
    found = House(f"index_{tenant}", [tenant], given={"vision": MadeUpVision()})
    found.make(tenant, PICTURED)
    yield found
    found.drop()


def test_the_golden_set_is_answered_as_before(house: House) -> None:
    (tenant,) = house.tenants
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        asks = sample(sample_rows(connection)).asks
    assert min(Counter(ask.kind for ask in asks)[kind] for kind in ("asked", "picture", "name", "date", "reply")) > 5
    assert len(asks) >= 200
    questions = [ask.query for ask in asks[::5]]
    points, graph, answers = house.points(tenant), house.graph(tenant), house.answers(tenant, questions)
    assert all(answers.values())
    house.drop()
    house.cypher(tenant, "MATCH (n {tenant_id: $tenant}) DETACH DELETE n")
    house.rebuild()
    house.rebuild("neo4j_nodes")
    again = house.answers(tenant, questions)
    assert [one for one in questions if not alike(again[one][:1], answers[one][:1])] == []
    assert close(house.points(tenant), points)
    assert house.graph(tenant) == graph
