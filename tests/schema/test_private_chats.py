"""The revision that keeps an account's groups with other groups moves what is there, for every tenant."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from migrations import downgrade, upgrade
from tests.schema.test_migrations import ask

BEFORE, AFTER = "0005", "0006"
ROWS = """
    INSERT INTO tenants (id, slug, name) VALUES (:t, :slug, 'x');
    INSERT INTO feeds VALUES (:t, :feed, 'channel', 'x'), (:t, :other, 'channel', 'x');
    INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed)
        VALUES (:t, :small, -7, 'persona', :feed), (:t, :channel, -1000000000042, 'channel', :other);
    INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at, source, views_count)
        VALUES (:t, :one, :small, 1, now(), 'persona', 9), (:t, :two, :channel, 1, now(), 'channel', 9);
    INSERT INTO derivations (tenant_id, stage, item_id, at, input_hash, version)
        SELECT :t, stage, id, now(), 'x', '1' FROM posts, unnest(ARRAY['posts', 'qdrant_points']) stage
        WHERE tenant_id = :t
"""
KEPT = "SELECT kept_in, source, engagement_score > 0, count(*) FROM messages GROUP BY 1, 2, 3 ORDER BY 1"


def run(url: str, statements: str, **values: object) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement), {name: one for name, one in values.items() if f":{name}" in statement})


@pytest.fixture
def scratch_urls(scratch: Callable[[str], str], servers: dict[str, str], superuser_url: str) -> tuple[str, str]:
    """An empty database for its owner, and for the superuser, whom no row security binds."""
    return scratch(servers["TG_POSTGRES_OWNER_URL"]), scratch(superuser_url)


def test_messages_move_and_stay_readable(scratch_urls: tuple[str, str]) -> None:
    """Two tenants: what nobody owned stays shared, as a group; points are made again; other rows are left alone."""
    owner, superuser = scratch_urls
    upgrade(owner, BEFORE)
    for number in range(2):
        names = ("t", "small", "channel", "one", "two")
        slug = f"t{number}"
        run(
            superuser, ROWS, slug=slug, feed=f"{slug}.small", other=f"{slug}.other", **{name: uuid4() for name in names}
        )
    upgrade(owner, AFTER)
    assert ask(superuser, KEPT) == [("group_messages", "group", True, 2), ("posts", "channel", True, 2)]
    for what, table in (("source", "channels"), ("kind", "feeds")):
        found = ask(superuser, f"SELECT {what}, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
        assert found == [("channel", 2), ("group", 2)]
    stale = "SELECT stage, version, count(*) FROM derivations GROUP BY 1, 2 ORDER BY 1, 2"
    assert ask(superuser, stale) == [("posts", "1", 4), ("qdrant_points", "", 2), ("qdrant_points", "1", 2)]
    assert ask(owner, "SELECT count(*) FROM messages") == [(0,)]  # row security binds the owner again


def test_a_small_group_has_an_owner_and_goes_back(scratch_urls: tuple[str, str]) -> None:
    owner, superuser = scratch_urls
    upgrade(owner, AFTER)
    tenant, channel = uuid4(), uuid4()
    run(
        superuser,
        """INSERT INTO tenants (id, slug, name) VALUES (:t, 't', 'x');
           INSERT INTO feeds VALUES (:t, 't.small', 'group', 'x');
           INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed, owner_id)
               VALUES (:t, :c, -7, 'persona', 't.small', 900);
           INSERT INTO group_messages (tenant_id, id, channel_id, telegram_message_id, posted_at, source)
               VALUES (:t, :c, :c, 1, now(), 'persona')""",
        t=tenant,
        c=channel,
    )
    with pytest.raises(IntegrityError, match="channels_persona_has_owner"):
        run(superuser, "UPDATE channels SET owner_id = 0")
    downgrade(owner, BEFORE)
    assert ask(superuser, KEPT) == [("posts", "persona", False, 1)]
    assert ask(owner, "SELECT count(*) FROM messages") == [(0,)]
