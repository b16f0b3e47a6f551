"""The incremental engine: work is what is stale.

A ``Stage`` says, in SQL, which items a scope has and the hash of what each is made from; the engine compares
that with the ledger (``derivations``), works on the items that differ in bounded chunks, and commits what a
chunk made together with its ledger rows. So a second run does nothing, a retry resumes where the crash was,
and a new model version or a late input makes exactly the touched items stale. Writes must be idempotent:
a crash between an outside store and the commit repeats that chunk. An item that its stage stumbles over is found by
halving its chunk and recorded with the reason; the others are made. Nothing here knows Dagster or any stage.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.faults import is_nobodys, where, why
from tg_assets.ledger.stage import Chunk, Outcome, Report, Session, Stage, StageOf
from tg_assets.ledger.traces import example
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.stores.growth import Growth

logger = logging.getLogger(__name__)

# After this many writes the planner is told at the end once more; its own next look may be a minute away.
BULK = 5000

# Counted amounts are folded into totals by whoever counts, or they would grow where nobody looks at them.
FOLDED = 10_000

CHUNK = """
    CREATE TEMP TABLE IF NOT EXISTS chunk (item_id uuid PRIMARY KEY, at timestamptz, reason text)
    ON COMMIT DELETE ROWS
"""


def run_stage(
    of: StageOf,
    session: Session,
    scope: Scope,
    *,
    force: bool = False,
    dry_run: bool = False,
    limit: int | None = None,
    wait: bool = True,
    run_id: str | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make a stage's stale items of a scope, at most ``limit``; with ``dry_run`` only count them.

    One process at a time works on a feed's stage. Another waits for it, or without ``wait`` leaves its items.
    """
    started = time.monotonic()
    stage = of if isinstance(of, Stage) else of(scope)
    if dry_run:
        report = _plan(stage, session, scope, force)
    else:
        with session.lock(f"{stage.name}/{scope.feed}", wait=wait) as held:
            report = _plan(stage, session, scope, force)
            if held:
                _make(stage, session, scope, report, limit, run_id, log)
                if stage.after is not None:
                    stage.after(session)
            else:
                report.left = report.busy = report.todo
    if stage.price is not None:
        report.cost, report.paid = stage.price.of(report.tokens), stage.price.of(report.spent)
    report.estimated_seconds = (report.units if stage.unit else report.todo) / stage.pace if stage.pace else 0.0
    report.seconds = time.monotonic() - started
    return report


def _make(
    stage: Stage,
    session: Session,
    scope: Scope,
    report: Report,
    limit: int | None,
    run_id: str | None,
    log: Callable[[str], None],
) -> None:
    """Work on what was planned, saying how far it is."""
    started = time.monotonic()
    todo = report.todo if limit is None else min(report.todo, limit)
    report.left = report.todo - todo
    if not todo:
        return
    log(f"{stage.name}: {report.todo:,} of {report.total:,} stale in {scope.feed} ({_reasons(report.stale)})")
    growth = Growth()
    for outcome, size in _chunks(stage, session, scope, todo, run_id):
        with session.transaction() as connection:
            growth.add(connection, size)
        report.done += size - len(outcome.failed) - len(outcome.skipped) - len(outcome.waiting)
        report.failed.update(outcome.failed.values())
        report.skipped.update(outcome.skipped.values())
        report.waiting.update(outcome.waiting.values())
        report.counts.update(outcome.counts)
        report.spent += outcome.spent
        log(_progress(stage, report, todo, time.monotonic() - started))
    with session.transaction() as connection:
        connection.execute(text("SELECT metrics.fold(:most)"), {"most": FOLDED})
        if todo >= BULK:
            connection.execute(text("SELECT refresh_statistics()"))


def work_on(
    stage: Stage, connection: Connection, scope: Scope, items: str, channels: Sequence[UUID], run_id: str | None = None
) -> Outcome:
    """Make the items that ``items`` selects, stale or not, inside the caller's transaction.

    ``channels`` and the scope's time bound the stage's inputs; for whoever knows what has just changed.
    """
    connection.execute(text(CHUNK))
    values = {
        **stage.values, "channels": list(channels), "since": scope.since, "until": scope.until, "feed": scope.feed,
        "version": stage.version,
    }  # fmt: skip
    connection.execute(text("DROP TABLE IF EXISTS work"))
    connection.execute(
        text(f"CREATE TEMP TABLE work ON COMMIT DROP AS SELECT i.* FROM ({stage.inputs}) i WHERE item_id IN ({items})"),  # noqa: S608
        values,
    )
    size = connection.execute(text("INSERT INTO chunk SELECT item_id, at, 'changed' FROM work")).rowcount
    started = time.monotonic()
    outcome = stage.work(Chunk(connection, scope, size, run_id))
    _record(stage, connection, outcome, size, started, run_id)
    return outcome


def _plan(stage: Stage, session: Session, scope: Scope, force: bool) -> Report:
    """List the stale items in the temporary table ``work``, oldest first, those that waited or failed before last.

    What is not stale is only counted: of a year that is made already, listing it took most of the time.
    """
    with session.transaction() as connection:
        values = {
            **stage.values,
            "channels": channels_of(connection, scope),
            "since": scope.since,
            "until": scope.until,
            "feed": scope.feed,
            "stage": stage.name,
            "version": stage.version,
            "force": force,
        }
        connection.execute(text("DROP TABLE IF EXISTS work"))
        connection.execute(text(CHUNK))
        total = connection.execute(text(f"SELECT count(*) FROM ({stage.inputs}) i"), values).scalar_one()  # noqa: S608
        connection.execute(
            text(f"""
                CREATE TEMP TABLE work AS
                WITH input AS ({stage.inputs}),
                judged AS (
                    SELECT i.item_id, i.input_hash, i.at, coalesce(i.tokens, 0) AS tokens,
                           CASE WHEN d.item_id IS NULL THEN 'new'
                                WHEN d.version <> :version THEN 'version'
                                WHEN d.input_hash <> i.input_hash THEN 'changed'
                                WHEN d.status = 'error' THEN 'retry'
                                WHEN d.status = 'waiting' THEN 'waiting'
                                WHEN :force THEN 'forced' END AS reason
                    FROM input i
                    LEFT JOIN derivations d ON d.stage = :stage AND d.item_id = i.item_id
                )
                SELECT row_number() OVER (ORDER BY reason IN ('waiting', 'retry'), at, item_id) AS n, *
                FROM judged WHERE reason IS NOT NULL
            """),  # noqa: S608 - the stage's own SQL, values are bound
            values,
        )
        connection.execute(text("CREATE INDEX ON work (n)"))
        connection.execute(text("ANALYZE work"))
        rows = connection.execute(text("SELECT reason, count(*), sum(tokens) FROM work GROUP BY reason")).all()
    due = int(sum(tokens for _, _, tokens in rows))
    stale = Counter({reason: count for reason, count, _ in rows})
    return Report(
        stale=stale,
        total=max(total, stale.total()),  # more may have come since they were counted
        tokens=0 if stage.price is None else due * stage.tokens_per_unit,
        units=due if stage.unit else 0,
    )


def _chunks(
    stage: Stage, session: Session, scope: Scope, todo: int, run_id: str | None
) -> Iterator[tuple[Outcome, int]]:
    begun = 0
    while begun < todo:
        for outcome, size in _part(stage, session, scope, begun, min(stage.chunk_size, todo - begun), run_id):
            begun += size
            yield outcome, size


def _part(
    stage: Stage, session: Session, scope: Scope, begun: int, most: int, run_id: str | None
) -> Iterator[tuple[Outcome, int]]:
    """Make the next items, ``most`` at once; by halves where the stage stumbles, until what it stumbles over is alone.

    Raises what is no item's fault.
    """
    size = most
    try:
        with session.transaction() as connection:
            size, started = _choose(stage, connection, begun, most), time.monotonic()
            outcome = stage.work(Chunk(connection, scope, size, run_id))
            _record(stage, connection, outcome, size, started, run_id)
    except Exception as error:
        if is_nobodys(error):
            raise
        if size > 1:
            half = size // 2
            yield from _part(stage, session, scope, begun, half, run_id)
            yield from _part(stage, session, scope, begun + half, size - half, run_id)
            return
        logger.error("%s: an item cannot be made: %s", stage.name, where(error))
        outcome = _unmade(stage, session, begun, why(error), run_id)
    yield outcome, size


def _choose(stage: Stage, connection: Connection, begun: int, most: int) -> int:
    """Fill ``chunk`` with the next items; returns how many they are."""
    return connection.execute(
        text("""INSERT INTO chunk SELECT item_id, at, reason
                FROM (SELECT *, sum(tokens) OVER (ORDER BY n) - tokens AS before FROM work
                      WHERE n > :begun AND n <= :begun + :most) next
                WHERE before < :tokens OR :tokens IS NULL"""),
        {"begun": begun, "most": most, "tokens": stage.chunk_tokens},
    ).rowcount


def _unmade(stage: Stage, session: Session, begun: int, reason: str, run_id: str | None) -> Outcome:
    """Record that the next item cannot be made."""
    with session.transaction() as connection:
        _choose(stage, connection, begun, 1)
        item = connection.execute(text("SELECT item_id FROM chunk")).scalar_one()
        outcome = Outcome(failed={item: reason})
        if stage.unmade is not None:
            stage.unmade(connection, outcome.failed)
        _record(stage, connection, outcome, 1, time.monotonic(), run_id)
    return outcome


def _record(
    stage: Stage, connection: Connection, outcome: Outcome, size: int, started: float, run_id: str | None
) -> None:
    """Write the chunk's ledger rows, and count it, in the transaction that wrote what they stand for."""
    _count(stage, outcome, size, time.monotonic() - started)
    outcome.tally.save(connection, example(connection))
    settled: list[tuple[Mapping[UUID, str], str]] = [
        (outcome.failed, "error"),
        (outcome.skipped, "skipped"),
        (outcome.waiting, "waiting"),
    ]
    rows = [(str(item), status, reason) for named, status in settled for item, reason in named.items()]
    connection.execute(
        text("""
            INSERT INTO derivations AS d (tenant_id, stage, item_id, at, input_hash, version, status, reason, run_id)
            SELECT current_tenant(), :stage, c.item_id, c.at, w.input_hash, :version,
                   coalesce(s.status, 'ok'), s.reason, :run_id
            FROM chunk c JOIN work w USING (item_id)
            LEFT JOIN unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]))
                      AS s (item_id, status, reason) USING (item_id)
            ON CONFLICT (tenant_id, stage, item_id) DO UPDATE SET
                at = excluded.at, input_hash = excluded.input_hash, version = excluded.version,
                status = excluded.status, reason = excluded.reason, run_id = excluded.run_id, made_at = now(),
                retries = CASE WHEN (d.status, d.input_hash, d.version)
                                  = (excluded.status, excluded.input_hash, excluded.version)
                               AND d.status = 'error' THEN d.retries + 1 ELSE 0 END
        """),
        {
            "stage": stage.name,
            "version": stage.version,
            "run_id": run_id,
            "ids": [row[0] for row in rows],
            "statuses": [row[1] for row in rows],
            "reasons": [row[2] for row in rows],
        },
    )


def _count(stage: Stage, outcome: Outcome, size: int, seconds: float) -> None:
    settled = outcome.settled(size)
    for name, count in settled.items():
        outcome.tally.count("stage_items", count, stage=stage.name, outcome=name)
    outcome.tally.count("stage_tokens", outcome.spent, stage=stage.name)
    if size:
        outcome.tally.observe("stage_chunk_seconds", seconds, stage=stage.name)
    if stage.counted is not None:
        stage.counted(outcome.tally, settled, seconds)


def _reasons(stale: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in stale.most_common())


def _progress(stage: Stage, report: Report, todo: int, seconds: float) -> str:
    settled = report.done + report.failed.total() + report.skipped.total() + report.waiting.total()
    speed = settled / seconds if seconds else 0.0
    left = (todo - settled) / speed if speed else 0.0
    return f"{stage.name}: {settled:,} of {todo:,} ({settled / todo:.0%}), {speed:,.0f}/s, {left:,.0f} s left"
