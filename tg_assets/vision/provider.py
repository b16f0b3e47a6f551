"""The seam between the pipeline and whatever looks at pictures.

A provider takes the bytes of one picture and returns a ``VisionResult``, or raises. ``PictureRefused`` is settled:
the picture itself is the reason, trying again cannot help. Every other exception means "try again later".
What does not belong here: a concrete provider, retries, storage.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from tg_assets.vision.result import VisionResult


class Refusal(StrEnum):
    """Why a picture is never described; recorded as the reason of a skipped row."""

    empty = "empty"
    too_many_bytes = "too_many_bytes"
    not_a_picture = "not_a_picture"
    too_many_pixels = "too_many_pixels"
    truncated = "truncated"
    broken = "broken"
    too_slow = "too_slow"
    crashed = "crashed"
    filtered = "filtered"


class PictureRefused(Exception):
    """Settled: this picture will not be described. ``reason`` is for counting, ``detail`` for a person.

    ``tokens`` is what it cost to be told so.
    """

    def __init__(self, reason: Refusal, detail: str, tokens: int = 0) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.tokens = tokens

    def __reduce__(self) -> tuple[type["PictureRefused"], tuple[Refusal, str, int]]:
        """Picklable, so that it survives a process pool."""
        return type(self), (self.reason, self.detail, self.tokens)


class VisionProvider(Protocol):
    """Describes pictures. ``name`` and ``model`` are part of an object key; ``version`` makes results stale."""

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
        """Changes whenever the same picture may get another result."""
        ...

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Describe one picture. Raises ``PictureRefused`` when the picture is the problem."""
        ...


class HandlerProvider:
    """A provider for tests: each call goes to ``handler``."""

    def __init__(
        self,
        handler: Callable[[bytes, str], VisionResult],
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

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Count the call and pass it on."""
        self.calls += 1
        return self._handler(image, mime)
