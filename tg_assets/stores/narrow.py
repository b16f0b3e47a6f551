"""What a search is limited to, as conditions of the vector server; whose points they are is said elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NOBODY = 0
"""Owner of what is not private."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a search is limited to; empty means everything of the tenant that the owners may see."""

    owners: tuple[int, ...] = ()
    feeds: tuple[str, ...] = ()
    kind: str | None = None
    kinds: tuple[str, ...] = ()
    album_id: str | None = None
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    pictures: tuple[str, ...] = ()
    """Only posts with a picture of one of these kinds."""
    author: str | None = None
    """A key of ``index.authors``."""
    lang: str | None = None
    ids: tuple[str, ...] = ()
    """Only these points."""


def conditions(narrow: Narrow) -> list[dict[str, Any]]:
    """All of which a point must meet. Private ones are those of the owners that are named, and of nobody else."""
    must = [one_of("owner_id", [NOBODY, *narrow.owners])]
    if narrow.ids:
        must.append({"has_id": list(narrow.ids)})
    if narrow.feeds:
        must.append(one_of("feed", narrow.feeds))
    if narrow.kind:
        must.append(one_of("kind", [narrow.kind]))
    if narrow.kinds:
        must.append(one_of("kind", narrow.kinds))
    if narrow.album_id:
        must.append(one_of("album_id", [narrow.album_id]))
    must += [one_of("tags", [tag]) for tag in narrow.tags]
    if narrow.pictures:
        must.append(one_of("vision.classification", narrow.pictures))
    must += [one_of(key, [value]) for key, value in (("author", narrow.author), ("lang", narrow.lang)) if value]
    span = {"gte": narrow.since, "lt": narrow.until}
    if any(span.values()):
        must.append({"key": "posted_at", "range": {end: at.isoformat() for end, at in span.items() if at}})
    return must


def one_of(key: str, values: Sequence[Any]) -> dict[str, Any]:
    """A key has one of some values."""
    return {"key": key, "match": {"any": list(values)}}
