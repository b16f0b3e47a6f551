"""What an asset is, said once: where it stands in the graph, what it makes and from what, how live traffic uses it.

Each module of an asset has one of these, and ``tg_assets.assets.ASSETS`` lists them. Definitions, checks, the dry run,
the order of the live refresh and the job of its run are all derived from the list (``materialize``, ``order``).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from tg_assets.assets.checks import Rule
from tg_assets.assets.tools import Tools
from tg_assets.ledger.stage import StageOf
from tg_assets.scope import Scope


class StageConfig(dg.Config):
    """Options of a run; the same for every derived asset. All default to: what is stale in the partition."""

    force: bool = Field(default=False, description="Work on everything in the partition, stale or not.")
    dry_run: bool = Field(default=False, description="Count rows, tokens and cost; write nothing.")
    channels: list[str] = Field(
        default=[],
        description="Only these chats of the feed: @username, title, or Telegram id (a person's is positive).",
    )
    since: str | None = Field(default=None, description="Only messages at or after this ISO date or time, UTC.")
    until: str | None = Field(default=None, description="Only messages before this ISO date or time, UTC.")


@dataclass(frozen=True, slots=True)
class Run:
    """An asset's part of a Dagster run."""

    context: dg.AssetExecutionContext
    config: StageConfig
    tools: Tools
    scopes: tuple[Scope, ...]
    is_alone: bool
    """Whether the run leaves out assets that are made of this one: what they lack is for the next refresh."""


Shown = Callable[[Connection, Scope, Tools], Mapping[str, Any]]
"""Metadata out of a scope's rows."""
# What an asset's part of a run gives back: one result, or none from a dry run.
Made = Iterator[dg.MaterializeResult[None]]


@dataclass(frozen=True, slots=True)
class Live:
    """An asset's place in a round of the live refresh; without one it is not made there.

    ``per_round`` is for what takes seconds an item: so many of a feed are made in one round, once text is done, and
    what is made of them afterwards. ``last`` is made once a round, after all others. ``whole`` waits while another run
    is making what it is made of.
    """

    per_round: int | None = None
    last: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset of the graph, over ``date x feed``.

    ``needs`` names the resources that it uses besides ``postgres`` and ``settings``.
    """

    name: str
    description: str
    group: str
    kinds: frozenset[str]
    deps: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    pool: str | None = None
    """Dagster's name of what only so many runs may use at once."""
    stages: Callable[[Tools], tuple[StageOf, ...]] = lambda _tools: ()
    ledger: tuple[str, ...] = ()
    """Names of its stages, as the ledger has them."""
    prepare: Callable[[Tools], None] | None = None
    """Makes what the stages write into, unless it is there."""
    first: Callable[[Run], Mapping[str, Any]] | None = None
    """Work before the stages, which asks for what is not here yet; returns metadata."""
    run: Callable[[Run], Made] | None = None
    """In place of stages, for what derives nothing."""
    shown: Shown | None = None
    """Adds metadata from each scope's rows; the last scope's wins where names repeat."""
    pictures: Shown | None = None
    """Adds what is large, and told once where a run has many partitions."""
    live: Live | None = None
    checks: tuple[Rule, ...] = ()
