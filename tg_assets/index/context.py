"""The lines of a search with what their context adds: neighbours that speak of the matter, and units that do.

Whose lines are looked for says nothing about what was said around them, so neighbours are asked for the query without
the names of those whose lines were found. Units are a second kind of points; their lines need not be found themselves.
What does not belong here: how much context counts (``units``), the order (``ranking``), who may see a line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.conversations import lookup
from tg_assets.conversations.lookup import Unit
from tg_assets.index.question import asked
from tg_assets.index.sparse import OTHER_SCRIPT, SparseVector, lemma_query, trigram_query
from tg_assets.index.units import lifted
from tg_assets.stores.vectors import DENSE, LEMMAS, TRIGRAMS, Narrow, TenantIndex
from tg_assets.tagging.lemmas import lemma, words

LINES = ("post", "album")
DEEP = 300
"""Hits of a leg that context may lift to the first hundred."""
MATTER, UNITS = 100, 30
"""Hits of a leg whose neighbours are lifted, and units of a leg."""
LONGEST = timedelta(days=1)
"""A window may begin so long before a line of it."""

Legs = dict[str, list[tuple[str, float]]]
Weigh = Callable[[SparseVector, SparseVector], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """Legs of lines by ids of posts and albums; ``itself`` are those that were found without any context.

    ``unit`` has for a line the best unit that was found and has it.
    """

    legs: Legs
    itself: frozenset[str]
    unit: Mapping[str, Unit] = field(default_factory=dict)

    def joined(self, other: "Found") -> "Found":
        """With what another look at the same legs found."""
        both = {leg: {**dict(hits), **dict(other.legs.get(leg, ()))} for leg, hits in self.legs.items()}
        legs = {leg: sorted(hits.items(), key=lambda hit: -hit[1]) for leg, hits in both.items()}
        return Found(legs, self.itself | other.itself, {**other.unit, **self.unit})


def look(
    query: str,
    dense: Any,
    weigh: Weigh,
    index: TenantIndex,
    connection: Connection,
    narrow: Narrow,
    most: int,
) -> Found:
    """Search lines by the query's vectors, and lift them by their context; ``most`` hits of each leg.

    ``dense`` is the vector of meaning as ``TenantIndex.search`` takes one; ``weigh`` makes legs of a
    query's lemmas and 3-grams.
    """
    vectors = {DENSE: dense, **weigh(lemma_query(query), trigram_query(query))}
    if _is_of_lines(narrow):
        return _alone(index.search(vectors, narrow, most))
    lines: Legs = {name: [] for name in vectors}
    talks: Legs = {}
    matter: Legs = {}
    if narrow.kind != "conversation":
        kinds = (narrow.kind,) if narrow.kind else LINES
        found = index.search(vectors, replace(narrow, kind=None, kinds=kinds), DEEP)
        lines = {name: sorted(hits, key=lambda hit: (-hit[1], hit[0])) for name, hits in found.items()}
        wanted = _matter(query, lines, connection)
        matter = _ask(index, wanted, weigh, replace(narrow, kind=None, kinds=LINES), MATTER)
    if narrow.kind != "post":
        since = narrow.since - LONGEST if narrow.since else None
        talks = _ask(index, asked(query), weigh, replace(narrow, kind="conversation", since=since), UNITS)
    units = lookup.units(connection, sorted({unit for hits in talks.values() for unit, _ in hits}))
    near = lookup.around(connection, sorted({line for hits in matter.values() for line, _ in hits}))
    members = {unit: found.posts for unit, found in units.items()}
    # A line's window before its thread: what was said around it is read with it.
    seen = ((unit, score) for hits in talks.values() for unit, score in hits if unit in units)
    best = sorted((units[unit].kind == "window", score, unit) for unit, score in seen)
    return Found(
        {name: hits[:most] for name, hits in lifted(lines, matter, talks, near, members).items()},
        frozenset(line for hits in lines.values() for line, _ in hits),
        {line: units[unit] for _, _, unit in best for line in units[unit].posts},
    )


def _is_of_lines(narrow: Narrow) -> bool:
    """Whether a line has to have itself what is looked for, so that nothing is found by what others say."""
    return bool(
        narrow.tags or narrow.album_id or narrow.author or narrow.lang or narrow.pictures
        or narrow.kind == "album"
    )  # fmt: skip


def _alone(found: Legs) -> Found:
    return Found(found, frozenset(line for hits in found.values() for line, _ in hits))


def _matter(query: str, lines: Mapping[str, Sequence[tuple[str, float]]], connection: Connection) -> list[str]:
    """Words of what is asked, whoever said it: without the names of the authors of what was found."""
    found = {line for name in (LEMMAS, TRIGRAMS) for line, _ in lines.get(name, ())[:MATTER]}
    authors = connection.execute(
        text("SELECT DISTINCT author_name FROM messages WHERE id = ANY(CAST(:ids AS uuid[])) AND author_name <> ''"),
        {"ids": sorted(found)},
    ).scalars()
    names = {lemma(word) for author in authors for word in words(author)}
    return [word for word in asked(query) if lemma(word) not in names]


def _ask(index: TenantIndex, wanted: Sequence[str], weigh: Weigh, narrow: Narrow, most: int) -> Legs:
    """Hits of words as they are written: in the other script only names are alike, and they say nothing of a matter."""
    said = " ".join(wanted)
    asking = weigh(own(lemma_query(said)), own(trigram_query(said))) if said else {}
    hits = index.search(asking, narrow, most + 1) if asking else {}
    return {name: _settled(found, most) for name, found in hits.items()}


def _settled(hits: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """So many of the best, or fewer: of hits that are as good as one beyond, a store gives any."""
    if len(hits) <= most:
        return list(hits)
    return [hit for hit in hits if hit[1] > hits[most][1]]


def own(query: SparseVector) -> SparseVector:
    """A query's vector without what its words would be in the other script."""
    kept = [(index, value) for index, value in zip(query.indices, query.values, strict=True) if value > OTHER_SCRIPT]
    return SparseVector([index for index, _ in kept], [value for _, value in kept])
