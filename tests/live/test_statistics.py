"""A feed's daily roll-up follows whatever was written, in whichever order transactions end."""

from tests.live.support import Live


def test_what_began_first_and_came_last_counts(live: Live) -> None:
    """A day's newest time is that of another message."""
    live.send(live.event(1), live.event(2))
    live.drain()
    live.backfill()
    live.rows("""UPDATE messages SET reactions_count = 5, updated_at = updated_at - interval '1 minute'
                 WHERE telegram_message_id = 1 RETURNING 1""")
    live.backfill()
    assert live.rows("SELECT messages, reactions FROM feed_statistics") == [(2, 5)]
