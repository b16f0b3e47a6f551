"""A loopback Telegram for each test, and a tenant that reads it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.telegram import Loopback, loopback
from tests.telegram_server import World


@pytest.fixture
def connect(tenant: str, tmp_path: Path) -> Iterator[Callable[[World], Loopback]]:
    """Start a server of a world that the test has made."""
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(loopback(world, tenant, tmp_path))
