"""Who stands in, in a rehearsal, for models and for the object store: nobody is asked, nothing is written.

A stand-in has the name, the version and the price of whom it stands for. What it says is new to everybody.
What does not belong here: what is counted (``rehearsal``).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import IO
from uuid import UUID, uuid4

from resources.speech import SpeechChoice
from resources.vision import TenantVision
from tg_assets.albums.written import Writer
from tg_assets.assets.tools import Tools
from tg_assets.speech.provider import SpeechProvider
from tg_assets.speech.result import Segment, Transcript
from tg_assets.stores.objects import ObjectStore
from tg_assets.vision.contents import Fingerprints
from tg_assets.vision.provider import VisionProvider
from tg_assets.vision.result import VisionResult
from tg_assets.vision.similar import Fingerprint


class UnwrittenObjects(ObjectStore):
    """Reads a store; what is written and removed is so for whoever reads through this, and nowhere else."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._changed: dict[str, bytes | None] = {}

    def put(self, key: str, data: bytes | IO[bytes]) -> None:
        """Remember."""
        self._changed[key] = data if isinstance(data, bytes) else data.read()

    def get(self, key: str) -> bytes | None:
        """What was remembered, else what is there."""
        return self._changed[key] if key in self._changed else super().get(key)

    def size(self, key: str) -> int | None:
        """Bytes of an object that would be there."""
        if key not in self._changed:
            return super().size(key)
        changed = self._changed[key]
        return None if changed is None else len(changed)

    def delete(self, key: str) -> None:
        """Remember that it is gone."""
        self._changed[key] = None

    def put_media(self, tenant: UUID, source: IO[bytes], extension: str) -> tuple[str, str, int]:
        """Files are not stored in a rehearsal."""
        raise NotImplementedError


class _RehearsedVision:
    """Describes every picture that the one it stands for would be asked about."""

    def __init__(self, provider: VisionProvider, tokens: int) -> None:
        self.name, self.model, self.version, self._tokens = provider.name, provider.model, provider.version, tokens

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """A result unlike any other."""
        return VisionResult(
            classification="other", description=f"not looked at: {uuid4()}", provider=self.name, model=self.model,
            vision_version=self.version, tokens_used=self._tokens,
        )  # fmt: skip


class _FingerprintingVision(_RehearsedVision):
    """Where pictures are dear, those that look alike are still recognised."""

    def __init__(self, provider: VisionProvider, tokens: int, fingerprints: Fingerprints) -> None:
        super().__init__(provider, tokens)
        self._fingerprints = fingerprints

    def fingerprint(self, image: bytes, mime: str) -> Fingerprint:
        """As the provider itself sees it; that is done here."""
        return self._fingerprints.fingerprint(image, mime)


class _RehearsedWriter(Writer):
    """Writes albums at the price of the one it stands for."""

    def __init__(self, writer: Writer) -> None:
        self.price, self.version, self.tokens = writer.price, writer.version, 0

    def write(self, results: Sequence[VisionResult]) -> str | None:
        """A description unlike any other; None when there is nothing to describe."""
        if not results:
            return None
        self.tokens += self.tokens_per_album
        return f"not written: {uuid4()}"


class _RehearsedSpeech:
    """Hears something in every recording."""

    def __init__(self, provider: SpeechProvider) -> None:
        self.name, self.model, self.version = provider.name, provider.model, provider.version

    def transcribe(self, data: bytes, mime: str) -> Transcript:
        """A transcript unlike any other."""
        said = f"not heard {uuid4()}"
        return Transcript(
            text=said, lang="en", lang_probability=None, seconds=1.0, segments=[Segment(start=0.0, end=1.0, text=said)],
            provider=self.name, model=self.model, speech_version=self.version,
        )  # fmt: skip


class RehearsedTools(Tools):
    """Tools of a run, with stand-ins for whoever would be asked and told."""

    is_rehearsed = True

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools.resource)
        self._tools = tools

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store, which stays as it is."""
        return UnwrittenObjects(self._tools.objects.url)

    def vision(self, tenant: str) -> TenantVision:
        """The tenant's policy and prices, and nobody who is asked."""
        chosen = self._tools.vision(tenant)
        provider, tokens = chosen.provider, chosen.tokens_per_picture
        stand_in = (
            _FingerprintingVision(provider, tokens, provider)
            if isinstance(provider, Fingerprints)
            else _RehearsedVision(provider, tokens)
        )
        return replace(chosen, provider=stand_in, writer=_RehearsedWriter(chosen.writer) if chosen.writer else None)

    def speech(self) -> SpeechChoice:
        """Nobody who is asked, or why there is nobody."""
        chosen = self._tools.speech()
        return replace(chosen, provider=_RehearsedSpeech(chosen.provider)) if chosen.provider else chosen
