"""The built-in provider on real voices: what is said is found, what is not said is not."""

import os
import re
import signal
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.speech.hostile import CORPUS
from tests.speech.sounds import buzz, encode, noise, sample, tone
from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.pool import Sandbox
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech import local
from tg_assets.speech.local import LocalSpeech
from tg_assets.speech.result import Transcript

VOICES = {
    "voice_ru.ogg": ("ru", 6.6, "ночью сильный ветер крыша старая утонула"),
    "voice_en.ogg": ("en", 7.0, "evening lighthouse lamp tomorrow paint door repair boat"),
    "video_note_ru.mp4": ("ru", 5.8, "смотрите красивая птица сидит нашего дома"),
}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def workers() -> list[psutil.Process]:
    """Living child processes that hear."""
    children = psutil.Process().children()
    return [one for one in children if any("tg_assets.speech.worker_tasks" in part for part in one.cmdline())]


@cache
def heard_first(speech: LocalSpeech, name: str) -> Transcript:
    """What was heard in a committed recording the first time; hearing takes seconds."""
    return speech.transcribe(sample(name), "application/octet-stream")


@pytest.fixture
def misled(monkeypatch: pytest.MonkeyPatch, shipped: Path) -> LocalSpeech:
    """A provider whose worker does what the recording says."""
    monkeypatch.setattr(local, "FACTORY", "tests.speech.misbehaving:tasks")
    return LocalSpeech(shipped, threads=1, max_seconds=60.0)


@pytest.mark.parametrize("name", VOICES)
def test_a_voice_becomes_text(speech: LocalSpeech, name: str) -> None:
    """Key words, language, length, times in order; and the whole survives JSON."""
    lang, seconds, said = VOICES[name]
    heard = heard_first(speech, name)
    assert words(said) <= words(heard.text)
    assert heard.lang == lang
    assert heard.lang_probability is not None
    assert heard.lang_probability > 0.8
    assert heard.seconds == pytest.approx(seconds, abs=0.1)
    assert " ".join(segment.text for segment in heard.segments) == heard.text
    starts = [segment.start for segment in heard.segments]
    assert starts == sorted(starts)
    assert heard.segments[-1].end <= heard.seconds + 1
    assert (heard.provider, heard.model, heard.speech_version) == ("local", "whisper-base", speech.version)
    assert Transcript.model_validate_json(heard.model_dump_json()) == heard


@pytest.mark.parametrize("make", [np.zeros_like, tone, noise, buzz], ids=["silence", "tone", "noise", "buzz"])
def test_where_nobody_speaks_there_is_no_text(speech: LocalSpeech, make: object) -> None:
    """Not an error, and no language either; the last one is what voice detection takes for a voice."""
    assert callable(make)
    wave = np.zeros(64_000) if make is np.zeros_like else make(4.0)
    heard = speech.transcribe(encode(wave), "audio/ogg")
    assert (heard.text, heard.segments, heard.lang, heard.lang_probability) == ("", [], None, None)
    assert heard.seconds == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_files_are_refused_by_name(speech: LocalSpeech, name: str) -> None:
    """With a sentence for a person."""
    make, reason = CORPUS[name]
    with pytest.raises(Refused) as caught:
        speech.transcribe(make(), "audio/ogg")
    assert caught.value.reason is reason
    assert str(caught.value) == f"{reason.value}: {caught.value.detail}"
    if reason is Refusal.too_long:
        assert caught.value.detail == "longer than 15 minutes"


def test_the_same_worker_hears_the_next_voice_the_same_way(speech: LocalSpeech) -> None:
    """After every hostile file; nothing of one recording is left in another's text."""
    first = heard_first(speech, "voice_en.ogg")
    (before,) = workers()
    for make, _ in CORPUS.values():
        with pytest.raises(Refused):
            speech.transcribe(make(), "audio/ogg")
    assert speech.transcribe(sample("voice_en.ogg"), "audio/ogg") == first
    (after,) = workers()
    assert before.pid == after.pid


def test_a_worker_killed_at_work_costs_nothing(speech: LocalSpeech) -> None:
    """Whoever killed it, for want of memory perhaps, the recording is heard by another."""
    speech.transcribe(encode(tone(1)), "audio/ogg")
    (worker,) = workers()
    heard: list[Transcript] = []
    caller = threading.Thread(target=lambda: heard.append(speech.transcribe(sample("voice_en.ogg"), "audio/ogg")))
    used = worker.cpu_times().user
    caller.start()
    while worker.cpu_times().user < used + 0.2:  # at work on it
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    caller.join()
    assert "lighthouse" in heard[0].text
    assert [one.pid for one in workers()] != [worker.pid]


@pytest.mark.parametrize(
    ("do", "reason"),
    [("spin", Refusal.too_slow), ("sleep", Refusal.too_slow), ("die", Refusal.crashed), ("refuse", Refusal.broken)],
)
def test_who_breaks_a_worker_is_refused_and_the_next_is_served(misled: LocalSpeech, do: str, reason: Refusal) -> None:
    """Endless work, endless waiting, two deaths; the sentence speaks of a recording."""
    with pytest.raises(Refused) as caught:
        misled.transcribe(do.encode(), "")
    assert caught.value.reason is reason
    assert "look" not in caught.value.detail
    assert misled.transcribe(b"echo", "").text.endswith(" 1 60.0")
    misled.close()


def test_an_error_of_the_machine_is_not_the_recordings_fault(misled: LocalSpeech) -> None:
    """To be tried again, with its reason."""
    with pytest.raises(TgAssetsError, match="not heard: RuntimeError: as asked"):
        misled.transcribe(b"fail", "")
    misled.close()


def test_a_worker_asks_nobody(shipped: Path) -> None:
    """From loading the model to the text no address is looked up and no connection made."""
    (place,) = shipped.iterdir()
    box = Sandbox("tests.speech.misbehaving:watched", {"model": str(place)}, workers=1)
    said, _ = box.call({}, sample("video_note_ru.mp4"))
    box.close()
    assert said == {"tried": [], "offline": True, "lang": "ru"}


def test_fewer_bytes_may_be_allowed_but_not_more(shipped: Path) -> None:
    """A worker takes no request that is much larger than ``MAX_BYTES``."""
    for allowed, size in ((10, 11), (1 << 40, local.MAX_BYTES + 1)):
        with pytest.raises(Refused) as caught:
            LocalSpeech(shipped, max_bytes=allowed).transcribe(bytes(size), "")
        assert caught.value.reason is Refusal.too_many_bytes


def test_the_version_names_engine_and_rules(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another release of the engine, other rules: what was heard before is stale."""
    known = LocalSpeech(shipped).version
    assert re.fullmatch(r"local@\d+\+faster-whisper-[\d.]+\+ctranslate2-[\d.]+\+d01c3014881c", known)
    monkeypatch.setattr(local, "RULES_VERSION", local.RULES_VERSION + 1)
    assert LocalSpeech(shipped).version != known
    monkeypatch.undo()
    monkeypatch.setattr(local, "installed", lambda package: "99")
    assert LocalSpeech(shipped).version != known
    monkeypatch.undo()
    assert LocalSpeech(shipped).version == known
