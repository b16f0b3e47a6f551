"""Migrations build the schema from nothing, take it away again, and keep the names that users query by."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from migrations import downgrade, upgrade
from tests.support.data import ROOT

STRUCTURE = """
    SELECT 'column', table_name, column_name,
           concat_ws(' ', data_type, is_nullable, column_default, generation_expression)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'policy', tablename, policyname, concat_ws(' ', cmd, qual, with_check) FROM pg_policies
    UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3, 4
"""


def ask(url: str, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


@pytest.fixture
def owner(servers: dict[str, str]) -> str:
    return servers["TG_POSTGRES_OWNER_URL"]


def test_up_down_up_from_nothing(scratch: Callable[[str], str], owner: str) -> None:
    """Down leaves nothing but Alembic's empty table; up again gives exactly the first schema."""
    url = scratch(owner)
    upgrade(url)
    first = ask(url, STRUCTURE)
    assert len(first) > 200
    downgrade(url)
    assert {row[1] for row in ask(url, STRUCTURE)} <= {"alembic_version"}
    assert ask(url, "SELECT count(*) FROM alembic_version") == [(0,)]
    upgrade(url)
    assert ask(url, STRUCTURE) == first


def test_every_step_goes_down_and_up(scratch: Callable[[str], str], owner: str) -> None:
    """Each revision's downgrade undoes its upgrade alone."""
    url = scratch(owner)
    revisions = sorted(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("0*.py"))
    shapes = {}
    for revision in revisions:
        upgrade(url, revision)
        shapes[revision] = ask(url, STRUCTURE)
    for revision in reversed(revisions[:-1]):
        downgrade(url, revision)
        assert ask(url, STRUCTURE) == shapes[revision], revision
    upgrade(url)
    assert ask(url, STRUCTURE) == shapes[revisions[-1]]


def test_upgrade_of_a_current_schema_changes_nothing(owner: str) -> None:
    before = ask(owner, STRUCTURE)
    upgrade(owner)
    assert ask(owner, STRUCTURE) == before


@pytest.mark.parametrize(
    ("table", "default"), [("posts", "'channel'::character varying"), ("group_messages", "'group'::character varying")]
)
def test_source_has_its_default(owner: str, table: str, default: str) -> None:
    sql = "SELECT column_default FROM information_schema.columns WHERE table_name = :table AND column_name = 'source'"
    assert ask(owner, sql, table=table) == [(default,)]


@pytest.mark.parametrize(
    ("name", "sources"),
    [
        ("chk_posts_source", {"channel", "group", "dm", "persona"}),
        ("chk_group_messages_source", {"group", "dm", "persona"}),
    ],
)
def test_source_is_checked(owner: str, name: str, sources: set[str]) -> None:
    ((definition,),) = ask(
        owner, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name", name=name
    )
    assert {word for word in ("channel", "group", "dm", "persona") if f"'{word}'" in definition} == sources


def test_indexes_of_the_contract_exist(owner: str) -> None:
    wanted = {
        "idx_posts_source", "idx_group_messages_source", "idx_posts_with_grouped_id", "idx_posts_has_media_true",
        "ux_post_enrichment_post_kind",
    }  # fmt: skip
    found = dict(ask(owner, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    assert wanted <= set(found)
    assert "UNIQUE" in found["ux_post_enrichment_post_kind"]
    assert "WHERE has_media" in found["idx_posts_has_media_true"]
    assert "WHERE (grouped_id IS NOT NULL)" in found["idx_posts_with_grouped_id"]
    assert any("jsonb_path_ops" in definition and "post_enrichment" in definition for definition in found.values())


def test_columns_of_the_contract_exist(owner: str) -> None:
    """The columns by which dashboards query, in both relations of messages."""
    wanted = {
        "id", "tenant_id", "channel_id", "telegram_message_id", "content", "posted_at", "edited_at", "deleted_at",
        "has_media", "grouped_id", "media_urls", "urls", "telegram_post_url", "content_hash", "views_count",
        "forwards_count", "reactions_count", "replies_count", "engagement_score", "post_author", "is_pinned",
        "is_edited", "reply_to_message_id", "reply_to_chat_id", "thread_id", "forum_topic_id", "forward_from_peer_id",
        "forward_from_chat_id", "forward_from_message_id", "forward_date", "forward_from_name", "author_peer_id",
        "author_name", "author_type", "sender_tg_id", "sender_username", "is_service", "action_type", "source",
    }  # fmt: skip
    sql = "SELECT column_name FROM information_schema.columns WHERE table_name = :table"
    posts, groups = ({name for (name,) in ask(owner, sql, table=table)} for table in ("posts", "group_messages"))
    assert posts == groups
    assert wanted <= posts


def test_every_table_is_isolated(owner: str) -> None:
    """tenant_id NOT NULL (tenants: id), row security enabled and forced, a policy for reads and writes."""
    rows = ask(
        owner,
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnotnull,
                  (SELECT count(*) FROM pg_policies p WHERE p.tablename = c.relname
                   AND p.qual LIKE '%current_tenant()%' AND p.with_check LIKE '%current_tenant()%')
           FROM pg_class c
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid
                AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
             AND c.relname <> 'alembic_version'""",
    )
    assert len(rows) == 41
    assert [row for row in rows if row[1:] != (True, True, True, 1)] == []


def test_every_unique_key_carries_the_tenant(owner: str) -> None:
    """A key without the tenant would let one tenant's row keep another's out."""
    rows = ask(
        owner,
        """SELECT indexname, indexdef FROM pg_indexes
           WHERE schemaname = 'public' AND indexdef LIKE '%UNIQUE%'
             AND tablename NOT IN ('alembic_version', 'tenants')""",
    )
    assert [name for name, definition in rows if "(tenant_id, " not in definition] == []


def test_a_table_in_use_is_waited_for(scratch: Callable[[str], str], owner: str) -> None:
    """Whoever migrates is told once, and what is left follows when the table is free."""
    url = scratch(owner)
    upgrade(url, "0011")
    said = list[str]()
    with create_engine(url, poolclass=NullPool).connect() as holder:
        holder.execute(text("SELECT count(*) FROM dead_letters"))

        def say(sentence: str) -> None:
            said.append(sentence)
            holder.rollback()

        upgrade(url, "0012", say)
    assert len(said) == 1
    assert ask(url, "SELECT version_num FROM alembic_version") == [("0012",)]
