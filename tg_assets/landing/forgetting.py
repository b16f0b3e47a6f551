"""Forgetting what was stored of chats that are never read, from before they were, inside a tenant's transaction.

Messages become tombstones, which keep no words and reach every derived asset as any deletion does; dead letters that
name such a chat go. What does not belong here: which chats (``tg_assets.telegram.off_limits``), what a deletion takes
with it (``tg_assets.ledger.deletion``).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, text

from tg_assets.landing.facts import Fact, apply_facts, keep_facts
from tg_assets.landing.incoming import create_incoming
from tg_assets.landing.rows import land
from tg_assets.ledger import dirty
from tg_assets.telegram.off_limits import OffLimits

AT_ONCE = 5000


@dataclass(slots=True)
class Forgotten:
    """How many chats, messages and dead letters."""

    chats: int = 0
    messages: int = 0
    letters: int = 0


def forget(connection: Connection, off_limits: OffLimits, start: date) -> Forgotten:
    """Forget; the partitions from ``start`` on become dirty, and ``refresh`` brings it to the derived assets."""
    rows = connection.execute(text("SELECT id, tg_channel_id, source, username FROM channels"))
    chats = [str(row.id) for row in rows if off_limits.has(row.tg_channel_id, row.source, row.username)]
    done = Forgotten(len(chats))
    create_incoming(connection)
    while found := connection.execute(
        text("""SELECT id, channel_id, telegram_message_id FROM telegram_messages
                WHERE channel_id = ANY(CAST(:chats AS uuid[])) AND deleted_at IS NULL LIMIT :most"""),
        {"chats": chats, "most": AT_ONCE},
    ).all():
        now = datetime.now(UTC)
        land(connection)  # nothing: it makes the list of what has changed
        keep_facts(
            connection,
            [Fact(row.id, "deleted", row.channel_id, row.telegram_message_id, now, "{}") for row in found],
        )
        apply_facts(connection)
        dirty.mark(connection, start)
        done.messages += len(found)
    asked = text("SELECT id, payload::text, fields FROM dead_letters").execution_options(yield_per=100)
    letters = connection.execute(asked)
    named = [
        str(letter.id)
        for letter in letters
        if any(map(off_limits.is_in, (letter.payload.encode(), *map(bytes, letter.fields or ()))))
    ]
    connection.execute(text("DELETE FROM dead_letters WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": named})
    done.letters = len(named)
    return done
