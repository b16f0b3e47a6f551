"""Servers for the tests that need them, started once, and a tenant of each test's own.

A test that asks for ``servers`` and does not get them fails: nothing is skipped.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import servers as embedded

# A person's own servers and choices must not reach a test.
FOREIGN = {name for name in os.environ if name.startswith("TG_") and name not in ("TG_POSTGRES_BIN", "TG_REDIS_BIN")}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """PostgreSQL, Redis, a graph and a vector server, migrated; their ``TG_*`` variables are set meanwhile."""
    from migrations import upgrade

    directory = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        try:
            environment = embedded.start(directory)
            for name, value in environment.items():
                patch.setenv(name, value)
            upgrade(environment["TG_POSTGRES_OWNER_URL"])
            yield environment
        finally:
            embedded.stop(directory)


@pytest.fixture
def tenant(servers: dict[str, str]) -> str:
    """A tenant that no other test uses."""
    from tests.support.pipeline import new_tenant

    return new_tenant()


@pytest.fixture(scope="session")
def resources(servers: dict[str, str]) -> dict[str, Any]:
    """The deployment's resources, for ``dg.materialize``."""
    from tg_assets.definitions import default_resources

    return default_resources()
