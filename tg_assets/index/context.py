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
from tg_assets.index.units import lifted
from tg_assets.stores.vectors import DENSE, Narrow, TenantIndex
from tg_assets.tagging.lemmas import lemma, words

LINES = ("post", "album")
DEEP = 300
"""Hits of a leg that context may lift to the first hundred."""
MATTER, UNITS = 100, 30
"""Hits of a leg whose neighbours are lifted, and units of a leg."""
LONGEST = timedelta(days=1)
"""A window may begin so long before a line of it."""

Legs = dict[str, list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class Found:
    """Legs of lines by ids of posts and albums; ``itself`` are those that were found without any context.

    ``unit`` has for a line the best unit that was found and has it.
    """

    legs: Legs
    itself: frozenset[str]
    unit: Mapping[str, Unit] = field(default_factory=dict)


def look(
    query: str,
    dense: Any,
    weigh: Callable[[str], Mapping[str, Any]],
    index: TenantIndex,
    connection: Connection,
    narrow: Narrow,
    most: int,
) -> Found:
    """Search lines by the query's vectors, and lift them by their context; ``most`` hits of each leg.

    ``dense`` is the vector of meaning as ``TenantIndex.search`` takes one; ``weigh`` gives the legs of a text's words.
    """
    sparse = dict(weigh(query))
    vectors = {DENSE: dense, **sparse}
    if _is_of_lines(narrow):
        return _alone(index.search(vectors, narrow, most))
    lines: Legs = {name: [] for name in vectors}
    if narrow.kind != "conversation":
        kinds = (narrow.kind,) if narrow.kind else LINES
        lines = index.search(vectors, replace(narrow, kind=None, kinds=kinds), DEEP)
    since = narrow.since - LONGEST if narrow.since else None
    talks: Legs = {}
    if narrow.kind != "post":
        talks = index.search(sparse, replace(narrow, kind="conversation", since=since), UNITS)
    units = lookup.units(connection, sorted({unit for hits in talks.values() for unit, _ in hits}))
    matter = _matter(query, sparse, lines, weigh, index, connection, narrow)
    near = lookup.around(connection, sorted({line for hits in matter.values() for line, _ in hits}))
    members = {unit: found.posts for unit, found in units.items()}
    # A line's window before its thread: what was said around it is read with it.
    best = sorted(
        (
            (units[unit].kind == "window", score, unit)
            for hits in talks.values()
            for unit, score in hits
            if unit in units
        )
    )
    return Found(
        {name: hits[:most] for name, hits in lifted(lines, matter, talks, near, members).items()},
        frozenset(line for hits in lines.values() for line, _ in hits),
        {line: units[unit] for _, _, unit in best for line in units[unit].posts},
    )


def _is_of_lines(narrow: Narrow) -> bool:
    """Whether a line has to have itself what is looked for, so that nothing is found by what others say."""
    return bool(
        narrow.tags or narrow.album_id or narrow.author or narrow.lang or narrow.classifications
        or narrow.kind == "album"
    )  # fmt: skip


def _alone(found: Legs) -> Found:
    return Found(found, frozenset(line for hits in found.values() for line, _ in hits))


def _matter(
    query: str,
    sparse: Mapping[str, Any],
    lines: Mapping[str, Sequence[tuple[str, float]]],
    weigh: Callable[[str], Mapping[str, Any]],
    index: TenantIndex,
    connection: Connection,
    narrow: Narrow,
) -> Legs:
    """Lines that speak of what is asked, whoever said them: the same ones where the query names nobody."""
    found = {name: list(lines[name][:MATTER]) for name in sparse}
    authors = connection.execute(
        text("SELECT DISTINCT author_name FROM messages WHERE id = ANY(CAST(:ids AS uuid[])) AND author_name <> ''"),
        {"ids": sorted({line for hits in found.values() for line, _ in hits})},
    ).scalars()
    names = {lemma(word) for author in authors for word in words(author)}
    every = asked(query)
    wanted = " ".join(word for word in every if lemma(word) not in names)
    if len(wanted.split()) == len(every):
        return found
    asking = weigh(wanted) if wanted else {}
    return index.search(asking, replace(narrow, kind=None, kinds=LINES), MATTER) if asking else {}
