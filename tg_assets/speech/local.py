"""The built-in speech provider: Whisper's base model, or the operator's own, in a process of its own; no network.

One recording at a time: the model runs on as many threads as it is given. A caller waits on a pipe, so callers are
best threads. What does not belong here: the hearing (``worker_tasks``).
"""

from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from tg_assets.errors import TgAssetsError
from tg_assets.lazy import Lazy
from tg_assets.sandbox.pool import Sandbox
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech.models import SpeechModel, directory, identify
from tg_assets.speech.result import Segment, Transcript
from tg_assets.speech.worker_tasks import longest

# Raise it when a rule changes what is heard in a recording: every stored result then is stale.
RULES_VERSION = 1

FACTORY = "tg_assets.speech.worker_tasks:tasks"
MAX_BYTES = 50 * 2**20
MAX_SECONDS = 900.0
_THREADS = 2
_LOST = {
    Refusal.too_slow: "it took longer to hear than any recording of its length",
    Refusal.crashed: "the process that heard it ended, twice",
}


class LocalSpeech:
    """Hears recordings of up to ``max_bytes`` (at most ``MAX_BYTES``) and ``max_seconds``. Safe to call from threads.

    ``cache`` is where the shipped model is put together; ``model`` a CTranslate2 Whisper directory to use in its
    place. Nothing is read, written or started before it is needed.
    """

    name = "local"

    def __init__(
        self,
        cache: Path,
        model: Path | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = MAX_SECONDS,
        threads: int = _THREADS,
    ) -> None:
        self._cache = cache
        self._own = model
        self._max_bytes = min(max_bytes, MAX_BYTES)
        self._max_seconds = max_seconds
        self._threads = threads
        self._sandbox = Lazy(self._start)
        self._started: Sandbox | None = None

    @cached_property
    def _model(self) -> SpeechModel:
        return identify(self._own)

    @property
    def model(self) -> str:
        """``whisper-base``, or ``whisper-`` and the beginning of the sha256 of the operator's own ``model.bin``."""
        return self._model.name

    @cached_property
    def version(self) -> str:
        """``local@<rules>+<engines>+<model>``: another engine or model is another version. Raises TgAssetsError."""
        engines = (f"{package}-{installed(package)}" for package in ("faster-whisper", "ctranslate2"))
        return "+".join((f"local@{RULES_VERSION}", *engines, self._model.sha256[:12]))

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """What is said in one recording; ``mime`` is not believed, the bytes are.

        Raises ``Refused`` when the recording is the reason, and TgAssetsError when nothing can be heard here.
        """
        if not data:
            raise Refused(Refusal.empty, "no bytes")
        if len(data) > self._max_bytes:
            raise Refused(Refusal.too_many_bytes, f"{len(data)} bytes; {self._max_bytes} are allowed")
        about = self._ask(data)
        segments = [
            Segment(start=round(start, 2), end=round(max(start, end), 2), text=text)
            for start, end, text in about["segments"]
        ]
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            lang=about["lang"] if segments else None,
            lang_probability=about["lang_probability"] if segments else None,
            seconds=round(about["seconds"], 2),
            segments=segments,
            provider=self.name,
            model=self.model,
            speech_version=self.version,
        )

    def close(self) -> None:
        """End the worker when it is idle; a later call starts another."""
        if self._started is not None:
            self._started.close()

    def _ask(self, data: bytes) -> dict[str, Any]:
        sandbox = self._sandbox()
        try:
            said, _ = sandbox.call({}, data)
        except Refused as lost:
            reason = Refusal(lost.reason.value)
            raise Refused(reason, _LOST.get(reason, lost.detail)) from None
        except TgAssetsError as error:
            raise TgAssetsError(f"A recording was not heard: {error}") from None
        if refused := said.get("refused"):
            raise Refused(Refusal(refused[0]), str(refused[1]))
        return said

    def _start(self) -> Sandbox:
        arguments = {
            "model": str(directory(self._cache, self._own).resolve()),
            "threads": self._threads,
            "max_seconds": self._max_seconds,
        }
        seconds = longest(self._max_seconds)
        self._started = Sandbox(FACTORY, arguments, workers=1, seconds=seconds)
        return self._started
