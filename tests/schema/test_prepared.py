"""A statement that is planned once for a connection answers as it did when it was planned each time."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.support.pipeline import new_tenant
from tg_assets import ids
from tg_assets.faults import is_down
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


def asked(kept: KeptDatabase, *statements: Any, before: Callable[[Connection], object]) -> list[int]:
    """What statements answer about the number 7, in a transaction in which something was done before."""
    with kept.tenant(uuid4()) as session, session.transaction() as connection:
        before(connection)
        return [int(connection.execute(one, {"n": 7}).scalar_one()) for one in statements]


def seven(connection: Connection) -> None:
    """A table of the connection's own."""
    connection.execute(text("CREATE TEMP TABLE seven AS SELECT 7 AS n"))


@pytest.mark.parametrize(
    "spoil", ["ALTER TABLE seven ALTER COLUMN n TYPE bigint", "DEALLOCATE ALL", "PREPARE prepared_1 AS SELECT 1"]
)
def test_a_plan_that_is_of_no_use_is_made_again(kept: KeptDatabase, spoil: str) -> None:
    """After a column got another type, or the server forgot the name or knows another statement by it, one fails once,
    as if the server were away, and not as long as the process lives."""
    one, other = prepared("SELECT n FROM seven WHERE n = :n"), prepared("SELECT 0 + n FROM seven WHERE n = :n")
    assert asked(kept, one, before=seven) == [7]
    with pytest.raises(DBAPIError) as raised:
        asked(kept, one, other, before=lambda connection: connection.execute(text(spoil)))
    assert is_down(raised.value)
    assert asked(kept, one, other, before=seven) == [7, 7]


def test_a_connection_that_is_lost_while_it_plans_is_a_server_that_is_away(
    kept: KeptDatabase, servers: dict[str, str]
) -> None:
    """It is no fault of the statement, and the next one has another connection."""

    def lose(connection: Connection) -> None:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with Database(servers["TG_POSTGRES_URL"]).connection() as other:
            other.execute(text("SELECT pg_terminate_backend(:own, 60000)"), {"own": own})

    one = prepared("SELECT CAST(:n AS bigint)")
    with pytest.raises(DBAPIError) as raised:
        asked(kept, one, before=lose)
    assert is_down(raised.value)
    assert asked(kept, one, before=names) == [7]


def test_a_statement_that_cannot_be_planned_spoils_no_other(kept: KeptDatabase) -> None:
    """What failed in a transaction leaves no name behind that the next statement would take."""
    one, nowhere = prepared("SELECT CAST(:n AS bigint)"), prepared("SELECT n FROM nowhere WHERE n = :n")
    for _ in range(2):
        with pytest.raises(DBAPIError, match="nowhere"):
            asked(kept, nowhere, before=names)
        assert asked(kept, one, before=names) == [7]


def _feeds(connection: Connection, tenant: UUID, slug: str, count: int) -> None:
    connection.execute(
        text("INSERT INTO tenants (id, slug, name) VALUES (:id, :slug, :slug)"), {"id": tenant, "slug": slug}
    )
    connection.execute(
        text("INSERT INTO feeds (tenant_id, key, kind, title) VALUES (:tenant, :key, 'channel', 'A')"),
        [{"tenant": tenant, "key": f"{slug}.{number}"} for number in range(count)],
    )
