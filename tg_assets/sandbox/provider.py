"""The seam between the pipeline and whatever reads files of strangers: pictures and recordings.

A provider takes the bytes of one file and returns what it is, or raises. ``Refused`` is settled: the file itself is the
reason, trying again cannot help. Every other exception means "try again later". What does not belong here: a concrete
provider, retries, storage.
"""

from enum import StrEnum
from typing import Protocol


class Refusal(StrEnum):
    """Why a file is never read; recorded as the reason of a skipped row."""

    empty = "empty"
    too_many_bytes = "too_many_bytes"
    truncated = "truncated"
    broken = "broken"
    too_slow = "too_slow"
    crashed = "crashed"
    # Of pictures.
    not_a_picture = "not_a_picture"
    too_many_pixels = "too_many_pixels"
    filtered = "filtered"
    # Of recordings.
    not_a_recording = "not_a_recording"
    unknown_codec = "unknown_codec"
    no_sound = "no_sound"
    odd_sound = "odd_sound"
    too_long = "too_long"


class Refused(Exception):
    """Settled: this file will not be read. ``reason`` is for counting, ``detail`` for a person.

    ``tokens`` is what it cost to be told so.
    """

    def __init__(self, reason: Refusal, detail: str, tokens: int = 0) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.tokens = tokens

    def __reduce__(self) -> tuple[type["Refused"], tuple[Refusal, str, int]]:
        """Picklable, so that it survives a process pool."""
        return type(self), (self.reason, self.detail, self.tokens)


class Provider(Protocol):
    """Who reads files. ``name`` and ``model`` are part of an object key; ``version`` makes results stale."""

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
        """Changes whenever the same file may get another result."""
        ...
