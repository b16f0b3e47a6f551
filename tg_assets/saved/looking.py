"""What is new to saved questions: a search asks once about what arrived since, a question to the graph now and then.

Each is asked as its token sees at that moment. Where it stands moves once its matches are kept, so a round that is
killed is made again, and a match that is there already is none. What does not belong here: telling anybody.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import Archive
from tg_assets.answers.ranked import Copy, Hit, ranked
from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError
from tg_assets.faults import is_nobodys
from tg_assets.index.evidence import FAIR
from tg_assets.ledger import arrivals
from tg_assets.saved.asked import SavedQuestion
from tg_assets.saved.graph_rows import now_there
from tg_assets.saved.matches import Question, question
from tg_assets.saved.questions import narrowed
from tg_assets.stores.database import TenantConnection

AT_ONCE = 500
"""Arrivals that a search is asked about at once."""
IN_A_ROUND = 5000
"""Arrivals that it is asked about before others have their turn: an archive that is imported has a million."""
GRAPH_EVERY = timedelta(minutes=15)
MOST, KEPT = 2000, timedelta(days=90)
"""Matches of a question, and how long they are kept."""
ARRIVALS_KEPT = timedelta(days=7)
"""So long an arrival is looked at again when it is indexed again."""
LONGEST_KEPT = timedelta(days=30)
"""So long an arrival waits for a question that cannot be asked."""
AGAIN = timedelta(minutes=5)
"""When a question is asked again that could not be asked."""

VALID = "(a.expires_at IS NULL OR a.expires_at > now())"
# What was asked at a time to come was so before the clock was set back.
MAY_BE_ASKED = "(s.failed_at IS NULL OR s.failed_at NOT BETWEEN now() - CAST(:again AS interval) AND now())"
TURN_HAS_COME = "s.asked_at NOT BETWEEN now() - CAST(:every AS interval) AND now()"
TIMES = {"every": GRAPH_EVERY, "again": AGAIN}
"""Values of these conditions."""
_QUESTIONS = f"""
    SELECT s.id FROM saved_questions s JOIN access_tokens a ON a.name = s.token
    WHERE {VALID} AND {MAY_BE_ASKED}
      AND (s.kind = 'search' OR {TURN_HAS_COME}) ORDER BY s.made_at, s.id
"""  # noqa: S608 - a constant
# The least number that may be new bounds what is read of the index; which of those are new the snapshots say.
_ARRIVED = """
    SELECT n.item_id, CAST(CAST(n.last_xid AS text) AS bigint) AS xid
    FROM newly_indexed n JOIN saved_questions s ON s.id = CAST(:id AS uuid)
    WHERE n.last_xid >= (SELECT pg_snapshot_xmin(looked) FROM saved_questions WHERE id = CAST(:id AS uuid))
      AND pg_visible_in_snapshot(n.last_xid, CAST(:now AS pg_snapshot))
      AND NOT pg_visible_in_snapshot(n.last_xid, s.looked) AND NOT pg_visible_in_snapshot(n.first_xid, s.begun)
    ORDER BY n.last_xid FETCH FIRST (:most) ROWS WITH TIES
"""
# A message of an album stands for the album. The question's row is held, for it may be removed at any moment.
_FOUND = """
    INSERT INTO saved_matches (tenant_id, saved_id, key, found_at, seen_at)
    SELECT current_tenant(), s.id, f.key, now(), now()
    FROM (SELECT id FROM saved_questions WHERE id = CAST(:id AS uuid) FOR KEY SHARE) s CROSS JOIN (
        SELECT coalesce(m.album_id, k.id) AS key, min(k.place) AS place
        FROM unnest(CAST(:keys AS uuid[])) WITH ORDINALITY AS k (id, place) LEFT JOIN messages m ON m.id = k.id
        GROUP BY 1
    ) f ORDER BY f.place
    ON CONFLICT (tenant_id, saved_id, key) DO UPDATE SET seen_at = excluded.seen_at
    RETURNING xmax = 0 AS is_new
"""
_LOOKED = """
    UPDATE saved_questions SET looked = CAST(:now AS pg_snapshot), asked_at = now(), failed_at = NULL
    WHERE id = CAST(:id AS uuid)
"""
# It stays where it stands, and is asked again later.
_FAILED = "UPDATE saved_questions SET asked_at = now(), failed_at = now() WHERE id = CAST(:id AS uuid)"
# Bounds are each an index's, so that of a week's arrivals only those are read that may go: what a snapshot sees is
# below its end. Without a search there are none of use.
_TRIM = (
    """DELETE FROM saved_questions s USING access_tokens a WHERE a.name = s.token AND a.expires_at <= now()""",
    """DELETE FROM newly_indexed WHERE NOT EXISTS (SELECT FROM saved_questions WHERE kind = 'search')""",
    """DELETE FROM newly_indexed n WHERE n.first_xid < (
           SELECT pg_snapshot_xmax(begun) FROM saved_questions WHERE kind = 'search' ORDER BY 1 LIMIT 1
       ) AND NOT EXISTS (
           SELECT FROM (SELECT DISTINCT begun::text AS begun FROM saved_questions WHERE kind = 'search') s
           WHERE NOT pg_visible_in_snapshot(n.first_xid, CAST(s.begun AS pg_snapshot)))""",
    """DELETE FROM newly_indexed n WHERE indexed_at < now() - CAST(:arrivals AS interval) AND NOT EXISTS (
           SELECT FROM (SELECT DISTINCT looked::text AS looked FROM saved_questions WHERE kind = 'search') s
           WHERE NOT pg_visible_in_snapshot(n.last_xid, CAST(s.looked AS pg_snapshot)))""",
    """DELETE FROM newly_indexed WHERE indexed_at < now() - CAST(:longest AS interval)""",
    """DELETE FROM saved_matches m USING (
           SELECT saved_id, key, seen_at,
                  row_number() OVER (PARTITION BY saved_id ORDER BY seen_at DESC, seq DESC) AS place
           FROM saved_matches
       ) r WHERE m.saved_id = r.saved_id AND m.key = r.key
         AND (r.place > :most OR r.seen_at < now() - CAST(:kept AS interval))
         AND NOT EXISTS (SELECT FROM newly_indexed n WHERE n.item_id = m.key)""",
)


def look(session: TenantConnection, whole: Archive) -> Counter[str]:
    """Ask every question of the session's tenant that has something new to be asked about.

    ``whole`` has the stores and the tenant. Counts ``questions`` that were asked, ``matches`` that were found and
    questions that ``failed``.
    """
    done: Counter[str] = Counter()
    goes_on = False
    with session.transaction() as connection:
        arrivals.go_on(connection)
        now = arrivals.now(connection)
        due = connection.execute(text(_QUESTIONS), TIMES).scalars().all()
    for saved_id in due:
        with session.transaction() as connection:
            one = question(connection, whole, saved_id)
            values = {"id": str(saved_id), "now": now}
            rows = connection.execute(text(_ARRIVED), {**values, "most": IN_A_ROUND}).all()
        if one is None:
            continue
        arrived = [row.item_id for row in rows]
        if len(rows) >= IN_A_ROUND:
            values["now"], goes_on = up_to(now, rows[-1].xid), True
        settled = _LOOKED
        if arrived or isinstance(one.asked, SavedQuestion):
            done["questions"] += 1
            try:
                done["matches"] += _ask(session, one, arrived)
            except Exception as error:
                is_ours = isinstance(error, TgAssetsError) and not isinstance(error, ServerDown | ServerRefuses)
                if is_nobodys(error) and not is_ours:
                    raise
                done["failed"] += 1  # whom it names is gone, say; that stops no other one
                settled = _FAILED
        with session.transaction() as connection:
            connection.execute(text(settled), values)
    if not goes_on:
        with session.transaction() as connection:
            _trim(connection)
    return done


def up_to(snapshot: str, last: int) -> str:
    """What is seen in a snapshot of the transactions up to ``last``, as a snapshot."""
    first, _, going_on = snapshot.split(":")
    still = [one for one in going_on.split(",") if one and int(one) <= last]
    return f"{min(int(first), last + 1)}:{last + 1}:{','.join(still)}"


def _ask(session: TenantConnection, one: Question, arrived: Sequence[UUID]) -> int:
    if isinstance(one.asked, SavedQuestion):
        return _keep(session, one.id, now_there(one.archive, one.asked))
    found = 0
    for first in range(0, len(arrived), AT_ONCE):
        part = arrived[first : first + AT_ONCE]
        narrow = replace(narrowed(one.asked), ids=tuple(map(str, part)))
        hits = ranked(one.archive, one.asked.q, narrow, len(part))
        fair = [hit for hit in hits if hit.score >= FAIR]
        # Whether copies come together or one by one, each has come.
        came: list[Hit | Copy] = [*fair, *(copy for hit in fair for copy in hit.copies)]
        came.sort(key=lambda place: place.posted_at)
        found += _keep(session, one.id, [place.id for place in came])
    return found


def _keep(session: TenantConnection, saved_id: UUID, keys: Any) -> int:
    """Keep matches; returns how many are new."""
    with session.transaction() as connection:
        values = {"id": str(saved_id), "keys": [str(key) for key in keys]}
        return sum(connection.execute(text(_FOUND), values).scalars())


def _trim(connection: Connection) -> None:
    """Questions of tokens that ended, arrivals that are of no use to anybody, and matches beyond what is kept."""
    values = {"arrivals": ARRIVALS_KEPT, "longest": LONGEST_KEPT, "most": MOST, "kept": KEPT}
    for statement in _TRIM:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), used)
