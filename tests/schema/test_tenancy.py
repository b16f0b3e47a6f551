"""No tenant, no rows; a forged tenant gets nothing; a connection forgets; a powerful role is refused."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool, QueuePool

from tests.support import pipeline
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.stores.database import Database


@pytest.fixture(scope="module")
def filled(servers: dict[str, str], superuser_url: str) -> str:
    """A tenant that has a row in every table, put there by the superuser."""
    slug = pipeline.new_tenant()
    values = {"t": ids.tenant_id(slug), "i": uuid4(), "slug": slug, "feed": f"{slug}.feed", "sha": "0" * 64}
    statements = """
        INSERT INTO tenants (id, slug, name) VALUES (:t, :slug, :slug);
        INSERT INTO feeds VALUES (:t, :feed, 'channel', 'x');
        INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed) VALUES (:t, :i, -1, 'channel', :feed);
        INSERT INTO identities (tenant_id, id, telegram_id) VALUES (:t, :i, 1);
        INSERT INTO users (tenant_id, id, identity_id) VALUES (:t, :i, :i);
        INSERT INTO user_channel (tenant_id, user_id, channel_id) VALUES (:t, :i, :i);
        INSERT INTO accounts (tenant_id, id, telegram_id, name) VALUES (:t, :i, 1, 'x');
        INSERT INTO account_sessions (tenant_id, account_id, number, secret) VALUES (:t, :i, 1, 'x');
        INSERT INTO history (tenant_id, channel_id) VALUES (:t, :i);
        INSERT INTO telegram_messages (tenant_id, id, channel_id, telegram_message_id, posted_at, format, raw, raw_hash)
            VALUES (:t, :i, :i, 1, now(), 'desktop', '{}', 'x');
        INSERT INTO telegram_message_versions (tenant_id, id, raw_hash, format, raw)
            VALUES (:t, :i, 'x', 'event', '{}');
        INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at) VALUES (:t, :i, :i, 1, now());
        INSERT INTO group_messages (tenant_id, id, channel_id, telegram_message_id, posted_at)
            VALUES (:t, :i, :i, 1, now());
        INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key)
            VALUES (:t, :i, :sha, 'x', 1, 'x', 'x');
        INSERT INTO post_media_map (tenant_id, post_id, position, kind, sha256) VALUES (:t, :i, 0, 'photo', :sha);
        INSERT INTO media_groups (tenant_id, id, channel_id, grouped_id, album_kind, items_count, content_hash,
                                  posted_at)
            VALUES (:t, :i, :i, 1, 'photo', 1, 'x', now());
        INSERT INTO media_group_items (tenant_id, group_id, post_id, position, media_type, media_kind)
            VALUES (:t, :i, :i, 0, 'photo', 'photo');
        INSERT INTO post_enrichment (tenant_id, post_id, kind, provider) VALUES (:t, :i, 'tags', 'x');
        INSERT INTO indexing_status (tenant_id, post_id) VALUES (:t, :i);
        INSERT INTO derivations (tenant_id, stage, item_id, at, input_hash, version)
            VALUES (:t, 'x', :i, now(), 'x', 'x');
        INSERT INTO message_facts (tenant_id, id, kind, version_at, data) VALUES (:t, :i, 'deleted', now(), '{}');
        INSERT INTO dirty (tenant_id, feed, date) VALUES (:t, :feed, now());
        INSERT INTO outbox (tenant_id, stream, idempotency_key, data) VALUES (:t, 'x', 'x', 'x');
        INSERT INTO coverage (tenant_id, channel_id) VALUES (:t, :i);
        INSERT INTO feed_statistics VALUES (:t, :feed, now(), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        INSERT INTO pictures (tenant_id, sha256, provider, model, vision_version) VALUES (:t, :sha, 'x', 'x', 'x');
        INSERT INTO embeddings (tenant_id, name, sealed) VALUES (:t, :i, 'x');
        INSERT INTO word_counts VALUES (:t, 0, 1, 1, 1);
        INSERT INTO counted_points VALUES (:t, :i, :i, 0, 'x', 'x');
        INSERT INTO token_usage (tenant_id, day, provider, model) VALUES (:t, now(), 'x', 'x');
        INSERT INTO conversations VALUES (:t, :i, :i, 'window', :i, '{}', 1, 1, now(), now(), 'x');
        INSERT INTO access_tokens VALUES (:t, 'x', 'x', '{}', NULL, now());
        INSERT INTO oauth_grants VALUES (:t, :i, 'x', 'x', 'x', 'x', 'x', now(), NULL, NULL, NULL, now());
        INSERT INTO judgements (tenant_id, token, question, result_id, is_it, judged_at)
            VALUES (:t, 'x', 'x', :i, true, now());
        INSERT INTO saved_questions (tenant_id, id, token, name, kind, asked, key_hash, made_at, begun, looked,
                                     asked_at)
            VALUES (:t, :i, 'x', 'x', 'search', '{}', 'x', now(), pg_current_snapshot(), pg_current_snapshot(), now());
        INSERT INTO saved_matches (tenant_id, saved_id, key, seen_at) VALUES (:t, :i, :i, now());
        INSERT INTO newly_indexed (tenant_id, item_id) VALUES (:t, :i);
        INSERT INTO derived_objects VALUES (:t, :sha, 'x');
        INSERT INTO replaced_ids VALUES (:t, 'qdrant', :i, :i);
        INSERT INTO dead_letters VALUES (:t, :i, 'x', 'x', 'x', '{}')
    """
    engine = create_engine(superuser_url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements.split(";"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    return slug


@pytest.fixture(scope="module")
def tables(servers: dict[str, str], filled: str) -> list[str]:
    """Every table of ours; each has a row of ``filled``."""
    found = pipeline.rows(
        filled, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    names = sorted(row[0] for row in found)
    assert len(names) == 41
    assert [name for name, count in pipeline.counts(filled, names).items() if not count] == []
    return names


def test_without_a_tenant_there_are_no_rows(servers: dict[str, str], tables: list[str]) -> None:
    """The application role, no tenant set: nothing, from every table."""
    engine = create_engine(servers["TG_POSTGRES_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in tables}
    assert found == dict.fromkeys(tables, 0)


def test_a_forged_tenant_gets_nothing(tables: list[str]) -> None:
    """Another, well-formed tenant id."""
    assert pipeline.counts(f"forged{uuid4().hex[:6]}", tables) == dict.fromkeys(tables, 0)


def test_a_malformed_tenant_is_an_error_not_everything(servers: dict[str, str], tables: list[str]) -> None:
    engine = create_engine(servers["TG_POSTGRES_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('app.tenant_id', 'x'' OR true --', true)"))
        with pytest.raises(Exception, match="invalid input syntax for type uuid"):
            connection.execute(text("SELECT * FROM posts"))


def test_a_reused_connection_forgets_the_last_tenant(servers: dict[str, str], filled: str, tables: list[str]) -> None:
    """The variable ends with the transaction, on one connection, kept open or given back to a pool."""
    postgres = Database(url=servers["TG_POSTGRES_URL"])
    with postgres.tenant(ids.tenant_id(filled)) as session:
        with session.transaction() as connection:
            assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 1
        with connection.begin():
            for name in tables:
                assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() == 0, name
    engine = create_engine(servers["TG_POSTGRES_URL"], poolclass=QueuePool, pool_size=1, max_overflow=0)
    with engine.begin() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        connection.execute(
            text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": str(ids.tenant_id(filled))}
        )
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 1
    with engine.begin() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() == pid
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == 0
    engine.dispose()


@pytest.mark.parametrize("which", ["owner", "superuser"])
def test_a_powerful_role_is_refused(servers: dict[str, str], superuser_url: str, which: str) -> None:
    """Row security would not bind it, so it is refused with a sentence that names the role and not the password."""
    url = servers["TG_POSTGRES_OWNER_URL"] if which == "owner" else superuser_url
    said = "'tg_owner', which owns tables" if which == "owner" else "'postgres', which bypasses row security"
    with pytest.raises(TgAssetsError, match=said) as raised, Database(url=url).tenant(uuid4()):
        pass
    assert url.split(":")[2].split("@")[0] not in str(raised.value)


def test_row_security_binds_the_owner_too(servers: dict[str, str], tables: list[str]) -> None:
    """FORCE: a migration or a person with the owner's URL sees no tenant's rows by accident."""
    engine = create_engine(servers["TG_POSTGRES_OWNER_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in tables}
    assert found == dict.fromkeys(tables, 0)


def _refused(tenant: str, sql: str, **values: Any) -> None:
    with pytest.raises(ProgrammingError, match="violates row-level security policy"):
        pipeline.rows(tenant, sql + " RETURNING 1", **values)


def test_writes_into_another_tenants_rows_are_refused(tenant: str, filled: str) -> None:
    """Inserting for another tenant and giving a row away fail; another's rows cannot be changed or removed."""
    theirs = ids.tenant_id(filled)
    _refused(tenant, "INSERT INTO tenants (id, slug, name) VALUES (:id, 'forged', 'x')", id=uuid4())
    _refused(tenant, "INSERT INTO feeds VALUES (:t, 'forged.x', 'channel', 'x')", t=theirs)
    _refused(
        tenant,
        """INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at)
           VALUES (:t, :i, :i, 9, now())""",
        t=theirs,
        i=uuid4(),
    )
    for table in ("posts", "messages", "channels", "post_enrichment", "derivations"):
        assert pipeline.rows(tenant, f"DELETE FROM {table} WHERE tenant_id = :t RETURNING 1", t=theirs) == []
        assert pipeline.rows(tenant, f"UPDATE {table} SET tenant_id = :m WHERE tenant_id = :t RETURNING 1",
                             t=theirs, m=ids.tenant_id(tenant)) == []  # fmt: skip
    pipeline.rows(
        tenant,
        "INSERT INTO dead_letters VALUES (:t, :t, 'x', 'x', 'x', '{}') RETURNING 1",
        t=ids.tenant_id(tenant),
    )
    _refused(tenant, "UPDATE dead_letters SET tenant_id = :t", t=theirs)
    assert pipeline.scalar(filled, "SELECT count(*) FROM dead_letters") == 1


def test_temporary_tables_cannot_be_shared_between_tenants(filled: str, tenant: str) -> None:
    """Sessions of two tenants are two connections; one's temporary tables do not exist in the other."""
    postgres = pipeline.postgres()
    with postgres.tenant(ids.tenant_id(filled)) as one, postgres.tenant(ids.tenant_id(tenant)) as other:
        with one.transaction() as connection:
            connection.execute(text("CREATE TEMP TABLE work AS SELECT 1 AS secret"))
        with other.transaction() as connection:
            assert connection.execute(text("SELECT to_regclass('pg_temp.work')")).scalar() is None
