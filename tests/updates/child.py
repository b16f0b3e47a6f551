"""A listener in a process of its own that SIGKILLs itself at a chosen place.

Its settings are the environment's.
"""

import asyncio
import os
import pkgutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support import pipeline
from tests.support.forked import Child
from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.live.producer import Producer
from tg_assets.settings import load_settings
from tg_assets.updates.listener import Listener

# What is called where the process dies, whether the call is done first, and at which call.
PLACES = {
    "received, not published": ("tg_assets.live.producer.Producer.send_many", False, 1),
    "published, not saved": ("tg_assets.updates.account.save_state", False, 1),
    "published, and nobody told": ("tg_assets.live.producer.Producer.send_many", True, 1),
}


def run(tenant: str, place: str) -> None:
    """Run it until it dies."""
    child = Child(main, tenant, place)
    assert child.wait() == -signal.SIGKILL, child.said


def _dying(original: Callable[..., Any], is_done: bool, at: int) -> Callable[..., Any]:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        found = original(*args, **kwargs) if calls < at or is_done else None
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return call


def main(tenant: str, place: str) -> None:
    """Listen with the tenant's accounts until the place is reached."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        accounts = [(tenant, one) for one in store.accounts(connection)]

    def producer(path: Path) -> Producer:
        return Producer(pipeline.redis(), 1, 200_000, "spill", path)

    name, is_done, at = PLACES[place]
    with mock.patch(name, _dying(pkgutil.resolve_name(name), is_done, at)):
        asyncio.run(Listener(pipeline.postgres(), load_settings(), producer, print).run(accounts, asyncio.Event()))
