"""The seam: what a refusal carries, and the double for tests of what is built on it."""

import pickle

from tests.support.providers import HandlerSpeech
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech.provider import SpeechProvider
from tg_assets.speech.result import Transcript


def test_a_refusal_survives_a_process_pool() -> None:
    """Reason and sentence."""
    again = pickle.loads(pickle.dumps(Refused(Refusal.too_long, "longer than 15 minutes")))
    assert (again.reason, again.detail) == (Refusal.too_long, "longer than 15 minutes")
    assert str(again) == "too_long: longer than 15 minutes"


def test_a_handler_is_a_provider() -> None:
    """It counts its calls and gives what it is told to."""

    def handler(data: bytes, mime: str) -> Transcript:
        about = {"provider": "fake", "model": "fake", "speech_version": "fake@1"}
        return Transcript(
            text=f"{data.decode()} {mime}", lang="en", lang_probability=1.0, seconds=1.0, segments=[], **about
        )

    fake = HandlerSpeech(handler)
    provider: SpeechProvider = fake
    assert provider.transcribe(b"one", "audio/ogg").text == "one audio/ogg"
    assert (fake.calls, provider.name, provider.model, provider.version) == (1, "fake", "fake", "fake@1")
