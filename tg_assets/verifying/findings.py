"""What a comparison found: how many of each kind in each partition, and a few ids as examples; never contents."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

EXAMPLES = 5

Kind = Literal["missing", "extra", "different", "stale"]
"""``missing``: the database has it, the store has not. ``extra``: the other way round. ``different``: both have it, and
not the same. ``stale``: the ledger has no row for it, or one of other inputs or of another version."""
Note = Literal["pending", "failed", "waiting", "not made"]
"""``pending``: its partition waits for the refresh. ``failed`` and ``waiting``: as the ledger says. ``not made``:
nothing of its stage was made in its partition."""


class Place(NamedTuple):
    """A partition; without a day where nothing says which."""

    feed: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing. ``store`` is ``ledger``, ``qdrant``, ``neo4j`` or ``objects``; ``what`` is a stage, a label, a type of
    relation, or a kind of object."""

    place: Place
    store: str
    what: str
    kind: Kind
    id: str


@dataclass(slots=True)
class Findings:
    """What was found of a tenant."""

    counts: Counter[tuple[Place, str, str, Kind]] = field(default_factory=Counter)
    examples: dict[tuple[Place, str, str, Kind], list[str]] = field(default_factory=dict)
    notes: Counter[tuple[Place, str, Note]] = field(default_factory=Counter)
    """By partition and stage."""
    compared: Counter[str] = field(default_factory=Counter)
    """Things that were looked at, by store."""
    mended: int = 0

    @property
    def total(self) -> int:
        """How many differences there are."""
        return self.counts.total()

    def add(self, *differences: Difference) -> None:
        """Count differences."""
        for one in differences:
            key = (one.place, one.store, one.what, one.kind)
            self.counts[key] += 1
            if len(known := self.examples.setdefault(key, [])) < EXAMPLES:
                known.append(one.id)

    def update(self, other: "Findings") -> None:
        """Add what another one has."""
        for name in ("counts", "notes", "compared"):
            getattr(self, name).update(getattr(other, name))
        for key, found in other.examples.items():
            self.examples[key] = [*self.examples.get(key, ()), *found][:EXAMPLES]
        self.mended += other.mended

    def rows(self) -> Iterator[dict[str, Any]]:
        """Differences for people and programs, by partition."""
        ordered = sorted(self.counts, key=lambda key: (key[0].feed, str(key[0].day), *key[1:]))
        for place, store, what, kind in ordered:
            yield {
                "feed": place.feed, "date": place.day, "store": store, "what": what, "kind": kind,
                "count": self.counts[place, store, what, kind], "examples": self.examples[place, store, what, kind],
            }  # fmt: skip

    def noted(self) -> Counter[Note]:
        """How many there are of each note."""
        found: Counter[Note] = Counter()
        for (_, _, note), count in self.notes.items():
            found[note] += count
        return found
