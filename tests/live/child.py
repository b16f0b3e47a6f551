"""A tail or a refresh in a process of its own that SIGKILLs itself at a chosen place.

``PLACE`` is one of ``PLACES`` or ``never``. ``lives`` is a tail that is born again each time it dies, and prints how
often it lived.
"""

import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.support import pipeline
from tests.support.forked import Child
from tg_assets import ids

# Where a process may die: what is called there, and at which of its calls.
PLACES = {
    "before commit": ("tg_assets.ledger.dirty.mark", 2),
    "between commit and ack": ("tg_assets.live.reader.Reader.ack", 2),
    "at a deadly message": ("tg_assets.live.apply.batch_of", 0),
    "after the points, before the ledger": ("tg_assets.assets.post_points.mark", 1),
    "after the nodes, before the ledger": ("tg_assets.assets.neo4j_nodes.mark", 1),
    "before marks are cleared": ("tg_assets.ledger.dirty.clear", 1),
    "between sending and forgetting": ("redis.client.Pipeline.execute", 1),
    "after the album's object": ("tg_assets.assets.album_summaries._event", 1),
    "before the albums' ledger": ("tg_assets.assets.album_summaries.show", 1),
}
DEADLY = "this message kills"
MOST_LIVES = 40


def run(job: str, tenant: str, place: str = "never") -> int:
    """Run it to its end, whatever that is; its exit code."""
    child = start(job, tenant, place)
    code = child.wait()
    assert code in (0, -signal.SIGKILL), child.said
    return code


def lives(tenant: str, place: str) -> int:
    """Let tails live and die until one comes to its end; how many there were."""
    child = start("lives", tenant, place)
    assert child.wait() == 0, child.said
    return int(child.said.split()[-1])


def start(job: str, tenant: str, place: str = "never") -> Child:
    """Start it."""
    return Child(main, job, tenant, place)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying(original: Callable[..., Any], at: int) -> Callable[..., Any]:
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if at and calls == at:
            if original.__name__ == "execute" or original.__name__ == "mark":
                original(*args, **kwargs)
            _die()
        if not at and any(DEADLY.encode() in one.entry.data for one in args[1]):
            _die()
        return original(*args, **kwargs)

    return call


def main(job: str, tenant: str, place: str) -> None:
    """Read, or refresh, until nothing is left."""
    from tests.live.support import Live

    if job == "lives":
        for number in range(1, MOST_LIVES):
            if (child := os.fork()) == 0:  # it has imported everything, and is connected to nothing
                main("tail-whole", tenant, place)
                os._exit(0)
            if os.waitpid(child, 0)[1] == 0:
                print(number)
                return
        sys.exit(f"it died {MOST_LIVES} times")

    live = Live(pipeline.redis(), tenant)
    if place == "never":
        work(live, job)
        return
    name, at = PLACES[place]
    owner, _, attribute = name.rpartition(".")
    with mock.patch(name, _dying(getattr(pkgutil.resolve_name(owner), attribute), at)):
        work(live, job)


def work(live: Any, job: str) -> None:
    """The tail with small batches, so that there are several; or the stages."""
    if job == "tail-whole":
        live.drain()
    elif job.startswith("tail"):
        with mock.patch("tg_assets.live.tail.BATCH", 30):
            live.drain(linger=20.0 if job == "tail-waiting" else 0.0)
    elif job == "refresh-albums":
        from tests.live.test_albums import FakeVision

        live.refresh([ids.tenant_id(live.tenant)], vision=FakeVision())
    else:
        live.refresh([ids.tenant_id(live.tenant)])
