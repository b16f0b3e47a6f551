"""The lines of a search with what their context adds: neighbours that speak of the matter, and units that do.

Whose lines are looked for says nothing about what was said around them, so neighbours are asked for the query without
the names of those whose lines were found. Units are a second kind of points; their lines need not be found themselves.
What does not belong here: how much context counts (``units``), the order (``ranking``), who may see a line.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from tg_assets.conversations import lookup
from tg_assets.conversations.lookup import Unit
from tg_assets.index.fusion import best_first
from tg_assets.index.question import asked
from tg_assets.index.sparse import OTHER_SCRIPT, SparseVector, lemma_query, trigram_query
from tg_assets.index.units import farthest, first, lifted
from tg_assets.stores.vectors import DENSE, LEMMAS, TRIGRAMS, Narrow, TenantIndex
from tg_assets.tagging.lemmas import lemma, words

LINES = ("post", "album")
SPARSE = (LEMMAS, TRIGRAMS)
DEEP = 300
"""Hits of a leg that context may lift to the first hundred, and that tell of those that another leg has there."""
MATTER, UNITS = 100, 30
"""Hits of a leg whose neighbours are lifted, and units of a leg."""
SPOKEN = 5
"""Lines of a group by which is seen whether two talk with each other there."""
LONGEST = timedelta(days=1)
"""A window may begin so long before a line of it."""

Legs = dict[str, list[tuple[str, float]]]
Weigh = Callable[[SparseVector, SparseVector], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """Legs of lines by ids of posts and albums; ``itself`` are those that were found without any context.

    ``unit`` has for a line the best unit that was found and has it; ``floor`` is what nearness was counted from.
    """

    legs: Legs
    itself: frozenset[str]
    unit: Mapping[str, Unit] = field(default_factory=dict)
    floor: float | None = None

    def joined(self, other: "Found") -> "Found":
        """With what another look at the same legs found, whose nearness counts from the same floor."""
        names = dict.fromkeys((*self.legs, *other.legs))
        both = {leg: {**dict(self.legs.get(leg, ())), **dict(other.legs.get(leg, ()))} for leg in names}
        legs = {leg: sorted(hits.items(), key=lambda hit: -hit[1]) for leg, hits in both.items()}
        return Found(legs, self.itself | other.itself, {**other.unit, **self.unit}, self.floor)


class Line(Protocol):
    """What is known of a post or album that was found; ``source`` is the kind of its chat."""

    author_name: str | None
    sender_tg_id: int | None
    source: str
    channel_id: str


Known = Callable[[Collection[str]], Mapping[str, Line]]
"""Those of some points that may be shown, by id."""


def look(
    query: str,
    dense: Any,
    weigh: Weigh,
    index: TenantIndex,
    known: Known,
    connection: Connection,
    narrow: Narrow,
    most: int,
    floor: float | None = None,
) -> Found:
    """Search lines by the query's vectors, and lift them by their context; what is among ``most`` hits of a leg.

    ``dense`` is the vector of meaning as ``TenantIndex.search`` takes one; ``weigh`` makes legs of a
    query's lemmas and 3-grams. All is asked in one round trip; in another what is asked without the names of authors,
    where the query has any. ``floor`` is that of a look before, to which this one will be ``joined``.
    """
    vectors = {DENSE: dense, **weigh(lemma_query(query), trigram_query(query))}
    if _is_of_lines(narrow):
        return _alone(index.search(vectors, narrow, most))
    wanted = asked(query)
    plain = _plain(wanted, weigh)
    kinds = (narrow.kind,) if narrow.kind else LINES
    of_lines = narrow.kind != "conversation"
    since = narrow.since - LONGEST if narrow.since else None
    lines, matter, talks = index.search_all([
        (vectors if of_lines else {}, replace(narrow, kind=None, kinds=kinds), DEEP),
        (plain if of_lines else {}, replace(narrow, kind=None, kinds=LINES), MATTER + 1),
        (plain if narrow.kind != "post" else {}, replace(narrow, kind="conversation", since=since), UNITS + 1),
    ])  # fmt: skip
    lines = {name: best_first(hits) for name, hits in lines.items()}
    matter, talks = _settled(matter, MATTER), _settled(talks, UNITS)
    worded = {line for name in SPARSE for line, _ in lines.get(name, ())[:MATTER]}
    by_meaning = {line for line, _ in lines.get(DENSE, ())[:most]}
    there = known(worded | by_meaning | _points(matter))  # most of what will be looked at, read at once
    names = _names(there[line] for line in worded if line in there)
    if names.intersection(map(lemma, wanted)):
        rest = _plain([word for word in wanted if lemma(word) not in names], weigh)
        matter = index.search(rest, replace(narrow, kind=None, kinds=LINES), MATTER + 1) if rest else {}
        matter = _settled(matter, MATTER)
    units = lookup.units(connection, sorted(_points(talks)))
    about = known(_points(matter))
    near_in_meaning = {line: there[line] for line in by_meaning if line in there}
    of_two = dialogues({**near_in_meaning, **about}.values())
    chats = [line for line, one in about.items() if one.source != "channel" and one.channel_id not in of_two]
    near = lookup.around(connection, sorted(chats))
    spoken = _points(matter).union(line for line, _ in lines.get(DENSE, ()))
    talk = lookup.around(connection, sorted(spoken), sorted(of_two))
    members = {unit: one.posts for unit, one in units.items()}
    # A line's window before its thread: what was said around it is read with it.
    seen = ((unit, score) for hits in talks.values() for unit, score in hits if unit in units)
    best = sorted((units[unit].kind == "window", score, unit) for unit, score in seen)
    legs = lines if of_lines else dict.fromkeys(vectors, ())
    floor = farthest(legs.get(DENSE, ())) if floor is None else floor
    return Found(
        first(lifted(legs, matter, talks, near, members, talk, floor), most),
        frozenset(_points(lines)),
        {line: units[unit] for _, _, unit in best for line in units[unit].posts},
        floor,
    )


def _is_of_lines(narrow: Narrow) -> bool:
    """Whether a line has to have itself what is looked for, so that nothing is found by what others say."""
    return bool(
        narrow.tags or narrow.album_id or narrow.author or narrow.lang or narrow.pictures or narrow.ids
        or narrow.kind == "album"
    )  # fmt: skip


def _alone(found: Legs) -> Found:
    return Found(found, frozenset(_points(found)))


def _points(legs: Mapping[str, Sequence[tuple[str, float]]]) -> set[str]:
    return {point for hits in legs.values() for point, _ in hits}


def dialogues(lines: Iterable[Line]) -> set[str]:
    """Chats in which two talk with each other: private ones, and groups where two are heard, and nobody else, in so
    many lines. The lines must not be there because of who said them."""
    private, speakers = set[str](), defaultdict[str, list[int | str]](list)
    for line in lines:
        if line.source == "dm":
            private.add(line.channel_id)
        elif line.source != "channel" and (who := line.sender_tg_id or line.author_name):
            speakers[line.channel_id].append(who)
    return private | {chat for chat, who in speakers.items() if len(who) >= SPOKEN and len(set(who)) == 2}


def _names(lines: Iterable[Line]) -> set[str]:
    """Words of authors' names, as lemmas."""
    return {lemma(word) for name in {line.author_name for line in lines} for word in words(name or "")}


def _plain(wanted: Sequence[str], weigh: Weigh) -> Mapping[str, Any]:
    """Legs of words as they are written: in the other script only names are alike, and they say nothing of a matter."""
    said = " ".join(wanted)
    return weigh(own(lemma_query(said)), own(trigram_query(said))) if said else {}


def _settled(legs: Mapping[str, Sequence[tuple[str, float]]], most: int) -> Legs:
    """So many of the best of each leg, or fewer: of hits that are as good as one beyond, a store gives any."""
    return {
        name: [hit for hit in hits if hit[1] > hits[most][1]] if len(hits) > most else list(hits)
        for name, hits in legs.items()
    }


def own(query: SparseVector) -> SparseVector:
    """A query's vector without what its words would be in the other script."""
    kept = [(index, value) for index, value in zip(query.indices, query.values, strict=True) if value > OTHER_SCRIPT]
    return SparseVector([index for index, _ in kept], [value for _, value in kept])
