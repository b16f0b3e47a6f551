"""A dry run counts what the run after it does, stage after stage, pictures and money included, whatever is set."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import PrivateAttr

from resources.speech import SpeechChoice, SpeechResource
from resources.tagger import TaggerResource, TenantTagger
from resources.vision import TenantVision, VisionResource
from tests.support import pipeline
from tests.support.providers import HandlerProvider, HandlerSpeech
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.albums.written import Writer
from tg_assets.assets import ASSETS
from tg_assets.assets.rehearsal import rehearse
from tg_assets.assets.tools import Tools
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report
from tg_assets.remote.chat import Reply
from tg_assets.remote.price import Price
from tg_assets.scope import Scope
from tg_assets.speech.result import Segment, Transcript
from tg_assets.tagging.tags import TagInput, TagResult, only_hashtags
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult

DAY = 1_682_931_600  # 2023-05-01T09:00:00Z
TOKENS = 700


class FakeVision(VisionResource):
    """A model with a price, asked once about each content."""

    _version: str = PrivateAttr("fake@1")
    _policy: Policy = PrivateAttr(Policy())
    _writer: Writer | None = PrivateAttr(None)

    @classmethod
    def make(cls, version: str = "fake@1", policy: Policy | None = None, writer: Writer | None = None) -> "FakeVision":
        made = cls()
        made._version, made._policy, made._writer = version, policy or Policy(), writer
        return made

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        def describe(image: bytes, mime: str) -> VisionResult:
            return VisionResult(
                classification="photo", description=f"{self._version} sees {image.decode()}", provider="fake",
                model="fake", vision_version=self._version, tokens_used=TOKENS,
            )  # fmt: skip

        provider = HandlerProvider(describe, version=self._version)
        return TenantVision(provider, self._policy, TOKENS, Price(2.0, "EUR"), 5.0, self._writer)


class FakeSpeech(SpeechResource):
    def choose(self, settings: Any) -> SpeechChoice:
        def transcribe(data: bytes, mime: str) -> Transcript:
            said = [Segment(start=0.0, end=1.0, text="the ferry is late")]
            return Transcript(
                text="the ferry is late", lang="en", lang_probability=0.9, seconds=1.0, segments=said, provider="fake",
                model="fake", speech_version="fake@1",
            )  # fmt: skip

        return SpeechChoice(HandlerSpeech(transcribe))


class Names(TaggerResource):
    """A tagger with a price. What it says is not what was said before: a dry run takes that for granted."""

    def for_tenant(self, tenant: str, embedder: Any, database: Any, settings: Any) -> TenantTagger:
        class Tagger:
            name, version, tokens, tokens_per_post, chunk_size = "fake", "fake@1", 0, 40, 20

            def tag_all(self, inputs: Any) -> list[TagResult]:
                return [only_hashtags(TagInput(f"{one.text} #harbourmaster {one.ocr_text}")) for one in inputs]

        return TenantTagger(Tagger(), Price(30.0, "RUB"))


def said(number: int, **fields: Any) -> dict[str, Any]:
    return message(number, text=f"the ferry number {number}", date_unixtime=str(DAY + 60 * number)) | fields


def photo(number: int, content: int, **fields: Any) -> dict[str, Any]:
    return said(number, photo=f"photos/{content}.png", width=10, height=10, **fields)


def land(tenant: str, directory: Path, *more: dict[str, Any]) -> str:
    """Texts, a note, an album, and one picture in two messages."""
    album = [photo(n, n, text="", date_unixtime=str(DAY + 1800)) for n in (20, 21, 22)]
    note = {"file": "files/3.ogg", "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 3}
    given = [said(1), said(2), said(3, **note), photo(4, 4), photo(5, 4), photo(6, 6), *album, *more]
    files = {f"photos/{n}.png": b"picture %d" % n for n in (4, 6, 20, 21, 22, 40)} | {"files/3.ogg": b"a note"}
    (report,) = pipeline.import_path(pipeline.write_export(directory, chat(*given), files), tenant)
    return report.feed


class Deployment:
    """A feed, and the settings under which it is counted and made."""

    def __init__(self, tenant: str, feed: str) -> None:
        self.tenant = tenant
        self._scope = Scope(feed, datetime(2023, 5, 1, tzinfo=UTC), datetime(2023, 5, 3, tzinfo=UTC))

    def _tools(self, given: Mapping[str, Any]) -> Tools:
        return pipeline.tools(**{"vision": FakeVision.make(), "speech": FakeSpeech(), **given})

    def counted(self, force: bool = False, **given: Any) -> dict[str, Report]:
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            found = rehearse(session, self._scope, ASSETS, self._tools(given), force=force)
        return {stage.name: report for _, stage, report in found}

    def made(self, force: bool = False, **given: Any) -> dict[str, Report]:
        found = {}
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            for several in pipeline.prepared_stages(self._tools(given)).values():
                for of in several:
                    stage = of if not callable(of) else of(self._scope)
                    found[stage.name] = run_stage(stage, session, self._scope, force=force)
        return found

    def check(self, **given: Any) -> dict[str, int]:
        """Count, run, compare; returns what each stage found stale."""
        before = pipeline.content_hashes(self.tenant), objects(self.tenant)
        counted = self.counted(**given)
        assert (pipeline.content_hashes(self.tenant), objects(self.tenant)) == before
        made = self.made(**given)
        assert {name: (one.total, dict(one.stale)) for name, one in counted.items()} == {
            name: (one.total, dict(one.stale)) for name, one in made.items()
        }
        assert counted["vision_summaries"].units == made["vision_summaries"].counts["described"]
        for name in ("vision_summaries", "album_summaries"):
            assert counted[name].tokens == made[name].spent, name
            assert counted[name].cost == pytest.approx(made[name].paid), name
        assert not [name for name, one in counted.items() if one.spent or one.paid]
        return {name: one.todo for name, one in made.items() if one.todo}


def objects(tenant: str) -> set[str]:
    root = Path(os.environ["TG_OBJECTS_URL"].removeprefix("file://"))
    return {str(path) for path in root.rglob("*") if path.is_file() and str(ids.tenant_id(tenant)) in str(path)}


class Scribe:
    """Answers at exactly what an album is reckoned to take."""

    def ask(self, system: str, text: str, picture: Any = None, schema: Any = None) -> Reply:
        return Reply('{"summary": "An album of ferries."}', Writer.tokens_per_album, "scribe")

    def close(self) -> None:
        """Nothing to close."""


def test_a_dry_run_counts_what_the_run_does(tenant: str, tmp_path: Path) -> None:
    it = Deployment(tenant, land(tenant, tmp_path / "one"))
    first = it.check()
    assert (first["vision_summaries"], first["album_summaries"], first["tags"]) == (6, 1, 9)
    assert it.check() == {}
    assert set(it.check(settings={"album_summary": "best-of"})) >= {"album_summaries"}
    assert it.check(settings={"album_summary": "best-of"}) == {}
    assert it.check(vision=FakeVision.make("fake@2"))["vision_summaries"] == 6
    assert it.check(vision=FakeVision.make("fake@2", Policy(never=("-1000000000042",))))["vision_summaries"] == 6
    assert it.check(vision=FakeVision.make("fake@2"))["vision_summaries"] == 6
    land(
        tenant, tmp_path / "two", photo(40, 40), said(41, edited_unixtime=str(DAY + 9000), edited="2023-05-01T13:00:00")
    )
    assert it.check(vision=FakeVision.make("fake@2"))["posts"] == 2
    it.check(vision=FakeVision.make("fake@2"), tagger=Names())
    it.check(vision=FakeVision.make("fake@2"), force=True)


def test_an_album_that_a_model_writes_is_counted_with_its_price(tenant: str, tmp_path: Path) -> None:
    it = Deployment(tenant, land(tenant, tmp_path))
    writer = Writer(Scribe(), "scribe", Price(1.0, "USD"))
    counted = it.check(vision=FakeVision.make(writer=writer))
    assert counted["album_summaries"] == 1
