"""The last month of the sample for a tenant with an index of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rebuilding.support import House
from tests.support import pipeline


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of it."""
    return pipeline.last_month(tmp_path_factory.mktemp("month"))


def furnished(export: Path) -> Iterator[House]:
    """A house with an export, until the end."""
    tenant = pipeline.new_tenant()
    pipeline.import_path(export, tenant)
    found = House(f"index_{tenant}", [tenant])
    found.make(tenant)
    yield found
    found.drop()


@pytest.fixture
def house(servers: dict[str, str], month: Path) -> Iterator[House]:
    yield from furnished(month)
