"""The sample for a tenant with an index of its own."""

from collections.abc import Iterator

import pytest

from tests.rebuilding.support import House
from tests.support import pipeline


def furnished() -> Iterator[House]:
    """A house with the sample, until the end."""
    tenant = pipeline.new_tenant()
    pipeline.import_path(pipeline.SAMPLE, tenant)
    found = House(f"index_{tenant}", [tenant])
    found.make(tenant)
    yield found
    found.drop()


@pytest.fixture
def house(servers: dict[str, str]) -> Iterator[House]:
    yield from furnished()
