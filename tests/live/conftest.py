"""A tail of a test's own: streams under real Redis, which are emptied before each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.live.support import Live
from tests.support import pipeline


@pytest.fixture
def redis(servers: dict[str, str]) -> Iterator[Any]:
    """The session's Redis, empty."""
    from tg_assets.stores.redis import client

    server = client(servers["TG_REDIS_URL"])
    server.flushall()
    yield server
    server.flushall()


@pytest.fixture
def live(redis: Any, tenant: str) -> Live:
    """A registered tenant, and what reads its streams."""
    found = Live(redis, tenant)
    found.register()
    return found


@pytest.fixture
def another(redis: Any) -> Callable[[], Live]:
    """Further tenants on the same streams."""

    def make() -> Live:
        found = Live(redis, pipeline.new_tenant())
        found.register()
        return found

    return make
