"""Making all of a tenant's points or nodes again where they are, while they answer.

The graph has one database, and an index one collection for all tenants, so a tenant's part of them is not replaced by
another one but written anew, item by item: each is what it was or what it should be, and at the end nothing is there
that should not. What was made again is made current in the ledger, so a rebuild that is killed goes on where it was,
and live traffic works on the same items by the same stages. What does not belong here: what an item is made of.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report
from tg_assets.stores.database import TenantConnection
from tg_assets.verifying.findings import Findings
from tg_assets.verifying.keeper import Part
from tg_assets.verifying.stretches import stretches
from tg_assets.verifying.verify import Verification

AGAIN = "again"
"""Version, in the ledger, of what waits to be made again."""


def make_again(
    session: TenantConnection,
    parts: Sequence[Part],
    verification: Verification,
    *,
    advance: Callable[[str, int, int], None] = lambda *_: None,
    log: Callable[[str], None] = lambda _: None,
    run_id: str | None = None,
) -> tuple[Report, Findings]:
    """Make everything that stages keep of the tenant, oldest first, then take away what is too much; what was done.

    ``verification`` is one that repairs, of the same stages.
    """
    with session.transaction() as connection:
        begun = _mark(connection, [part.name for part in parts])
        found = stretches(connection)
    log(f"{begun:,} items are made again" if begun else "an interrupted rebuild is gone on with")
    total, done, messages = Report(), 0, sum(one.messages for one in found)
    for one in found:
        for part in parts:
            total.add(run_stage(part.of, session, one.scope, run_id=run_id))
        done += one.messages
        advance("making again", done, messages)
    findings = verification.run(what="looking for what is too much")
    log(f"{total.done:,} made, {total.failed.total():,} failed, {findings.mended:,} mended")
    return total, findings


def _mark(connection: Connection, stages: Sequence[str]) -> int:
    """Make all items stale, unless some are so since an earlier rebuild; returns how many."""
    values = {"stages": list(stages), "again": AGAIN}
    if connection.execute(
        text("SELECT EXISTS (SELECT FROM derivations WHERE stage = ANY(:stages) AND version = :again)"), values
    ).scalar():
        return 0
    return connection.execute(
        text("UPDATE derivations SET version = :again WHERE stage = ANY(:stages)"), values
    ).rowcount
