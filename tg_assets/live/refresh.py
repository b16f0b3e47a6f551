"""Keeping derived things up with live traffic: the stages, over the dirty partitions, again and again while they last.

Text first: a message is tagged, indexed and in the graph before its picture is read or its voice heard, and after.
Marks are cleared once their work is done, so a killed run leaves them to the next, and rest a little while what they
stand for waits for something outside; stages work on what is stale, so nothing is done twice. Nothing here knows
Dagster.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection

from tg_assets.faults import is_down
from tg_assets.ledger import dirty, outbox
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.round import Round
from tg_assets.ledger.stage import Report, StageOf
from tg_assets.scope import Scope
from tg_assets.stores.database import Database, TenantConnection

POLL_SECONDS = 0.25
# The longer nothing is dirty the less often it is looked for, but no less often than this.
CALM_SECONDS = 0.5
# While so many entries wait the stages let messages in first, but not for longer than this in a round.
BACKLOG, HOLD_SECONDS = 5000, 60.0
REPORT_SECONDS = 60.0
# How far a long round is, is noted so often, for whoever measures which stage is behind.
NOTE_SECONDS = 5.0
LONGEST_PAUSE = 30.0

Partition = tuple[str, date]
Reports = dict[str, Report]


@dataclass(slots=True)
class Made:
    """What was made of some partitions since the last report, by asset."""

    partitions: dict[Partition, set[str]] = field(default_factory=dict)
    reports: dict[tuple[str, str], Report] = field(default_factory=dict)
    """(asset, feed) to what its stages did."""

    def add(self, partitions: Sequence[Partition], feed: str, reports: Reports, first: set[Partition]) -> None:
        """Add a round over one feed's partitions; ``first`` are those that this run has not reported yet."""
        for asset, report in reports.items():
            self.reports.setdefault((asset, feed), Report()).add(report)
        busy = {asset for asset, report in reports.items() if report.todo - report.left}
        for partition in partitions:
            assets = set(reports) if partition in first else busy
            if assets:
                self.partitions.setdefault(partition, set()).update(assets)


@dataclass(slots=True)
class Progress:
    """A round over the partitions of these marks: what each asset's stages did, and assets whose stages stumbled."""

    marks: Sequence[int]
    reports: Reports = field(default_factory=dict)
    stumbled: set[str] = field(default_factory=set)
    noted: float = field(default_factory=time.monotonic)

    @property
    def is_whole(self) -> bool:
        """Whether all is made but what waits for something outside."""
        return not self.stumbled and not any(report.left for report in self.reports.values())

    def note(self, session: TenantConnection) -> None:
        """Say with the marks which assets have nothing left to do for them."""
        settled = [
            asset
            for asset, report in self.reports.items()
            if not (report.left or report.waiting or asset in self.stumbled)
        ]
        with session.transaction() as connection:
            dirty.note(connection, self.marks, settled)
        self.noted = time.monotonic()


class Refresh:
    """Runs stages over what is dirty. ``report`` is called with what was made; ``log`` with sentences for people.

    ``backlog`` counts entries of streams that no tail has taken yet.
    """

    def __init__(
        self,
        postgres: Database,
        redis: Redis | None,
        stages: Mapping[str, tuple[StageOf, ...]],
        order: Round,
        tenants: Callable[[], Sequence[UUID]],
        *,
        report: Callable[[Made], None],
        log: Callable[[str], None],
        backlog: Callable[[], int] = lambda: 0,
        run_id: str | None = None,
    ) -> None:
        self._postgres, self._redis, self._stages, self._order, self._tenants = postgres, redis, stages, order, tenants
        self._report, self._log, self._backlog, self._run_id = report, log, backlog, run_id
        self._made = Made()
        self._reported: set[Partition] = set()
        self.failures = Counter[str]()
        self.rounds = self._moved = 0
        self._patience = HOLD_SECONDS

    def run(self, linger: float, budget: float) -> str:
        """Work until nothing was dirty for ``linger`` seconds or ``budget`` is spent; returns why it ended."""
        with self._postgres.connection() as connection:
            return self._run(connection, linger, budget)

    def _run(self, connection: Connection, linger: float, budget: float) -> str:
        started = quiet_since = time.monotonic()
        pause, due = POLL_SECONDS, 0.0
        why = "its time is over; the next run goes on"
        while time.monotonic() - started < budget:
            before, moved = self.failures.total(), self._moved
            worked = sum(
                self._tenant(TenantConnection(connection, tenant)) for tenant in self._tenants()
            )  # all of them, so not any()
            now = time.monotonic()
            if worked:
                quiet_since = now
            elif now - quiet_since > linger:
                why = f"nothing was dirty for {linger:.0f} s"
                break
            if now >= due or (self._made.partitions.keys() - self._reported and now >= due - REPORT_SECONDS + 2):
                self._hand_over()
                due = now + REPORT_SECONDS
            if self.failures.total() > before:
                pause = min(LONGEST_PAUSE, pause * 2)
            elif self._moved > moved:
                pause = POLL_SECONDS
                continue
            else:
                pause = min(CALM_SECONDS, pause * 1.5)
            time.sleep(pause)
        self._hand_over()
        return why

    def _hand_over(self) -> None:
        if self._made.partitions:
            self._reported |= self._made.partitions.keys()
            made, self._made = self._made, Made()
            self._report(made)

    def _tenant(self, session: TenantConnection) -> bool:
        """One round over a tenant's dirty partitions; True when it had any."""
        with session.transaction() as connection:
            found = dirty.due_partitions(connection)
            told = outbox.waiting(connection)
        self._patience = HOLD_SECONDS
        for scope in found.scopes():
            self._let_messages_in()
            self._scope(session, scope, found)
        if self._redis is not None and (told or found.partitions):
            try:
                outbox.relay(session, self._redis)
            except RedisError as error:
                self._failed("outbox", error)
        return bool(found.partitions)

    def _let_messages_in(self) -> None:
        """Messages are durable before anything is made of them."""
        with suppress(RedisError):
            while self._patience > 0 and self._backlog() >= BACKLOG:
                self._patience -= 1
                time.sleep(1)

    def _scope(self, session: TenantConnection, scope: Scope, found: dirty.Dirty) -> None:
        self.rounds += 1
        covered = [one for one in found.partitions if scope.holds(*one)]
        progress = Progress([mark for one in covered for mark in found.partitions[one]])
        reports, order = progress.reports, self._order
        self._pass(session, scope, order.first, progress)
        self._pass(session, scope, tuple(order.slow), progress)
        if any(reports[asset].done for asset in order.slow if asset in reports):
            self._pass(session, scope, order.again, progress)
        self._pass(session, scope, order.last, progress)
        self._made.add(covered, scope.feed, reports, set(covered) - self._reported)
        # What another run is at for an hour is not looked at again and again without a pause.
        self._moved += progress.is_whole or any(one.done or one.skipped for one in reports.values())
        waits = any(report.waiting for report in reports.values())
        if waits or not progress.is_whole:
            progress.note(session)
        if progress.is_whole:
            with session.transaction() as connection:
                settle = dirty.postpone if waits else dirty.clear
                settle(connection, progress.marks)

    def _pass(self, session: TenantConnection, scope: Scope, assets: Sequence[str], progress: Progress) -> None:
        reports = progress.reports
        for asset in assets:
            total = reports.setdefault(asset, Report())
            total.left = total.busy = 0
            total.waiting.clear()
            if any(reports[one].busy for one in self._order.wait_for.get(asset, ()) if one in reports):
                total.left = total.busy = 1
                continue
            for number, stage in enumerate(self._stages[asset]):
                try:
                    report = run_stage(
                        stage, session, scope, limit=self._order.slow.get(asset), wait=False, run_id=self._run_id
                    )  # fmt: skip
                except Exception as error:
                    if is_down(error):
                        raise
                    self._failed(f"{asset}{f'/{number}' if number else ''}", error)
                    progress.stumbled.add(asset)
                    continue
                again = report.stale.total() == report.stale["waiting"] + report.stale["retry"]
                if again and (report.waiting or (report.failed and not report.done)):
                    report.left = 0  # they would only wait or fail again
                total.add(report)
                if report.done:
                    self._log(f"{asset}: {report.done:,} made in {scope.feed}, {report.seconds:.1f} s")
            if time.monotonic() - progress.noted > NOTE_SECONDS:
                progress.note(session)

    def _failed(self, what: str, error: Exception) -> None:
        self.failures[f"{what}: {type(error).__name__}"] += 1
        self._log(f"{what} failed and is tried again: {type(error).__name__}")
