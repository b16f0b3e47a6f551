"""Telling receivers what was found: signed, at least once, in the order in which it was found.

A message tells some matches and keeps its id until the receiver has it; who does not answer is asked again, each time
later, and given up in the end. What there is to tell is read when it is sent, as the token sees it then. What does not
belong here: signing (``monitoring.webhook``), where a receiver may be (``addresses``).
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from tg_assets.answers.archive import Archive
from tg_assets.answers.plain import as_json
from tg_assets.answers.shown import one_line
from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError, WrongSetting
from tg_assets.monitoring.webhook import message_id, post
from tg_assets.saved.addresses import place_of
from tg_assets.saved.matches import Match, Question, question, shown
from tg_assets.saved.signing import Vaults, secret_of
from tg_assets.stores.database import TenantConnection

LOG = logging.getLogger("tg_assets.saved")
AT_ONCE = 20
"""Matches that one message tells."""
LONGEST = 1000
"""Characters of a match's text."""
WAITS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 36_000, 86_400)
"""Seconds until a receiver is told again, nearly those that the Standard Webhooks propose; then it is given up."""

# No receiver waits longer than the longest: what is due later was put off before the clock was set back.
DUE = f"""
    SELECT s.id FROM saved_questions s JOIN access_tokens a ON a.name = s.token
    WHERE s.webhook IS NOT NULL AND s.gave_up_at IS NULL
      AND (s.due_at IS NULL OR s.due_at <= now() OR s.due_at > now() + make_interval(secs => {2 * WAITS[-1]}))
      AND (a.expires_at IS NULL OR a.expires_at > now())
      AND EXISTS (SELECT FROM saved_matches m
                  WHERE m.saved_id = s.id AND m.found_at IS NOT NULL AND m.seq > s.told_until)
    ORDER BY s.due_at NULLS FIRST, s.made_at
"""  # noqa: S608 - constants
# Once begun a message tells the same matches until it arrives.
_BEGIN = """
    UPDATE saved_questions s SET telling_until = coalesce(telling_until, (
        SELECT max(seq) FROM (SELECT seq FROM saved_matches WHERE saved_id = s.id AND found_at IS NOT NULL
                              AND seq > s.told_until ORDER BY seq LIMIT :most) n))
    WHERE id = CAST(:id AS uuid) RETURNING told_until, telling_until, webhook, webhook_secret,
        webhook_sealed, attempts
"""
_MATCHES = """
    SELECT key, found_at FROM saved_matches WHERE saved_id = CAST(:id AS uuid) AND found_at IS NOT NULL
      AND seq > :told AND seq <= :until ORDER BY seq
"""
_TOLD = """
    UPDATE saved_questions SET told_until = telling_until, telling_until = NULL, attempts = 0, due_at = NULL
    WHERE id = CAST(:id AS uuid)
"""
_FAILED = """
    UPDATE saved_questions SET attempts = attempts + 1, due_at = now() + make_interval(secs => :wait),
        gave_up_at = CASE WHEN CAST(:wait AS integer) IS NULL THEN now() END
    WHERE id = CAST(:id AS uuid)
"""


def tell(
    session: TenantConnection, whole: Archive, trusted: Collection[str], vaults: Vaults, until: float
) -> Counter[str]:
    """Tell receivers of the session's tenant whose time has come, the first one and others ``until`` a time of the
    monotonic clock, those that did not answer last; counts messages that are ``told`` or ``not``."""
    done: Counter[str] = Counter()
    with session.transaction() as connection:
        due = connection.execute(text(DUE)).scalars().all()
    for saved_id in due:
        done[_tell(session, whole, saved_id, trusted, vaults)] += 1
        if time.monotonic() > until:
            break
    return done


def _tell(session: TenantConnection, whole: Archive, saved_id: UUID, trusted: Collection[str], vaults: Vaults) -> str:
    with session.transaction() as connection:
        one = question(connection, whole, saved_id)
        begun = connection.execute(text(_BEGIN), {"id": str(saved_id), "most": AT_ONCE}).first() if one else None
        if one is None or begun is None or begun.telling_until is None:
            return "gone"
        values = {"id": str(saved_id), "told": begun.told_until, "until": begun.telling_until}
        rows = connection.execute(text(_MATCHES), values).all()
        secret = _secret(connection, saved_id, begun, vaults)
        try:
            matches = shown(connection, one, {row.key: row.found_at for row in rows})
        except (ServerDown, ServerRefuses):
            raise
        except TgAssetsError:  # a question to the graph that cannot be asked now
            matches = None
    is_told = matches is not None and (not matches or _sent(one, matches, begun, secret, trusted))
    with session.transaction() as connection:
        if is_told:
            connection.execute(text(_TOLD), {"id": str(saved_id)})
        else:
            wait = WAITS[begun.attempts] if begun.attempts < len(WAITS) else None
            connection.execute(text(_FAILED), {"id": str(saved_id), "wait": wait})
    return "told" if is_told else "not"


def _secret(connection: Connection, saved_id: UUID, begun: Any, vaults: Vaults) -> str | None:
    """What signs; None where it cannot be read, which is for whoever runs this to mend: it is tried again."""
    try:
        return secret_of(connection, saved_id, begun, vaults)
    except WrongSetting as error:
        LOG.error("%s", error)
        return None


def _sent(one: Question, matches: Sequence[Match], begun: Any, secret: str | None, trusted: Collection[str]) -> bool:
    if secret is None:
        return False
    try:
        place = place_of(begun.webhook, trusted)
    except TgAssetsError:  # its name may lead elsewhere by the next time
        return False
    message = message_id(f"{one.id}/{begun.told_until}/{begun.telling_until}")
    return post(begun.webhook, secret, message, orjson.dumps(payload(one, matches)), place) is None


def payload(one: Question, matches: Sequence[Match]) -> dict[str, Any]:
    """What a receiver gets: ``type``, ``timestamp`` and ``data``, as the Standard Webhooks have it."""
    told = [
        {**as_json(match), "text": one_line(match.text, LONGEST), "page": match.message and f"/?m={match.message}"}
        for match in matches
    ]
    data = {"id": str(one.id), "name": one.name, "matches": told}
    return {"type": "saved.matched", "timestamp": as_json(datetime.now(UTC)), "data": data}
