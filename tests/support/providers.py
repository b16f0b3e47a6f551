"""Providers whose every call goes to a function."""

from collections.abc import Callable

from tg_assets.speech.result import Transcript
from tg_assets.vision.result import VisionResult


class _Handler:
    def __init__(self, name: str, model: str, version: str) -> None:
        self.name = name
        self.model = model
        self.version = version
        self.calls = 0


class HandlerProvider(_Handler):
    """Looks at pictures by ``handler``."""

    def __init__(
        self,
        handler: Callable[[bytes, str], VisionResult],
        *,
        name: str = "fake",
        model: str = "fake",
        version: str = "fake@1",
    ) -> None:
        super().__init__(name, model, version)
        self._handler = handler

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Count the call and pass it on."""
        self.calls += 1
        return self._handler(image, mime)


class HandlerSpeech(_Handler):
    """Hears recordings by ``handler``."""

    def __init__(
        self,
        handler: Callable[[bytes, str], Transcript],
        *,
        name: str = "fake",
        model: str = "fake",
        version: str = "fake@1",
    ) -> None:
        super().__init__(name, model, version)
        self._handler = handler

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """Count the call and pass it on."""
        self.calls += 1
        return self._handler(data, mime)
