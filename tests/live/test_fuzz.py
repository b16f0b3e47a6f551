"""Whatever a stream holds: every entry ends as a row or as a dead letter, at once, and nobody is told its words."""

import logging
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.live.fuzz import MARKER, entries
from tests.live.support import Live
from tests.support import pipeline
from tg_assets import ids
from tg_assets.events.albums import AlbumParsedEventV1
from tg_assets.events.post_row import Message
from tg_assets.events.streams import decode
from tg_assets.ledger.outbox import OWN
from tg_assets.live.state import stream_states, streams_of

COUNT = 2000
SEED = 11


def letters(tenant: UUID) -> dict[str, Any]:
    """An owner's dead letters by stream and entry."""
    with pipeline.postgres().tenant(tenant) as session, session.transaction() as connection:
        rows = connection.execute(text("SELECT source, entry, reason, fields FROM dead_letters"))
        return {f"{row.source} {row.entry}": row for row in rows}


def told(event: Any, tenant: UUID) -> list[tuple[str, UUID]]:
    """Where an accepted event has to be, as (table or kind of fact, message); nowhere if it says nothing."""
    if event.producer == OWN or (isinstance(event, AlbumParsedEventV1) and not event.message_ids):
        return []
    if event.chat is None or not event.message_ids:
        return [("fact", UUID(event.post_id))]
    channel = ids.channel_id(tenant, event.chat.peer_id, event.chat.owner_id)
    kind = "message" if isinstance(event, Message) else "fact"
    return [(kind, ids.post_id(channel, number)) for number in event.message_ids]


def test_two_thousand_entries_that_nobody_should_send(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tenant = ids.tenant_id(live.tenant)
    sent = {}
    for stream, fields in entries(SEED, COUNT, live.tenant, str(tenant)):
        sent[f"{stream} {live.redis.xadd(stream, fields).decode()}"] = stream, fields
    # An entry's id is its sender's to choose, too; it says when the event happened.
    last = live.redis.xadd("stream:posts:parsed", {"data": fields_of_last(live)}, id="18446744073709551614-1")
    sent[f"stream:posts:parsed {last.decode()}"] = "stream:posts:parsed", {b"data": fields_of_last(live)}

    live.drain()

    assert [one for one in stream_states(live.redis, streams_of(0)) if one.waiting] == []
    rejected = letters(tenant) | letters(ids.NO_TENANT)
    assert COUNT / 4 < len(rejected.keys() & sent.keys()) < COUNT * 3 / 4
    there = {("message", row.id) for row in live.rows("SELECT id FROM telegram_messages")}
    there |= {("fact", row.id) for row in live.rows("SELECT id FROM message_facts")}
    for name, (stream, fields) in sent.items():
        if name in rejected:
            parts = [bytes(part) for part in rejected[name].fields]
            assert dict(zip(parts[::2], parts[1::2], strict=True)) == fields
        else:
            assert set(told(decode(stream, fields[b"data"]), tenant)) <= there, name

    refreshed = live.refresh()
    assert not refreshed.failures
    assert live.rows("SELECT stage, reason FROM derivations WHERE status = 'error'") == []
    quoted = [line for line in (*live.said, caplog.text, *(row.reason for row in rejected.values())) if MARKER in line]
    assert quoted == []


def fields_of_last(live: Live) -> bytes:
    """An event that does not say when it happened."""
    event = live.event(5_000_000)
    del event["occurred_at"]
    import orjson

    return orjson.dumps(event)
