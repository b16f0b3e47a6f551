"""Describing contents: what is kept of one, else of one that looks the same, else what the provider says.

Every content ends in a ``Described``: a result, settled without one, or tried again. A provider that is down stops
the rest, which wait. What does not belong here: which pictures, and what their posts make of it.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable
from uuid import UUID

from pydantic import ValidationError

from tg_assets.keys import vision_key
from tg_assets.remote.errors import NotNow, ReplyUnusable
from tg_assets.sandbox.provider import Refused
from tg_assets.vision.provider import VisionProvider
from tg_assets.vision.result import VisionResult
from tg_assets.vision.similar import Fingerprint

WORKERS = 2
# A worker on this machine loads models for as long as it then looks at so many pictures: few are looked at by one.
WORTH = 8


class Objects(Protocol):
    """What it needs of an object store."""

    def get(self, key: str) -> bytes | None:
        """The bytes under a key, None when there are none."""

    def media(self, key: str, sha256: str) -> bytes | None:
        """The bytes of stored media, None when there are none or they are not what the key says."""

    def put(self, key: str, data: bytes) -> object:
        """Keep bytes under a key."""


@runtime_checkable
class Fingerprints(Protocol):
    """A provider dear enough to look for a picture that looks the same first."""

    def fingerprint(self, image: bytes, mime: str) -> Fingerprint:
        """What the picture looks like. Raises ``Refused``."""


@dataclass(frozen=True, slots=True)
class Content:
    """A picture to look at; ``key`` is its object's."""

    sha256: str
    key: str
    mime: str


@dataclass(frozen=True, slots=True)
class Described:
    """What became of one content; exactly one of the first four is set, or ``fingerprint`` alone on the way."""

    result: VisionResult | None = None
    skipped: str | None = None
    """Settled: there will be no result."""
    failed: str | None = None
    """Settled as far as albums go; ``again`` tells whether a later run tries once more."""
    waiting: str | None = None
    again: bool = False
    tokens: int = 0
    """What it took to ask about it now; nothing where the result was known."""
    fingerprint: Fingerprint | None = None


@dataclass(slots=True)
class Down:
    """Why a provider is not asked any more, once it said so."""

    why: str | None = None


Twins = Callable[[Mapping[str, Fingerprint]], Mapping[str, str]]
"""Of contents by their fingerprints, those that look like one that has a result: sha256 to the other's sha256."""


def describe(
    contents: Sequence[Content], tenant: UUID, provider: VisionProvider, objects: Objects, down: Down, twins: Twins
) -> dict[str, Described]:
    """Look at each content once; what became of it by sha256. Raises what the object store raises.

    A provider that is ``down`` is not asked; one that turns out to be is noted there.
    """

    def kept(one: Content) -> Described | None:
        return _kept(objects.get(vision_key(tenant, one.sha256, provider)), provider)

    def fingerprinted(one: Content) -> Described:
        assert isinstance(provider, Fingerprints)
        data = objects.media(one.key, one.sha256)
        if data is None:
            return _LOST
        try:
            return Described(fingerprint=provider.fingerprint(data, one.mime))
        except Refused as refused:
            return Described(skipped=f"refused: {refused.reason}")

    def ask(one: Content) -> Described:
        if down.why:
            return Described(waiting=down.why)
        data = objects.media(one.key, one.sha256)
        if data is None:
            return _LOST
        said = _ask(provider, data, one.mime)
        if said.waiting:
            down.why = said.waiting
        if said.result:
            objects.put(vision_key(tenant, one.sha256, provider), said.result.model_dump_json().encode())
        return said

    local = min(WORKERS, -(-len(contents) // WORTH))
    with ThreadPoolExecutor(max(1, getattr(provider, "concurrency", local))) as pool:
        found = {one.sha256: known for one, known in zip(contents, pool.map(kept, contents), strict=True) if known}
        left = [one for one in contents if one.sha256 not in found]
        fingerprints: dict[str, Fingerprint] = {}
        if left and isinstance(provider, Fingerprints):
            compared = dict(zip((one.sha256 for one in left), pool.map(fingerprinted, left), strict=True))
            found |= {sha256: one for sha256, one in compared.items() if one.fingerprint is None}
            fingerprints = {sha256: one.fingerprint for sha256, one in compared.items() if one.fingerprint is not None}
            for sha256, twin in twins(fingerprints).items():
                same = _kept(objects.get(vision_key(tenant, twin, provider)), provider)
                if same is not None and same.result is not None:
                    objects.put(vision_key(tenant, sha256, provider), same.result.model_dump_json().encode())
                    found[sha256] = same
            left = [one for one in left if one.sha256 not in found]
        found |= dict(zip((one.sha256 for one in left), pool.map(ask, left), strict=True))
    return {sha256: replace(one, fingerprint=fingerprints.get(sha256)) for sha256, one in found.items()}


_LOST = Described(failed="its object is missing from the object store, or is another file", again=True)


def _kept(stored: bytes | None, provider: VisionProvider) -> Described | None:
    """A stored result, unless another version made it."""
    if stored is None:
        return None
    try:
        result = VisionResult.model_validate_json(stored)
    except ValidationError:  # written by an older schema: made anew
        return None
    if result.vision_version != provider.version:
        return None
    return Described(result.model_copy(update={"analysis_reason": "cache_hit"}))


def _ask(provider: VisionProvider, data: bytes, mime: str) -> Described:
    """What the provider says. A defect of it fails this picture only, by its type: its words may hold a text."""
    try:
        result = provider.describe(data, mime)
        return Described(result, tokens=result.tokens_used)
    except Refused as refused:
        return Described(skipped=f"refused: {refused.reason}", tokens=refused.tokens)
    except NotNow as later:
        return Described(waiting=str(later))
    except ReplyUnusable as unusable:
        return Described(failed=str(unusable), tokens=unusable.tokens)
    except Exception as error:  # noqa: BLE001 - recorded with the item, which is tried again
        return Described(failed=f"the provider failed: {type(error).__name__}", again=True)
