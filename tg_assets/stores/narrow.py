"""What a search is limited to, as a filter of the vector server.

Whose a point is, and of which kind, is also in one word of its payload, its ``scope``: to look at one word of each
point costs the embedded server as much as comparing no word at all, at three twice as much (``docs/ranking.md``).
What does not belong here: HTTP, vectors, who may ask for whom.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    tags: tuple[str | tuple[str, ...], ...] = ()
    """All of them; of one that is kept in several forms, any."""
    since: datetime | None = None
    until: datetime | None = None
    pictures: tuple[str, ...] = ()
    """Only posts with a picture of one of these kinds."""
    author: str | None = None
    """A key of ``index.authors``."""
    lang: str | None = None
    ids: tuple[str, ...] = ()
    """Only these points."""


SCOPE = "scope"


def filtered(tenant: str, narrow: Narrow, *, scoped: bool) -> dict[str, Any]:
    """All of which a point must meet; ``scoped`` is whether points have their scope.

    Private ones are those of the owners that are named, and of nobody else.
    """
    owners, kinds = (NOBODY, *narrow.owners), (narrow.kind,) if narrow.kind else narrow.kinds
    if scoped and kinds:
        scopes = [scope_of(tenant, owner, kind) for owner in owners for kind in kinds]
        return {"should": [matches(SCOPE, scope) for scope in scopes], "must": list(_others(narrow))}
    whose = [matches("tenant_id", tenant), one_of("owner_id", owners)]
    return {"must": [*whose, *([one_of("kind", kinds)] if kinds else ()), *_others(narrow)]}


def scope_of(tenant: Any, owner: Any, kind: Any) -> str:
    """The scope of such a point."""
    return f"{tenant}/{owner}/{kind}"


def with_scope(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as it is kept."""
    return {**payload, SCOPE: _own_scope(payload)}


def without_scope(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload as it was given; a scope that is missing, or not its own, stays."""
    kept = payload.pop(SCOPE, None)
    return payload if kept == _own_scope(payload) else {**payload, SCOPE: kept}


def _own_scope(payload: Mapping[str, Any]) -> str:
    return scope_of(*(payload.get(key) for key in ("tenant_id", "owner_id", "kind")))


def _others(narrow: Narrow) -> Iterable[dict[str, Any]]:
    if narrow.ids:
        yield {"has_id": list(narrow.ids)}
    if narrow.feeds:
        yield one_of("feed", narrow.feeds)
    if narrow.album_id:
        yield matches("album_id", narrow.album_id)
    yield from (matches("tags", tag) if isinstance(tag, str) else one_of("tags", tag) for tag in narrow.tags)
    if narrow.pictures:
        yield one_of("vision.classification", narrow.pictures)
    yield from (matches(key, value) for key, value in (("author", narrow.author), ("lang", narrow.lang)) if value)
    span = {"gte": narrow.since, "lt": narrow.until}
    if any(span.values()):
        yield {"key": "posted_at", "range": {end: at.isoformat() for end, at in span.items() if at}}


def one_of(key: str, values: Sequence[Any]) -> dict[str, Any]:
    """A key has one of some values."""
    return {"key": key, "match": {"any": list(values)}}


def matches(key: str, value: Any) -> dict[str, Any]:
    """A key has a value."""
    return {"key": key, "match": {"value": value}}
