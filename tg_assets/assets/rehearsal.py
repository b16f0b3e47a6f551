"""A rehearsal: what a run would do, found out by doing it in a transaction that is never committed.

A stage's work depends on what earlier stages make, so each is counted after those before it have been done: what SQL
and this machine's rules make is made, what models would say is stood in for (``stand_ins``), what leaves for other
stores is only counted. What does not belong here: asking Telegram, so messages and files that an account has yet to
fetch are not counted; what models will really say, which is taken for different from what they said before.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from tg_assets.assets.asset import Asset
from tg_assets.assets.order import dependents, stages
from tg_assets.assets.stand_ins import RehearsedTools
from tg_assets.assets.tools import Tools
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Session, Stage
from tg_assets.scope import Scope

PATIENCE = "30s"


class _Over(Exception):
    """Takes back everything."""


@dataclass(slots=True)
class _Rehearsed:
    """A session whose transactions are parts of one that is open."""

    connection: Connection
    tenant: UUID

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A part that is taken back with the rest; what would end with a transaction ends with it."""
        with self.connection.begin_nested():
            yield self.connection
        _tidy(self.connection)

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Nobody is kept out, since nothing stays."""
        yield True


def rehearse(
    session: Session,
    scope: Scope,
    assets: Sequence[Asset],
    tools: Tools,
    *,
    only: Collection[str] = (),
    force: bool = False,
) -> list[tuple[str, Stage, Report]]:
    """What a run of these assets, or ``only`` of some, over a scope would do, stage after stage; writes nothing.

    Raises TgAssetsError when a run is at the same rows.
    """
    rehearsed_tools = RehearsedTools(tools)
    found: list[tuple[str, Stage, Report]] = []
    try:
        with suppress(_Over), session.transaction() as connection:
            connection.execute(text("SELECT set_config('lock_timeout', :patience, true)"), {"patience": PATIENCE})
            rehearsed = _Rehearsed(connection, session.tenant)
            for asset, several in stages(assets, rehearsed_tools).items():
                # Where nothing is made from what an asset makes, counting is all there is to do.
                counted = not dependents(assets, asset)
                for of in several if not only or asset in only else ():
                    stage = of if isinstance(of, Stage) else of(scope)
                    report = run_stage(stage, rehearsed, scope, force=force, dry_run=counted)
                    found.append((asset, stage, _planned(stage, report)))
            raise _Over
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != "55P03":
            raise
        raise TgAssetsError(
            f"A run is working on {scope.feed}, so it cannot be counted now. Try again later."
        ) from None
    return found


def _planned(stage: Stage, report: Report) -> Report:
    """A report of what was stood in for as one of what would be."""
    if report.spent:
        report.tokens, report.spent, report.paid = report.spent, 0, {}
    if stage.unit:
        report.units = report.counts["described"]
        report.tokens = report.units * stage.tokens_per_unit if stage.price else 0
        report.estimated_seconds = report.units / stage.pace if stage.pace else 0.0
    report.cost = stage.price.of(report.tokens) if stage.price else {}
    return report


def _tidy(connection: Connection) -> None:
    """Drop temporary tables that would not outlive a transaction; the engine's own stay."""
    tables = connection.execute(
        text("""SELECT relname FROM pg_class
                WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND relname NOT IN ('work', 'chunk')""")
    ).scalars()
    for table in tables.all():
        connection.execute(text(f'DROP TABLE pg_temp."{table}"'))
    if connection.execute(text("SELECT to_regclass('pg_temp.chunk')")).scalar():
        connection.execute(text("DELETE FROM chunk"))
