"""The seam between the pipeline and whatever hears voices.

A provider takes the bytes of one recording and returns a ``Transcript``, or raises. ``SpeechRefused`` is settled:
the recording itself is the reason, trying again cannot help. Every other exception means "try again later".
What does not belong here: a concrete provider, retries, storage.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from tg_assets.speech.result import Transcript


class Refusal(StrEnum):
    """Why a recording is never heard; recorded as the reason of a skipped row."""

    empty = "empty"
    too_many_bytes = "too_many_bytes"
    not_a_recording = "not_a_recording"
    unknown_codec = "unknown_codec"
    no_sound = "no_sound"
    odd_sound = "odd_sound"
    too_long = "too_long"
    truncated = "truncated"
    broken = "broken"
    too_slow = "too_slow"
    crashed = "crashed"


class SpeechRefused(Exception):
    """Settled: this recording will not be heard. ``reason`` is for counting, ``detail`` for a person."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["SpeechRefused"], tuple[Refusal, str]]:
        """Picklable, so that it survives a process pool."""
        return type(self), (self.reason, self.detail)


class SpeechProvider(Protocol):
    """Hears recordings. ``name`` and ``model`` are part of an object key; ``version`` makes results stale."""

    @property
    def name(self) -> str:
        """Who made the result: ``local``, or the name of a service."""
        ...

    @property
    def model(self) -> str:
        """Which model of that provider."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same recording may get another result."""
        ...

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """What is said in one recording. Raises ``SpeechRefused`` when the recording is the problem."""
        ...


class HandlerSpeech:
    """A provider for tests: each call goes to ``handler``."""

    def __init__(
        self,
        handler: Callable[[bytes, str], Transcript],
        *,
        name: str = "fake",
        model: str = "fake",
        version: str = "fake@1",
    ) -> None:
        self._handler = handler
        self.name = name
        self.model = model
        self.version = version
        self.calls = 0

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """Count the call and pass it on."""
        self.calls += 1
        return self._handler(data, mime)
