"""Providers whose every call goes to a function, and one that remembers what another saw."""

import fcntl
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from tg_assets.speech.result import Transcript
from tg_assets.vision.provider import VisionProvider
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


class Remembering:
    """Looks at each picture once: the same bytes get the same result, and many tests import the same pictures.

    What was seen is in ``folder``, which other processes of the tests have, too: who comes second waits for it. What is
    refused is looked at again.
    """

    def __init__(self, provider: VisionProvider, folder: Path) -> None:
        self._provider, self._folder = provider, folder
        self.name, self.model = provider.name, provider.model

    @property
    def version(self) -> str:
        return self._provider.version

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """What the provider said of it."""
        asked = sha256(f"{self.version} {mime} ".encode() + image).hexdigest()
        with (self._folder / asked).open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if known := file.read():
                return VisionResult.model_validate_json(known)
            seen = self._provider.describe(image, mime)
            file.write(seen.model_dump_json().encode())
        return seen
