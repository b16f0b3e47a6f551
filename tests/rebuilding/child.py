"""A rebuild in a process of its own that SIGKILLs itself at a chosen place.

``WHAT`` is ``index``, or the asset that is made again in place, ``PLACE`` one of ``PLACES``.
"""

import os
import pkgutil
import signal
from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.rebuilding.support import House
from tests.support.forked import Child

# What is called where it dies, and at which of its calls; whether that call is done before.
PLACES = {
    "before anything is made": ("tg_assets.ledger.engine._record", 1, False),
    "between two chunks": ("tg_assets.ledger.engine._record", 3, False),
    "before the switch": ("tg_assets.stores.collections.Collections.switch", 1, False),
    "between the switch and the ledger": ("tg_assets.stores.collections.Collections.switch", 1, True),
    "before the old one goes": ("tg_assets.stores.collections.Collections.drop", 1, False),
    "before what is too much goes": ("tg_assets.verifying.verify.Verification.run", 1, False),
}


def run(what: str, alias: str, tenant: str, place: str) -> None:
    """Let it die there."""
    child = Child(main, what, alias, tenant, place)
    assert child.wait() == -signal.SIGKILL, (place, child.said)


def _dying(original: Callable[..., Any], at: int, *, after: bool) -> Callable[..., Any]:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            if after:
                original(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    return call


def main(what: str, alias: str, tenant: str, place: str) -> None:
    """Rebuild until then."""
    name, at, after = PLACES[place]
    owner, _, attribute = name.rpartition(".")
    original = getattr(pkgutil.resolve_name(owner), attribute)
    with mock.patch(name, _dying(original, at, after=after)):
        House(alias, [tenant]).rebuild(what)
