"""The revision that keeps entries byte for byte takes what it can from letters that were kept before it."""

from collections.abc import Callable
from uuid import uuid4

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
