"""Which pictures are looked at, how often, and what another model or policy makes stale."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from resources.vision import TenantVision, VisionResource
from tests.live.support import EDITED, Live, stale
from tests.live.test_albums import picture, said
from tests.support.providers import HandlerProvider
from tg_assets.ledger.stage import Report
from tg_assets.remote.errors import ReplyUnusable
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult
from tg_assets.vision.similar import Fingerprint

Say = Callable[[int], VisionResult]


class FakeVision(VisionResource):
    """One provider and policy for every tenant; ``asked`` are the numbers of the pictures it was shown."""

    _say: Any = None
    _policy: Any = None
    _version: str = "fake@1"
    _asked: list[int]
    _fingerprint: Any = None

    @classmethod
    def make(
        cls, say: Say, policy: Policy | None = None, version: str = "fake@1", fingerprint: Any = None
    ) -> "FakeVision":
        vision = cls()
        vision._say, vision._policy, vision._version = say, policy or Policy(), version
        vision._asked, vision._fingerprint = [], fingerprint
        return vision

    @property
    def asked(self) -> list[int]:
        return sorted(self._asked)

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        def describe(image: bytes, mime: str) -> VisionResult:
            number = int(image.decode().removeprefix("picture "))
            self._asked.append(number)
            found: VisionResult = self._say(number)
            return found.model_copy(update={"provider": "fake", "model": "fake", "vision_version": self._version})

        provider = HandlerProvider(describe, version=self._version)
        if self._fingerprint:
            provider.fingerprint = self._fingerprint  # type: ignore[attr-defined]
        return TenantVision(provider, self._policy)


def plain(number: int) -> VisionResult:
    """A result that names its picture."""
    return said(number, "fake")


def run(live: Live, vision: FakeVision) -> dict[str, Report]:
    """All stages over everything; reports by asset."""
    return live.backfill(vision=vision)


@pytest.fixture
def posts(live: Live) -> Live:
    """Two posts with a picture, one with two, one with none."""
    live.send(
        live.event(1, text="первый маяк", media=[picture(live, 1)]),
        live.event(2, text="второй маяк", media=[picture(live, 2)]),
        live.event(3, text="третий маяк", media=[picture(live, 3), picture(live, 4)]),
        live.event(4, text="без картинки"),
    )
    live.drain()
    return live


def described(live: Live) -> dict[int, Any]:
    """Rows of what was seen, by message."""
    rows = live.rows(
        """SELECT m.telegram_message_id AS number, e.status, e.error, e.data FROM post_enrichment e
           JOIN messages m ON m.id = e.post_id WHERE e.kind = 'vision' ORDER BY 1"""
    )
    return {row.number: row for row in rows}


def test_every_picture_of_a_post(posts: Live) -> None:
    """A post's result is made of all its pictures, each looked at once."""
    vision = FakeVision.make(plain)
    run(posts, vision)
    assert vision.asked == [1, 2, 3, 4]
    found = described(posts)
    assert {number: row.status for number, row in found.items()} == {1: "ok", 2: "ok", 3: "ok"}
    assert "3th" in found[3].data["description"]
    assert "4th" in found[3].data["description"]
    assert [one["why"] for one in found[3].data["pictures"]] == [None, None]
    assert all(row.data["vision_version"] and row.data["features_hash"] for row in found.values())
    assert not stale(run(posts, vision))
    assert vision.asked == [1, 2, 3, 4]


def test_another_model_makes_exactly_its_posts_stale(posts: Live) -> None:
    """Tags, points and nodes are redone only where the features differ; a second pass does nothing."""
    run(posts, FakeVision.make(plain))

    def second(number: int) -> VisionResult:
        return plain(number).model_copy(update={"labels": ["lighthouse"]} if number == 2 else {})

    vision = FakeVision.make(second, version="fake@2")
    assert stale(run(posts, vision)) == {
        "vision_summaries": {"version": 3},
        "tags": {"changed": 1},
        "qdrant_points": {"changed": 1},
        "neo4j_nodes": {"changed": 1},
        "feed_statistics": {"changed": 1},
    }
    ((trigger, names),) = posts.rows(
        """SELECT t.data->>'trigger', t.data->'names' FROM post_enrichment t JOIN messages m ON m.id = t.post_id
           WHERE t.kind = 'tags' AND m.telegram_message_id = 2"""
    )
    assert trigger == "vision_retag"
    assert "lighthouse" in names
    assert stale(run(posts, vision)) == {}


def test_a_policy_and_its_reasons(posts: Live) -> None:
    """What is left out has its reason; another policy makes just those posts stale for which it decides otherwise."""
    vision = FakeVision.make(plain, Policy(per_post=1))
    run(posts, vision)
    assert vision.asked == [1, 2, 3]
    assert [one["why"] for one in described(posts)[3].data["pictures"]] == [
        None,
        "policy: beyond the first 1 of the post",
    ]
    whole = FakeVision.make(plain, Policy(per_post=2))
    assert stale(run(posts, whole))["vision_summaries"] == {"changed": 2}, "described and fingerprinted"
    assert whole.asked == [4]
    none = FakeVision.make(plain, Policy(never=("-1001234567890",)))
    assert stale(run(posts, none))["vision_summaries"] == {"changed": 3}
    assert {row.error for row in described(posts).values()} == {"policy: the chat is left out"}
    assert none.asked == []


def test_pictures_that_fail_or_are_refused(posts: Live) -> None:
    """Each is settled with its reason and is not asked about again; a defect of the provider is tried again."""

    def bad(number: int) -> VisionResult:
        if number == 1:
            raise Refused(Refusal.broken, "for the test")
        if number == 2:
            raise ReplyUnusable("answered nonsense twice")
        if number == 4:
            raise RuntimeError("a secret text")
        return plain(number)

    vision = FakeVision.make(bad)
    run(posts, vision)
    found = {number: (row.status, row.error) for number, row in described(posts).items()}
    assert found == {
        1: ("skipped", "refused: broken"),
        2: ("error", "answered nonsense twice"),
        3: ("partial", "the provider failed: RuntimeError"),
    }
    assert stale(run(posts, vision))["vision_summaries"] == {"retry": 1}
    assert vision.asked == [1, 2, 3, 4, 4]


def test_what_an_edit_took_away_is_described_no_more(posts: Live) -> None:
    """A file takes the picture's place: description and tags go with the picture, and come again with another one."""
    vision = FakeVision.make(plain)
    run(posts, vision)
    assert described(posts).keys() == {1, 2, 3}
    file = picture(posts, 9) | {"kind": "document", "mime": "application/zip"}
    later = {"edited_at": "2026-03-02T00:00:00Z", "occurred_at": "2026-04-02T00:00:00Z"}
    posts.send(posts.event(1, text="первый маяк", media=[file], **later), stream=EDITED)
    posts.drain()
    run(posts, vision)
    assert described(posts).keys() == {2, 3}
    assert not any(report.todo for report in run(posts, vision).values())
    again = {"edited_at": "2026-03-03T00:00:00Z", "occurred_at": "2026-04-03T00:00:00Z"}
    posts.send(posts.event(1, text="первый маяк", media=[picture(posts, 1)], **again), stream=EDITED)
    posts.drain()
    run(posts, vision)
    assert described(posts)[1].status == "ok"


def test_a_picture_that_looks_the_same_is_paid_for_once(live: Live) -> None:
    """The same picture saved anew takes the first one's result; another caption on the same ground does not."""
    ground = np.arange(1024, dtype=np.uint8).tobytes()
    other = bytes(255 - one for one in ground)

    def fingerprint(image: bytes, mime: str) -> Fingerprint:
        number = int(image.decode().removeprefix("picture "))
        bits = hashlib.sha256(b"ground").digest()
        near = (int.from_bytes(bits) ^ number).to_bytes(32)  # a bit or two
        return near, other if number == 3 else ground

    for number in (1, 2, 3):
        live.send(live.event(number, media=[picture(live, number)]))
        live.drain()
        vision = FakeVision.make(plain, fingerprint=fingerprint)
        run(live, vision)
        assert vision.asked == ([] if number == 2 else [number])
    results = {number: row.data for number, row in described(live).items()}
    assert results[2]["analysis_reason"] == "cache_hit"
    assert results[2]["description"] == results[1]["description"] != results[3]["description"]
    assert results[2]["sha256"] != results[1]["sha256"]
