"""Rounds over tenants: look for what is new to their questions, then tell it, again and again while there is something.

What does not belong here: Dagster, how a question is asked, how a receiver is told.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import Archive
from tg_assets.saved.looking import MAY_BE_ASKED, TIMES, TURN_HAS_COME, VALID, look
from tg_assets.saved.signing import Vaults
from tg_assets.saved.telling import DUE, tell
from tg_assets.stores.database import Database

LOOK_SECONDS = 1.0
LOCK = "saved"
TURN_SECONDS = 60.0
"""So long a tenant's receivers are told in a round; then it is the next one's turn, however slow they are."""

_SEARCHES = f"""saved_questions s JOIN access_tokens a ON a.name = s.token
                WHERE s.kind = 'search' AND {VALID} AND {MAY_BE_ASKED}"""
# Something arrived that nobody needs any more or that a search was not asked about, a question to the graph is due, a
# token ended, a receiver waits. What a snapshot does not see is from its end on, or was going on when it was taken: so
# nothing of a week's arrivals is read but the last one, and those of transactions that went on.
_IS_DUE = f"""
    SELECT EXISTS (
        SELECT FROM newly_indexed n WHERE NOT EXISTS (SELECT FROM saved_questions WHERE kind = 'search')
    ) OR (SELECT last_xid FROM newly_indexed ORDER BY last_xid DESC LIMIT 1) >= (
        SELECT pg_snapshot_xmax(s.looked) AS ended FROM {_SEARCHES} ORDER BY ended LIMIT 1
    ) OR EXISTS (
        SELECT FROM (SELECT DISTINCT pg_snapshot_xip(s.looked) AS xid FROM {_SEARCHES}) w
        WHERE w.xid = (SELECT last_xid FROM newly_indexed WHERE last_xid >= w.xid ORDER BY last_xid LIMIT 1)
    ) OR EXISTS (
        SELECT FROM saved_questions s JOIN access_tokens a ON a.name = s.token
        WHERE NOT {VALID} OR (s.kind = 'graph' AND {TURN_HAS_COME})
    ) OR EXISTS ({DUE})
"""  # noqa: S608 - constants


def is_due(connection: Connection) -> bool:
    """Whether the tenant of this transaction has anything to be looked at or told."""
    return bool(connection.execute(text(_IS_DUE), TIMES).scalar_one())


def rounds(
    database: Database,
    whole: Archive,
    tenants: Sequence[UUID],
    trusted: Collection[str],
    vaults: Vaults,
    linger: float,
    budget: float,
) -> Counter[str]:
    """Look and tell until nothing was due for ``linger`` seconds or ``budget`` is spent.

    One process at a time is at a tenant, and no tenant is always the last. Counts what ``look`` and ``tell`` count.
    Raises at the end what a tenant stumbled over, after the others had their turn.
    """
    started = quiet_since = time.monotonic()
    until = started + budget
    done: Counter[str] = Counter()
    first = int(time.time()) % max(1, len(tenants))
    in_turn = (*tenants[first:], *tenants[:first])
    while True:
        stumbled: list[Exception] = []
        for tenant in in_turn:
            try:
                is_over = time.monotonic() > until
                if not is_over and (found := _round(database, replace(whole, tenant=tenant), trusted, vaults, until)):
                    done += found
                    quiet_since = time.monotonic()
            except Exception as error:  # noqa: BLE001 - one tenant's trouble is not the others'
                stumbled.append(error)
        if stumbled:
            raise stumbled[0]
        if time.monotonic() > min(until, quiet_since + linger):
            return done
        time.sleep(LOOK_SECONDS)


def _round(database: Database, whole: Archive, trusted: Collection[str], vaults: Vaults, until: float) -> Counter[str]:
    """One round over a tenant; counts nothing where nothing was due, or another process is at it."""
    with database.tenant(whole.tenant) as session:
        with session.transaction() as connection:
            if not is_due(connection):
                return Counter()
        with session.lock(LOCK, wait=False) as held:
            if not held:
                return Counter()
            done = Counter(rounds=1)
            done += look(session, whole)
            done += tell(session, whole, trusted, vaults, min(until, time.monotonic() + TURN_SECONDS))
            return done
