"""The planner is told of growth soon, and then when there is much more: whom it does not know it joins row by row."""

from sqlalchemy import Connection, text

from tests.support import pipeline
from tg_assets import ids
from tg_assets.registry.channels import register_tenant
from tg_assets.stores.growth import AGAIN, MANY, Growth

ROWS = """
    INSERT INTO derivations (tenant_id, stage, item_id, at, input_hash, version)
    SELECT current_tenant(), 'growth', gen_random_uuid(), now(), '', '' FROM generate_series(1, :rows)
"""
# Of the tenant alone: that all of a stage are one tenant's is what no statistics say.
PLAN = "EXPLAIN (FORMAT JSON) SELECT * FROM derivations"


def expected(connection: Connection) -> int:
    """How many of the tenant's rows the planner expects."""
    return int(connection.execute(text(PLAN)).scalar_one()[0]["Plan"]["Plan Rows"])


def test_the_planner_is_told_of_what_grows(tenant: str) -> None:
    growth = Growth()
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        with session.transaction() as connection:
            register_tenant(connection, tenant)
            connection.execute(text(ROWS), {"rows": MANY})
        with session.transaction() as connection:
            assert [growth.add(connection, MANY - 1), growth.add(connection, 1)] == [False, True]
            assert expected(connection) > MANY / 50  # one without statistics; how near depends on all other rows
            assert [growth.add(connection, MANY) for _ in range(AGAIN - 1)] == [False, False, True]
