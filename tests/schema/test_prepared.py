"""A statement that is planned once for a connection answers as it did when it was planned each time."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from tests.support.pipeline import new_tenant
from tg_assets import ids
from tg_assets.stores.database import Database, KeptDatabase
from tg_assets.stores.prepared import prepared

AS_GIVEN = """
    SELECT CAST(:words AS text[]) AS words, CAST(:numbers AS bigint[]) AS numbers, CAST(:keys AS uuid[]) AS keys,
           CAST(:one AS text) AS one, CAST(:one AS text) AS again, 7 % 4 AS three, CAST(:none AS text[]) IS NULL AS no
"""
OFTEN = 12
"""Beyond the five times that the server plans anyway before it keeps a plan."""


@pytest.fixture
def kept(servers: dict[str, str]) -> Iterator[KeptDatabase]:
    """One connection that stays open."""
    database = KeptDatabase(servers["TG_POSTGRES_URL"], 1)
    yield database
    database._engine().dispose()


def names(connection: Connection) -> int:
    """Of statements that the connection has planned."""
    return int(connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one())


def test_values_arrive_as_they_are(kept: KeptDatabase) -> None:
    """Whatever characters they have, in lists as alone."""
    words = ["a b", 'say "no"', "back\\slash", "{brace,comma}", "NULL", "", "it's", "100%", ":one", "нет\nда", None]
    values = {"words": words, "numbers": [0, -5, 1 << 40], "keys": [], "one": "%(two)s $1 'x'", "none": None}
    with kept.tenant(uuid4()) as session, session.transaction() as connection:
        for _ in range(OFTEN):
            row = connection.execute(prepared(AS_GIVEN), values).one()
            assert (row.words, row.numbers, row.one, row.again) == (words, [0, -5, 1 << 40], values["one"], row.one)
            assert (row.three, row.no) == (3, True)
        assert names(connection) == 1


def test_a_connection_plans_once_and_others_as_usual(kept: KeptDatabase, servers: dict[str, str]) -> None:
    """By the statement, over transactions; a connection that is closed after use prepares nothing."""
    one, other = prepared("SELECT CAST(:n AS bigint)"), prepared("SELECT 1 + CAST(:n AS bigint)")
    for number in range(3):
        with kept.tenant(uuid4()) as session, session.transaction() as connection:
            assert connection.execute(one, {"n": number}).scalar_one() == number
            assert connection.execute(other, {"n": number}).scalar_one() == number + 1
            assert names(connection) == 2
    with Database(servers["TG_POSTGRES_URL"]).tenant(uuid4()) as session, session.transaction() as connection:
        assert connection.execute(one, {"n": 5}).scalar_one() == 5
        assert names(connection) == 0


def test_a_kept_plan_is_nobodys(kept: KeptDatabase) -> None:
    """The same statement on the same connection shows each tenant its own, however often another one used it."""
    both = {ids.tenant_id(slug): (slug, count) for count, slug in enumerate((new_tenant(), new_tenant()), 2)}
    statement = prepared("SELECT count(*), min(CAST(tenant_id AS text)) FROM feeds WHERE key <> :key")
    for tenant, (slug, count) in both.items():
        with kept.tenant(tenant) as session, session.transaction() as connection:
            _feeds(connection, tenant, slug, count)
    for _ in range(OFTEN):
        for tenant, (_, count) in both.items():
            with kept.tenant(tenant) as session, session.transaction() as connection:
                assert tuple(connection.execute(statement, {"key": "none"}).one()) == (count, str(tenant))
                assert names(connection) == 1


def _feeds(connection: Connection, tenant: UUID, slug: str, count: int) -> None:
    connection.execute(
        text("INSERT INTO tenants (id, slug, name) VALUES (:id, :slug, :slug)"), {"id": tenant, "slug": slug}
    )
    connection.execute(
        text("INSERT INTO feeds (tenant_id, key, kind, title) VALUES (:tenant, :key, 'channel', 'A')"),
        [{"tenant": tenant, "key": f"{slug}.{number}"} for number in range(count)],
    )
