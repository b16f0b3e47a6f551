"""What a stage is: which items a scope has, what they are made from, how they are made, and what became of them.

What does not belong here: running one (``engine``), any particular stage.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.metrics.tally import Tally
from tg_assets.remote.price import Price
from tg_assets.scope import Scope


class Session(Protocol):
    """What the engine needs of a connection; ``stores.database.TenantConnection`` is one."""

    tenant: UUID

    def lock(self, name: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Hold a name among all processes; gives False when it is taken and ``wait`` is off."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction in which only this tenant's rows exist."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Items to work on. The temporary table ``chunk(item_id, at, reason)`` lists them inside ``connection``.

    ``run_id`` is the run that works on them, None where no run does.
    """

    connection: Connection
    scope: Scope
    size: int
    run_id: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a chunk; items named in neither mapping were made."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[UUID, str] = field(default_factory=dict)
    """Tried again by every later run."""
    skipped: dict[UUID, str] = field(default_factory=dict)
    """Settled: looked at again only when the inputs change."""
    spent: int = 0
    """Tokens that models elsewhere took, also for answers that were of no use."""
    waiting: dict[UUID, str] = field(default_factory=dict)
    """Neither made nor settled, since something outside is not ready; tried again by every later run."""
    tally: Tally = field(default_factory=Tally)
    """Metrics of the stage's own; those of every stage are added to it."""

    def settled(self, size: int) -> dict[str, int]:
        """How many of so many items came to what: ``ok``, ``failed``, ``skipped``, ``waiting``."""
        others = {"failed": len(self.failed), "skipped": len(self.skipped), "waiting": len(self.waiting)}
        return {"ok": size - sum(others.values()), **others}


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of derived thing.

    ``inputs`` selects ``item_id uuid, input_hash text, at timestamptz, tokens int`` of a scope with the
    parameters ``:channels uuid[]``, ``:since``, ``:until``, ``:feed``, ``:version`` and those of ``values``; row
    security limits it to the tenant.
    ``version`` names the code or model: a new one makes every item stale. ``price`` is that of the
    model elsewhere that gets the tokens; None where everything is made here and tokens do not count. Where ``unit``
    says what is paid for (``pictures``), ``tokens`` counts those, at ``tokens_per_unit``.
    ``pace`` is units, or items, a second as far as it is known, for a dry run. A chunk has at most ``chunk_size``
    items and ends with the one whose tokens fill ``chunk_tokens``, so cheap items share one and dear ones do not.
    """

    name: str
    version: str
    inputs: str
    work: Callable[[Chunk], Outcome]
    chunk_size: int = 1000
    chunk_tokens: int | None = None
    price: Price | None = None
    unit: str = ""
    tokens_per_unit: int = 1
    pace: float | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    unmade: Callable[[Connection, Mapping[UUID, str]], None] | None = None
    """Notes, besides the ledger, that items could not be made and why; in the transaction that says so there."""
    counted: Callable[[Tally, Mapping[str, int], float], None] | None = None
    """Counts a chunk for metrics besides those of every stage: how many came to what, and the seconds it took."""
    after: Callable[[Session], None] | None = None
    """Called once the stale items are made and committed, also when there were none."""


StageOf = Stage | Callable[[Scope], Stage]
"""A stage, or how to make it for a scope: tenants may choose other models."""


@dataclass(slots=True)
class Report:
    """What a stage found and did; reports add up."""

    stale: Counter[str] = field(default_factory=Counter)
    """Why items were worked on: new, changed, version, retry, waiting, forced."""
    total: int = 0
    tokens: int = 0
    units: int = 0
    """What is paid for, where it is not the items: pictures that nobody has described yet."""
    cost: dict[str, float] = field(default_factory=dict)
    """What those tokens would cost, by currency."""
    spent: int = 0
    """Tokens that were really taken."""
    paid: dict[str, float] = field(default_factory=dict)
    """What they cost, by currency."""
    done: int = 0
    left: int = 0
    """Stale items that this run was not to reach (``limit``), or that another run is working on."""
    busy: int = 0
    """Those of them that another run is working on."""
    waiting: Counter[str] = field(default_factory=Counter)
    """Stale items for which something outside is not ready, by what it is."""
    estimated_seconds: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def todo(self) -> int:
        """How many items were stale."""
        return self.stale.total()

    def add(self, other: "Report") -> None:
        """Add another scope's report to this one."""
        for name in ("stale", "failed", "skipped", "waiting", "counts"):
            getattr(self, name).update(getattr(other, name))
        for name in ("cost", "paid"):
            mine: dict[str, float] = getattr(self, name)
            for currency, amount in getattr(other, name).items():
                mine[currency] = mine.get(currency, 0.0) + amount
        for name in ("total", "tokens", "units", "spent", "done", "left", "busy", "seconds", "estimated_seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
