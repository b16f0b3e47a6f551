"""Models elsewhere that are down, answer nonsense, or write an album's description: what becomes of live traffic."""

from typing import Any

from resources.vision import TenantVision, VisionResource
from tests.live.support import Live
from tests.live.test_albums import FakeVision, batches, check, describe, due, item, picture, told
from tests.support.providers import HandlerProvider
from tg_assets.albums.written import Writer
from tg_assets.metrics.catalogue import LIVE_STAGES
from tg_assets.remote.chat import Reply
from tg_assets.remote.errors import NotNow
from tg_assets.remote.price import Price
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult


def test_a_provider_that_is_down(live: Live) -> None:
    """Its pictures wait, visibly, and nothing else does; when it is back everything is as if it had never been away."""
    calls: list[bytes] = []

    class Down(VisionResource):
        def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
            return TenantVision(HandlerProvider(down), Policy())

    def down(image: bytes, mime: str) -> VisionResult:
        calls.append(image)
        raise NotNow("fake/fake does not answer (HTTP 503)")

    for batch in batches(live):
        live.send(*batch)
    live.send(*(live.event(number, media=[picture(live, number)]) for number in range(200, 240)))
    live.drain()
    assert live.behind() == {*LIVE_STAGES}
    live.refresh(vision=Down())
    assert live.behind() == {"vision_summaries"}
    waiting = live.rows(
        "SELECT count(*), min(reason) FROM derivations WHERE stage = 'vision_summaries' AND status = 'waiting'"
    )
    assert waiting == [(47, "fake/fake does not answer (HTTP 503)")]
    assert len(calls) <= 10
    assert told(live) == []
    assert live.rows("SELECT count(*) FROM dirty") != [(0,)]
    # All but the one that is deleted, of which nothing is kept.
    assert live.rows("SELECT count(*) FROM post_enrichment WHERE kind = 'tags'") == [(49,)]
    due(live)
    live.refresh(vision=FakeVision())
    check(live)
    assert live.rows("SELECT count(*) FROM post_enrichment WHERE kind = 'vision' AND status = 'ok'") == [(47,)]
    assert live.rows("SELECT count(*) FROM derivations WHERE status = 'waiting'") == [(0,)]
    assert live.rows("SELECT count(*) FROM dirty") == [(0,)]
    assert live.behind() == set()


class Scribe:
    """A model that sums up albums as it is told to."""

    def __init__(self, *replies: str | Exception) -> None:
        self.replies, self.asked = list(replies), list[str]()

    def ask(self, system: str, text: str, picture: Any = None, schema: Any = None) -> Reply:
        self.asked.append(text)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Reply(reply, 10, "scribe")

    def close(self) -> None:
        """Nothing to close."""


def written(scribe: Scribe) -> VisionResource:
    """Pictures described here, albums by that model."""
    writer = Writer(scribe, "scribe/1", Price(3.0, "RUB"))

    class Written(VisionResource):
        def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
            return TenantVision(HandlerProvider(describe), Policy(), writer=writer)

    return Written()


def test_an_album_written_by_a_model(live: Live) -> None:
    """A model that is down is waited for; its words become the summary, the other strategies' stay beside them."""
    scribe = Scribe(NotNow("scribe does not answer"), '{"summary": "A harbour, twice."}')

    live.send(*(item(live, number) for number in (101, 102)))
    live.drain()
    live.refresh(vision=written(scribe))
    assert told(live) == []
    assert live.rows("SELECT reason FROM derivations WHERE status = 'waiting'") == [("scribe does not answer",)]
    due(live)
    live.refresh(vision=written(scribe))
    (event,) = told(live)
    assert event["vision_summary"] == "A harbour, twice."
    ((meta,),) = live.rows("SELECT meta FROM media_groups")
    assert meta["strategies"]["model-written"] == "A harbour, twice."
    assert "101th" in meta["strategies"]["weighted"]
    assert "101th" in scribe.asked[-1]
    assert "the harbour" not in scribe.asked[-1]


def test_a_model_that_writes_nonsense(live: Live) -> None:
    """Then the album is summed up without it."""
    scribe = Scribe("no JSON", "none again")

    live.send(*(item(live, number) for number in (101, 102)))
    live.drain()
    live.refresh(vision=written(scribe))
    (event,) = told(live)
    assert "101th" in event["vision_summary"]
