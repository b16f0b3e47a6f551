"""Whoever hears voices: bytes of one recording to a ``Transcript``, or ``Refused``."""

from typing import Protocol

from tg_assets.sandbox.provider import Provider
from tg_assets.speech.result import Transcript


class SpeechProvider(Provider, Protocol):
    """Hears recordings."""

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """What is said in one recording. Raises ``Refused`` when the recording is the problem."""
        ...
