"""Revisions about dead letters take what they can from letters that were kept before them."""

import hashlib
from collections.abc import Callable
from uuid import uuid4, uuid5

import orjson

from migrations import upgrade
from tests.schema.test_migrations import ask
from tests.schema.test_private_chats import run

BEFORE, AFTER = "0011", "0012"
ROWS = """
    INSERT INTO tenants (id, slug, name) VALUES (:t, 't', 'x');
    INSERT INTO feeds VALUES (:t, 't.a', 'channel', 'x');
    INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed) VALUES (:t, :t, -1, 'channel', 't.a');
    INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at, is_service)
        VALUES (:t, :t, :t, 1, now(), true), (:t, :u, :t, 2, now(), false);
    INSERT INTO indexing_status (tenant_id, post_id, graph_status)
        VALUES (:t, :t, 'completed'), (:t, :u, 'completed');
    INSERT INTO dead_letters (tenant_id, id, source, entry, reason, payload) VALUES
        (:t, :t, 'stream:posts:parsed', '1-0', 'x', jsonb_build_object('a', 'é')),
        (:t, :u, 'stream:posts:parsed', '2-0', 'x', to_jsonb('no json'::text)),
        (:t, :v, 'import', '3', 'x', jsonb_build_object('a', 1))
"""


def test_letters_of_streams_can_still_be_replayed(
    scratch: Callable[[str], str], servers: dict[str, str], superuser_url: str
) -> None:
    """And service messages, which nothing is waited for, are not pending any more."""
    owner, superuser = scratch(servers["TG_POSTGRES_OWNER_URL"]), scratch(superuser_url)
    upgrade(owner, BEFORE)
    run(superuser, ROWS, t=uuid4(), u=uuid4(), v=uuid4())
    upgrade(owner, AFTER)
    found = ask(superuser, "SELECT array_to_string(fields, ' ') FROM dead_letters ORDER BY entry")
    texts = [row[0] and " ".join(bytes.fromhex(part[2:]).decode() for part in row[0].split()) for row in found]
    assert texts == ['data {"a": "é"}', "data no json", None]
    states = "SELECT embedding_status FROM indexing_status JOIN posts p ON p.id = post_id ORDER BY telegram_message_id"
    assert ask(superuser, states) == [("skipped",), ("pending",)]
    assert ask(owner, "SELECT count(*) FROM dead_letters") == [(0,)]  # row security binds the owner again


def test_letters_of_imports_get_their_chat(
    scratch: Callable[[str], str], servers: dict[str, str], superuser_url: str
) -> None:
    """Of a feed of two chats the one that the letter's id is made of; letters of what was deleted go."""
    owner, superuser = scratch(servers["TG_POSTGRES_OWNER_URL"]), scratch(superuser_url)
    upgrade(owner, "0015")
    tenant, alone, one, two = (uuid4() for _ in range(4))
    payload = {"id": 7, "text": "x"}
    digest = hashlib.blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    run(
        superuser,
        """INSERT INTO tenants (id, slug, name) VALUES (:t, 't', 'x');
           INSERT INTO feeds VALUES (:t, 't.a', 'channel', 'x'), (:t, 't.b', 'channel', 'x');
           INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed) VALUES
               (:t, :alone, -1000000000001, 'channel', 't.a'), (:t, :one, -1000000000002, 'channel', 't.b'),
               (:t, :two, -1000000000003, 'channel', 't.b');
           INSERT INTO telegram_messages (tenant_id, id, channel_id, telegram_message_id, posted_at, version_at, format,
                                          raw, raw_hash, deleted_at)
               VALUES (:t, :gone, :alone, 8, now(), now(), 'deleted', '{}', '', now());
           INSERT INTO dead_letters (tenant_id, id, source, entry, reason, payload) VALUES
               (:t, :a, 'import t.a', 'message 6', 'x', jsonb_build_object('id', 6)),
               (:t, :b, 'import t.b', 'message 7', 'x', jsonb_build_object('id', 7, 'text', 'x')),
               (:t, :c, 'import t.a', 'message 8', 'x', jsonb_build_object('id', 8)),
               (:t, :d, 'stream:posts:parsed', '1-0', 'x',
                jsonb_build_object('tg_channel_id', -1000000000001, 'telegram_message_id', 8)),
               (:t, :e, 'stream:posts:parsed', '2-0', 'x',
                jsonb_build_object('tg_channel_id', -1000000000001, 'telegram_message_id', 9))""",
        t=tenant, alone=alone, one=one, two=two, gone=uuid4(), a=uuid4(), b=uuid5(two, f"rejected:{digest}"),
        c=uuid4(), d=uuid4(), e=uuid4(),
    )  # fmt: skip
    upgrade(owner, "0016")
    found = ask(superuser, "SELECT entry, channel_id FROM dead_letters ORDER BY source, entry")
    assert found == [("message 6", alone), ("message 7", two), ("2-0", None)]
