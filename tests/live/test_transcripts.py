"""What is said in voice and video notes becomes tags and is found by search; each note is heard once."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from resources.embedder import EmbedderResource
from resources.speech import SpeechChoice, SpeechResource
from tests.live.support import DELETED, EDITED, Live, stale
from tests.support import pipeline
from tests.support.data import ROOT
from tests.support.providers import HandlerSpeech
from tg_assets import ids
from tg_assets.answers.ranked import ranked
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech.result import Segment, Transcript

SAMPLES = ROOT / "samples" / "speech"
WORDS = {1: "ремонт дизельного генератора", 2: "", 3: "расписание электричек"}


class FakeSpeech(SpeechResource):
    """Hears what ``WORDS`` has for a recording's number; ``asked`` are the numbers."""

    _version: str = "fake@1"
    _asked: list[int]
    _words: Any = None

    @classmethod
    def make(cls, version: str = "fake@1", **changed: str) -> "FakeSpeech":
        speech = cls()
        speech._version, speech._asked = version, []
        speech._words = WORDS | {int(name.removeprefix("note")): text for name, text in changed.items()}
        return speech

    @property
    def asked(self) -> list[int]:
        return sorted(self._asked)

    def choose(self, settings: Any) -> SpeechChoice:
        def transcribe(data: bytes, mime: str) -> Transcript:
            number = int(data.decode().removeprefix("note "))
            self._asked.append(number)
            if number == 4:
                raise Refused(Refusal.broken, "for the test")
            if number == 5:
                raise RuntimeError("a secret text")
            text = self._words[number]
            return Transcript(
                text=text, lang="ru" if text else None, lang_probability=0.9 if text else None, seconds=2.5,
                segments=[Segment(start=0.0, end=2.5, text=text)] if text else [], provider="fake", model="fake",
                speech_version=self._version,
            )  # fmt: skip

        return SpeechChoice(HandlerSpeech(transcribe, version=self._version))


def note(live: Live, number: int, data: bytes, kind: str = "voice", mime: str = "audio/ogg") -> dict[str, Any]:
    """A message with a recording and no words."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"media/{ids.tenant_id(live.tenant)}/{sha256[:2]}/{sha256}.ogg"
    pipeline.objects().put(key, data)
    medium = {"kind": kind, "mime": mime, "size": len(data), "sha256": sha256, "s3_key": key}
    return live.event(number, text="", media=[medium])


def spoken(live: Live) -> dict[int, Any]:
    """Rows of what was heard, by message."""
    found = live.rows(
        """SELECT m.telegram_message_id, e.status, e.error, e.data, e.params_hash, e.provider FROM post_enrichment e
           JOIN messages m ON m.id = e.post_id WHERE e.kind = 'speech'"""
    )
    return {row.telegram_message_id: row for row in found}


def names(live: Live, number: int) -> list[str]:
    """The tags of a message."""
    found = live.rows(
        """SELECT t.data->'names' FROM post_enrichment t JOIN messages m ON m.id = t.post_id
           WHERE t.kind = 'tags' AND m.telegram_message_id = :number""",
        number=number,
    )
    return list(found[0][0]) if found else []


@pytest.fixture
def notes(live: Live) -> Live:
    """A text and three notes, the last a video; the same as the first once more, as a forward has it."""
    live.send(
        live.event(10),
        *(note(live, number, f"note {number}".encode()) for number in (1, 2)),
        note(live, 3, b"note 3", "video_note", "video/mp4"),
        note(live, 11, b"note 1"),
    )
    live.drain()
    return live


def test_notes_are_heard_once(notes: Live) -> None:
    """By content; tags and search have their words, and a second pass does nothing."""
    speech = FakeSpeech.make()
    first = notes.backfill(speech=speech)
    assert stale(first)["transcripts"] == {"new": 4}
    assert speech.asked == [1, 2, 3]
    assert {number: (row.status, row.data["text"]) for number, row in spoken(notes).items()} == {
        1: ("ok", WORDS[1]), 2: ("ok", ""), 3: ("ok", WORDS[3]), 11: ("ok", WORDS[1]),
    }  # fmt: skip
    assert names(notes, 1) == names(notes, 11)
    assert "дизельный генератор" in names(notes, 1)
    assert names(notes, 2) == []
    assert stale(notes.backfill(speech=speech)) == {}
    notes.rows("DELETE FROM derivations WHERE stage = 'transcripts' RETURNING 1")
    again = notes.backfill(speech=speech)
    assert again["transcripts"].counts["cache_hits"] == 3
    assert speech.asked == [1, 2, 3]


def test_another_model_touches_only_what_it_hears_differently(notes: Live) -> None:
    notes.backfill(speech=FakeSpeech.make())
    speech = FakeSpeech.make("fake@2", note3="расписание автобусов")
    assert stale(notes.backfill(speech=speech)) == {
        "transcripts": {"version": 4},
        "tags": {"changed": 1},
        "qdrant_points": {"changed": 1},
        "neo4j_nodes": {"changed": 1},
        "feed_statistics": {"changed": 1},
    }
    assert "расписание автобус" in names(notes, 3)[0] or "автобус" in " ".join(names(notes, 3))
    assert stale(notes.backfill(speech=speech)) == {}


def test_notes_that_are_refused_missing_or_fail(live: Live) -> None:
    """Each has its reason; a defect of the provider is tried again, and its words are not kept."""
    gone = live.event(6, text="", media=[{"kind": "voice", "mime": "audio/ogg", "size": 9}])
    live.send(*(note(live, number, f"note {number}".encode()) for number in (4, 5)), gone)
    live.drain()
    speech = FakeSpeech.make()
    live.backfill(speech=speech)
    found = {number: (row.status, row.error) for number, row in spoken(live).items()}
    assert found[4] == ("skipped", "refused: broken")
    assert found[5] == ("error", "the provider failed: RuntimeError")
    assert found[6][0] == "skipped"
    assert found[6][1]
    assert stale(live.backfill(speech=speech)) == {"transcripts": {"retry": 1}}
    assert speech.asked == [4, 5, 5]


def test_a_machine_that_cannot_hear_says_what_to_do_and_catches_up(notes: Live) -> None:
    """Notes are settled; once the extra is installed all of them are heard."""

    class Deaf(SpeechResource):
        def choose(self, settings: Any) -> SpeechChoice:
            return SpeechChoice(
                None, "faster-whisper is not installed; pip install '.[speech]' in the project's directory"
            )

    notes.backfill(speech=Deaf())
    assert {row.error for row in spoken(notes).values()} == {
        "faster-whisper is not installed; pip install '.[speech]' in the project's directory"
    }
    assert stale(notes.backfill(speech=Deaf())) == {}
    speech = FakeSpeech.make()
    assert stale(notes.backfill(speech=speech))["transcripts"] == {"version": 4}
    assert speech.asked == [1, 2, 3]


def test_a_deleted_note_loses_its_words(notes: Live) -> None:
    notes.backfill(speech=FakeSpeech.make())
    deleted = {
        "tenant_id": notes.tenant, "tg_channel_id": notes.event(1)["tg_channel_id"], "telegram_message_id": 1,
        "occurred_at": "2026-04-02T00:00:00Z",
    }  # fmt: skip
    notes.send(deleted, stream=DELETED)
    notes.drain()
    notes.backfill(speech=FakeSpeech.make())
    assert names(notes, 1) == []
    assert "дизельный генератор" in names(notes, 11)


def test_a_note_that_an_edit_took_away_is_heard_no_more(notes: Live) -> None:
    notes.backfill(speech=FakeSpeech.make())
    later = {"edited_at": "2026-03-02T00:00:00Z", "occurred_at": "2026-04-02T00:00:00Z"}
    notes.send(note(notes, 1, b"a file", "document", "application/zip") | later, stream=EDITED)
    notes.drain()
    notes.backfill(speech=FakeSpeech.make())
    assert spoken(notes).keys() == {2, 3, 11}
    assert names(notes, 1) == []
    assert stale(notes.backfill(speech=FakeSpeech.make())) == {}


@pytest.fixture(scope="module")
def whisper() -> Iterator[SpeechResource]:
    """The real model, in its worker."""
    with closing(SpeechResource()) as speech:
        yield speech


def test_real_voices_live(live: Live, whisper: SpeechResource) -> None:
    """Two voice notes and a video note, as they come from a stream: tagged and found by what is said in them."""
    samples = {
        1: ("voice_ru.ogg", "voice", "audio/ogg"),
        2: ("voice_en.ogg", "voice", "audio/ogg"),
        3: ("video_note_ru.mp4", "video_note", "video/mp4"),
    }
    live.send(
        *(note(live, number, (SAMPLES / name).read_bytes(), *about) for number, (name, *about) in samples.items())
    )
    live.drain()
    live.refresh(speech=whisper)
    found = spoken(live)
    assert {number: row.data["lang"] for number, row in found.items()} == {1: "ru", 2: "en", 3: "ru"}
    assert {row.provider for row in found.values()} == {"local"}
    assert "lighthouse" in found[2].data["text"].lower()
    for question, number in (("сильный ветер ночью", 1), ("repair the old boat", 2), ("красивая птица", 3)):
        best = ranked(pipeline.archive(live.tenant, embedder=EmbedderResource().get()), question)[0]
        assert best.telegram_message_id == number, question
        assert question.split()[0] in best.snippet.lower()
    assert any("lighthouse" in name for name in names(live, 2))
