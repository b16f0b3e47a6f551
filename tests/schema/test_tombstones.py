"""The revisions that give exports a time and blank deleted messages keep what else is there, for every tenant."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from migrations import downgrade, upgrade
from tests.schema.test_migrations import ask
from tests.schema.test_private_chats import run

BEFORE, AFTER = "0010", "0013"
SHA = "a" * 64
ROWS = """
    INSERT INTO tenants (id, slug, name) VALUES (:t, :slug, 'x');
    INSERT INTO feeds VALUES (:t, :feed, 'channel', 'x');
    INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed)
        VALUES (:t, :chat, -1000000000042, 'channel', :feed);
    INSERT INTO telegram_messages (tenant_id, id, channel_id, telegram_message_id, posted_at, format, raw, raw_hash,
                                   grouped_id, deleted_at)
        VALUES (:t, :one, :chat, 1, '2026-01-01', 'desktop', '{"text": "old words"}', 'x', 1, NULL),
               (:t, :two, :chat, 2, '2026-01-05', 'desktop', '{"text": "newer words"}', 'x', NULL, NULL),
               (:t, :gone, :chat, 3, '2026-01-02', 'event', '{"text": "secret words"}', 'x', 77, '2026-02-01');
    INSERT INTO telegram_message_versions (tenant_id, id, raw_hash, edited_at, raw)
        VALUES (:t, :one, 'w', NULL, '{"text": "first words"}'), (:t, :gone, 'w', NULL, '{"text": "secret words"}');
    INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at, content, deleted_at)
        VALUES (:t, :one, :chat, 1, '2026-01-01', 'old words', NULL),
               (:t, :gone, :chat, 3, '2026-01-02', 'secret words', '2026-02-01');
    INSERT INTO post_enrichment (tenant_id, post_id, kind, provider, data)
        VALUES (:t, :gone, 'speech', 'local', jsonb_build_object('text', 'words', 'model', 'a/b', 'sha256', :sha))
"""
LEFT = (
    "SELECT telegram_message_id, format, version_at::date::text, told_grouped_id, raw->>'text' FROM telegram_messages"
)


@pytest.fixture
def upgraded(scratch: Callable[[str], str], servers: dict[str, str], superuser_url: str) -> tuple[str, str, str]:
    """A database that was in use before: its URLs for owner and superuser, and the tenant's id."""
    owner, superuser = scratch(servers["TG_POSTGRES_OWNER_URL"]), scratch(superuser_url)
    upgrade(owner, BEFORE)
    tenant = str(uuid4())
    names = {name: uuid4() for name in ("chat", "one", "two", "gone")}
    run(superuser, ROWS, t=tenant, slug="t", feed="t.chat", sha=SHA, **names)
    upgrade(owner, AFTER)
    return owner, superuser, tenant


def test_deleted_messages_keep_no_words(upgraded: tuple[str, str, str]) -> None:
    """Exports are as late as the newest message that landed with them; the transcript's key waits to be swept."""
    owner, superuser, tenant = upgraded
    assert ask(superuser, f"{LEFT} ORDER BY 1") == [
        (1, "desktop", "2026-01-05", None, "old words"),
        (2, "desktop", "2026-01-05", None, "newer words"),
        (3, "deleted", None, 77, None),
    ]
    assert ask(superuser, "SELECT format, raw->>'text' FROM telegram_message_versions") == [("desktop", "first words")]
    assert ask(superuser, "SELECT content FROM messages ORDER BY 1") == [("",), ("old words",)]
    assert ask(superuser, "SELECT count(*) FROM post_enrichment") == [(0,)]
    assert ask(
        superuser, "SELECT d.key, o.dropped_at IS NOT NULL FROM derived_objects d JOIN media_objects o USING (sha256)"
    ) == [(f"speech/{tenant}/{SHA}_local_a-b_v1.json", True)]
    assert ask(superuser, "SELECT feed FROM dirty") == [("t.chat",)]
    assert ask(owner, "SELECT count(*) FROM derived_objects") == [(0,)]  # row security binds the owner again
    downgrade(owner, BEFORE)
    assert ask(superuser, "SELECT telegram_message_id FROM telegram_messages ORDER BY 1") == [(1,), (2,)]
