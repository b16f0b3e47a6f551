"""What the outbox of a database holds is sent in order of commit, wherever the database was when it was written."""

import orjson
import pytest

from tests.live.support import Live
from tests.support import pipeline
from tg_assets import ids
from tg_assets.ledger import outbox

STREAM = "stream:tests:told"


def posted(live: Live, *names: str) -> None:
    """Events that are committed one after the other."""
    for name in names:
        with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
            outbox.post(connection, [(STREAM, name, orjson.dumps({"name": name}).decode())])


def sent(live: Live) -> list[str]:
    """Names of the events on the stream, after a relay."""
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session:
        outbox.relay(session, live.redis)
    return [orjson.loads(fields[b"data"])["name"] for _, fields in live.redis.xrange(STREAM)]


def test_events_are_sent_as_they_were_committed(live: Live) -> None:
    posted(live, "first", "second", "third")
    assert sent(live) == ["first", "second", "third"]


@pytest.mark.parametrize("further", [10**10, 4, 0])
def test_what_came_with_a_dump_is_sent_before_what_is_new(live: Live, further: int) -> None:
    """In the cluster that the dump is of, numbers of transactions were lower, or went so much further."""
    posted(live, "first", "second")
    live.rows(
        """UPDATE outbox SET cluster = 1, xid = CAST(CAST(
               CAST(CAST(xid AS text) AS bigint) + CASE idempotency_key WHEN 'second' THEN :further ELSE 0 END
           AS text) AS xid8) RETURNING seq""",
        further=further,
    )
    posted(live, "third")
    assert sent(live) == ["first", "second", "third"]
    posted(live, "fourth")
    assert sent(live) == ["first", "second", "third", "fourth"]


def test_what_is_not_committed_holds_back_what_began_after_it(live: Live) -> None:
    tenant = ids.tenant_id(live.tenant)
    with pipeline.postgres().tenant(tenant) as session, session.transaction() as connection:
        outbox.post(connection, [(STREAM, "open", orjson.dumps({"name": "open"}).decode())])
        posted(live, "later")
        assert sent(live) == []
    assert sent(live) == ["open", "later"]
