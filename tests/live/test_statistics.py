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


def test_a_message_with_another_time_leaves_its_day(live: Live) -> None:
    """Both days are made anew, also one on which nothing is left."""
    live.send(live.event(1), live.event(2), live.event(1441))
    live.drain()
    live.refresh()
    days = "SELECT day::text, messages FROM feed_statistics ORDER BY 1"
    assert live.rows(days) == [("2026-03-01", 2), ("2026-03-02", 1)]
    later = {"posted_at": "2026-03-05T10:00:00Z", "edited_at": "2026-03-06T10:00:00Z"}
    live.send(live.event(1, **later), live.event(1441, **later))
    live.drain()
    live.refresh()
    assert live.rows(days) == [("2026-03-01", 1), ("2026-03-05", 2)]
    assert live.rows("SELECT * FROM dirty") == []
