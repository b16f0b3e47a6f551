"""The outbox: outgoing events commit with the rows they tell of, and are relayed to their streams afterwards.

Relaying is in order of commit and at least once: a relay that is killed between sending and forgetting sends
again, with the same ``idempotency_key``. A transaction still open holds back what began after it, because its
events may belong before them. Numbers of transactions are a cluster's own: what came with a dump from another one is
all over, and is sent first.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid5

from sqlalchemy import Connection, text

from tg_assets.events.envelope import Envelope
from tg_assets.events.streams import encode, stream_for
from tg_assets.ids import NAMESPACE
from tg_assets.ledger.cluster import HERE
from tg_assets.ledger.traces import traces
from tg_assets.stores.database import temp_rows

if TYPE_CHECKING:
    from redis import Redis

    from tg_assets.stores.database import TenantConnection

# Who sends: on streams that go both ways the tail passes these by.
OWN = "tg_assets"
BATCH = 2000
# Streams that nobody follows as a group keep this many entries.
KEPT = 100_000

_POST = f"""
    INSERT INTO outbox (tenant_id, stream, idempotency_key, data, cluster)
    SELECT current_tenant(), stream, key, data, {HERE} FROM posted
"""  # noqa: S608 - a constant
_WAITING = """
    SELECT xid, seq, stream, data FROM outbox WHERE {which} AND stream <> ALL(:refused) ORDER BY xid, seq LIMIT :batch
"""
_NEXT = f"""
    SELECT seq, stream, data FROM (
        SELECT 0 AS part, * FROM ({_WAITING.format(which=f"(cluster < {HERE} OR cluster > {HERE})")}) elsewhere
        UNION ALL
        SELECT 1, * FROM (
            {_WAITING.format(which=f"cluster = {HERE} AND xid < pg_snapshot_xmin(pg_current_snapshot())")}
        ) here
    ) found ORDER BY part, xid, seq LIMIT :batch
"""  # noqa: S608 - constants


def send(connection: Connection, events: Iterable[Envelope]) -> int:
    """Put our own events into the outbox of this transaction, stamped; returns how many.

    Ids are computed from the idempotency key: the same event, made again, is the same event. One about a post, or an
    album, goes on with the trace of the event that brought it.
    """
    rows, told = [], list(events)
    known = traces(connection, {post for event in told for post in _posts(event)})
    for event in told:
        key = event.idempotency_key or event.default_key()
        event_id = str(uuid5(NAMESPACE, key))
        trace = next((known[post] for post in _posts(event) if post in known), event_id)
        stamp = {"event_id": event_id, "trace_id": trace, "idempotency_key": key, "producer": OWN}
        full = event.model_copy(update=stamp | {"occurred_at": event.occurred_at or datetime.now(UTC)})
        rows.append((stream_for(full), key, encode(full).decode()))
    return post(connection, rows)


def _posts(event: Envelope) -> Iterable[str]:
    """Ids of the posts that an event of ours is about."""
    one, several = getattr(event, "post_id", None), getattr(event, "post_ids", None)
    return [one] if one else several or ()


def post(connection: Connection, rows: Sequence[tuple[str, str, str]]) -> int:
    """Put events, given as (stream, idempotency key, JSON), into the outbox of this transaction."""
    if not rows:
        return 0
    connection.execute(text("DROP TABLE IF EXISTS posted"))
    temp_rows(connection, "posted", {"stream": "text", "key": "text", "data": "text"}, rows)
    connection.execute(text(_POST))
    return len(rows)


def waiting(connection: Connection) -> int:
    """How many events of the tenant are not relayed yet."""
    return int(connection.execute(text("SELECT count(*) FROM outbox")).scalar_one())


def relay(session: "TenantConnection", redis: "Redis") -> int:
    """Send what the tenant's outbox holds; returns how many. Nothing to do when another process is at it.

    A stream that Redis does not let us write to keeps what is for it, and holds up no other: that is raised at the end.
    """
    sent = 0
    refused: dict[str, Exception] = {}
    with session.lock("outbox", wait=False) as held:
        while held and (count := _relay_batch(session, redis, refused)):
            sent += count
    for error in refused.values():
        raise error
    return sent


def _relay_batch(session: "TenantConnection", redis: "Redis", refused: dict[str, Exception]) -> int:
    from redis.exceptions import ResponseError

    with session.transaction() as connection:
        rows = connection.execute(text(_NEXT), {"batch": BATCH, "refused": list(refused)}).all()
        sent = []
        if rows:
            with redis.pipeline(transaction=False) as pipe:
                streaming: Any = pipe
                for row in rows:
                    streaming.xadd(row.stream, {"data": row.data.encode()})
                answers = pipe.execute(raise_on_error=False)
            for row, answer in zip(rows, answers, strict=True):
                if isinstance(answer, ResponseError):
                    refused.setdefault(row.stream, answer)
                elif isinstance(answer, Exception):
                    raise answer
                elif row.stream not in refused:  # what follows a refused one is sent again, after it
                    sent.append(row.seq)
            connection.execute(text("DELETE FROM outbox WHERE seq = ANY(:sent)"), {"sent": sent})
    return len(rows)
