"""Providers whose every call goes to a function."""

from collections.abc import Callable
from typing import Generic, TypeVar

from tg_assets.speech.result import Transcript
from tg_assets.vision.result import VisionResult

T = TypeVar("T")


class _Handler(Generic[T]):
    def __init__(
        self,
        handler: Callable[[bytes, str], T],
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

    def _call(self, data: bytes, mime: str) -> T:
        """Count the call and pass it on."""
        self.calls += 1
        return self._handler(data, mime)


class HandlerProvider(_Handler[VisionResult]):
    """Looks at pictures."""

    def describe(self, image: bytes, mime: str) -> VisionResult:
        return self._call(image, mime)


class HandlerSpeech(_Handler[Transcript]):
    """Hears recordings."""

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        return self._call(data, mime)
