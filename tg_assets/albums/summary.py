"""One summary per album out of what vision said about its items.

Items are taken in the album's order, never in order of arrival, and every time comes from the outcomes, never from
the clock: summarising again gives the same bytes. Deleted items take no part. How the descriptions become one is a
``Strategy``; labels, texts and counts are the same for all. What does not belong here: storing
the summary, or deciding what to analyse.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tg_assets.albums.assemble import Album
from tg_assets.vision.result import VisionResult

SCHEMA_VERSION = "1.0"
MAX_DESCRIPTIONS = 5
MAX_LABELS = 20
MAX_OCR_TEXTS = 3
JOIN = " | "
# The first pictures of an album carry its subject.
_FIRST_WEIGHTS = (3.0, 2.5, 2.0)
_WEIGHT = 1.0
# Share of common words above which two descriptions say the same.
NEAR_DUPLICATE = 0.75


@dataclass(frozen=True)
class AlbumIdentity:
    """Whose album it is; ids as UUID or text."""

    album_id: UUID | str
    grouped_id: int
    tenant_id: UUID | str
    channel_id: UUID | str


@dataclass(frozen=True)
class Analysed:
    """An item that vision described, and when (aware)."""

    result: VisionResult
    at: datetime


@dataclass(frozen=True)
class Settled:
    """An item that will never be described: skipped or failed for good, with the reason."""

    reason: str
    at: datetime | None = None


Outcome = Analysed | Settled

Strategy = Callable[[Sequence[VisionResult]], str | None]
"""One description out of the items' results, in order; None when there are none."""


class AlbumSummary(BaseModel):
    """The album's JSON object; ``model_dump(mode="json")`` has exactly the contract's keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    album_id: str
    grouped_id: int
    tenant_id: str
    channel_id: str
    items_count: Annotated[int, Field(ge=0)]
    items_analyzed: Annotated[int, Field(ge=0)]
    vision_summary: str | None
    vision_labels: list[str]
    ocr_text: str | None
    has_meme: bool
    has_text: bool
    first_analyzed_at: AwareDatetime | None
    last_analyzed_at: AwareDatetime | None
    assembly_completed_at: AwareDatetime
    assembly_lag_seconds: Annotated[float, Field(ge=0)]
    schema_version: str = SCHEMA_VERSION


def is_complete(album: Album, outcomes: Mapping[int, Outcome]) -> bool:
    """Whether every item that is not deleted is settled one way or the other (``outcomes`` by message id)."""
    return all(placed.item.message_id in outcomes for placed in album.live)


def results_of(album: Album, outcomes: Mapping[int, Outcome]) -> list[VisionResult]:
    """What is known of the album's live items, in order."""
    known = (outcomes.get(placed.item.message_id) for placed in album.live)
    return [one.result for one in known if isinstance(one, Analysed) and one.result.analysis_reason != "skipped"]


def summarise(
    identity: AlbumIdentity, album: Album, outcomes: Mapping[int, Outcome], description: str | None
) -> AlbumSummary:
    """Summarise the outcomes known so far, by message id; those of unknown or deleted items are ignored.

    ``description`` is what a strategy made of ``results_of``.

    ``assembly_completed_at`` is when the last item settled (the album's own time when none says), the lag is
    counted from the first analysis to it, in seconds.
    """
    ids = [placed.item.message_id for placed in album.live]
    known = [outcomes[message_id] for message_id in ids if message_id in outcomes]
    analysed = [one for one in known if isinstance(one, Analysed) and one.result.analysis_reason != "skipped"]
    results = results_of(album, outcomes)
    moments = [one.at.astimezone(UTC) for one in analysed]
    completed = max((one.at.astimezone(UTC) for one in known if one.at is not None), default=album.posted_at)
    first = min(moments, default=None)
    return AlbumSummary(
        album_id=str(identity.album_id),
        grouped_id=identity.grouped_id,
        tenant_id=str(identity.tenant_id),
        channel_id=str(identity.channel_id),
        items_count=album.items_count,
        items_analyzed=len(analysed),
        vision_summary=description,
        vision_labels=_labels(results),
        ocr_text=_ocr([result.ocr_text for result in results]),
        has_meme=any(result.is_meme for result in results),
        has_text=any(result.ocr_text for result in results),
        first_analyzed_at=first,
        last_analyzed_at=max(moments, default=None),
        assembly_completed_at=completed,
        assembly_lag_seconds=(completed - first).total_seconds() if first else 0.0,
    )


def weighted(results: Sequence[VisionResult]) -> str | None:
    """The weightiest descriptions; near duplicates are one, with the weight of all of them."""
    descriptions = [result.description for result in results]
    groups: list[tuple[str, frozenset[str], float]] = []
    for place, description in enumerate(text.strip() for text in descriptions):
        weight = _FIRST_WEIGHTS[place] if place < len(_FIRST_WEIGHTS) else _WEIGHT
        words = frozenset(re.findall(r"\w+", description.casefold()))
        for index, (said, said_words, said_weight) in enumerate(groups):
            if said.casefold() == description.casefold() or _alike(words, said_words):
                groups[index] = (said, said_words, said_weight + weight)
                break
        else:
            groups.append((description, words, weight))
    chosen = sorted(groups, key=lambda group: -group[2])[:MAX_DESCRIPTIONS]
    return JOIN.join(description for description, _, _ in chosen) or None


def best_of(results: Sequence[VisionResult]) -> str | None:
    """The one description that says the most: different words, more for the first pictures and for handsome ones."""

    def says(placed: tuple[int, VisionResult]) -> tuple[float, int]:
        place, result = placed
        weight = _FIRST_WEIGHTS[place] if place < len(_FIRST_WEIGHTS) else _WEIGHT
        words = len(set(re.findall(r"\w+", result.description.casefold())))
        return words * weight * (1 + (result.aesthetic_score or 0.0)), -place

    return max(enumerate(results), key=says)[1].description if results else None


STRATEGIES: Mapping[str, Strategy] = {"weighted": weighted, "best-of": best_of}
"""The strategies that need no model, by the name that chooses one."""


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) / len(one | other) >= NEAR_DUPLICATE


def _labels(results: Sequence[VisionResult]) -> list[str]:
    """Labels by number of items that have them; equal numbers in the order first seen."""
    counts = Counter(label for result in results for label in result.labels)
    return [label for label, _ in counts.most_common(MAX_LABELS)]


def _ocr(texts: Sequence[str]) -> str | None:
    """Up to three texts in item order; one that was already said is not repeated."""
    unlike: dict[str, str] = {}
    for text in texts:
        if text:
            unlike.setdefault(" ".join(text.casefold().split()), text)
    return JOIN.join(list(unlike.values())[:MAX_OCR_TEXTS]) or None
