"""What is new is found by an index and in whatever order transactions end, also where a dump was restored elsewhere."""

import os
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.pipeline.test_changes import edited, said
from tests.saved.conftest import World
from tests.support import pipeline
from tg_assets.ledger import arrivals
from tg_assets.saved import looking, questions, rounds
from tg_assets.saved.rounds import is_due

NEW = said(3, "в подвале опять стучит насос")
FAR = 10**10
"""More than there are numbers of 32 bits."""


def pump(number: int) -> dict[str, Any]:
    return said(number, f"насос в подвале, запись {number}")


def shifted(snapshot: str, by: int) -> str:
    """The same snapshot of a cluster whose numbers are others."""
    first, last, going_on = snapshot.split(":")
    still = ",".join(str(int(one) + by) for one in going_on.split(",") if one)
    return f"{int(first) + by}:{int(last) + by}:{still}"


def move(world: World, cluster: int, by: int) -> None:
    """As if all of the tenant had been made in another cluster, with numbers that are so much higher, and restored."""
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        higher = "CAST(CAST(CAST(CAST({} AS text) AS bigint) + :by AS text) AS xid8)"
        moved = ", ".join(f"{name} = {higher.format(name)}" for name in ("first_xid", "last_xid"))
        connection.execute(text(f"UPDATE newly_indexed SET {moved}"), {"by": by})
        for row in connection.execute(text("SELECT id, begun::text, looked::text FROM saved_questions")).all():
            connection.execute(
                text("""UPDATE saved_questions SET cluster = :cluster, begun = CAST(:begun AS pg_snapshot),
                               looked = CAST(:looked AS pg_snapshot) WHERE id = :id"""),
                {"id": row.id, "cluster": cluster, "begun": shifted(row.begun, by), "looked": shifted(row.looked, by)},
            )


@pytest.mark.parametrize("by", [FAR, 0, -100])
@pytest.mark.parametrize("first", ["something comes", "somebody looks", "somebody saves"])
def test_a_question_goes_on_where_a_dump_was_restored(world: World, by: int, first: str) -> None:
    """Whether numbers are higher or lower there, and whatever happens first: what was not looked at is, what comes is
    found, nothing is found twice, and what was before a question is no news to it."""
    old = world.save()
    world.come(NEW)
    world.rounds()
    new = world.save()
    world.come(pump(5))
    move(world, 1, by)
    if first == "somebody looks":
        world.rounds()
        assert world.found(old) == [world.post(3), world.post(5)]
    later = [world.save()] if first == "somebody saves" else []
    world.come(pump(6))
    later += [world.save()] if not later else []
    world.come(pump(7))
    world.rounds()
    assert world.rounds()["rounds"] == 0, "nothing is due any more"
    world.come(edited(NEW, "в подвале опять стучит новый насос"))
    move(world, 2, by)
    world.come(pump(8))
    world.rounds()
    assert world.rounds()["rounds"] == 0
    wanted = [world.post(number) for number in (3, 5, 6, 7, 8)]
    assert sorted(world.found(old)) == sorted(wanted)
    assert sorted(world.found(new)) == sorted(wanted[1:])
    assert sorted(world.found(later[0])) == sorted(wanted[2 if first == "somebody saves" else 3 :])


def test_what_is_left_of_questions_that_are_gone_is_no_news(world: World) -> None:
    """Not to the first one that is saved where the dump was restored."""
    gone = world.save()
    world.come(NEW)
    move(world, 1, FAR)
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        questions.remove(connection, gone.id)
    saved = world.save()
    world.come(pump(5))
    world.rounds()
    assert world.found(saved) == [world.post(5)]


def test_a_transaction_that_goes_on_is_new_once_it_is_over(world: World) -> None:
    """However many that began later were looked at before."""
    saved = world.save()
    world.come(NEW)
    pipeline.rows(world.slug, "DELETE FROM newly_indexed RETURNING 1")
    with pipeline.postgres().tenant(world.id) as slow, slow.transaction() as going_on:
        going_on.execute(
            text("INSERT INTO newly_indexed (tenant_id, item_id) VALUES (current_tenant(), :post)"),
            {"post": world.post(3)},
        )
        world.come(pump(5))
        world.rounds()
        assert world.found(saved) == [world.post(5)]
        assert world.rounds()["rounds"] == 0
    world.rounds()
    assert world.found(saved) == [world.post(5), world.post(3)]


def reads(plan: dict[str, Any]) -> int:
    """Rows of ``newly_indexed`` that were read."""
    read = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    mine = read if plan.get("Relation Name") == "newly_indexed" else 0
    return int(mine) + sum(map(reads, plan.get("Plans", ())))


@pytest.mark.parametrize("arrived", [0, 3])
def test_what_is_old_is_not_read_to_see_what_is_new(world: World, arrived: int) -> None:
    """Nor is what came after a transaction that goes on, whatever row-level security has to see first."""
    saved = world.save()
    note = """INSERT INTO newly_indexed (tenant_id, item_id)
              SELECT current_tenant(), gen_random_uuid() FROM generate_series(1, :count) RETURNING 1"""
    database = pipeline.postgres()
    with database.tenant(world.id) as slow, slow.transaction() as going_on:
        going_on.execute(text("SELECT pg_current_xact_id()"))
        pipeline.rows(world.slug, note, count=20_000)
        pipeline.rows(world.slug, "UPDATE saved_questions SET looked = pg_current_snapshot() RETURNING 1")
        if arrived:
            pipeline.rows(world.slug, note, count=arrived)
        analyzed()
        with database.tenant(world.id) as session, session.transaction() as connection:
            assert is_due(connection) == bool(arrived)
            assert reads(explained(connection, rounds._IS_DUE, **looking.TIMES)) <= 2
    with database.tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE saved_questions SET looked = pg_current_snapshot()"))
    if arrived:
        pipeline.rows(world.slug, note, count=arrived)
    analyzed()
    with database.tenant(world.id) as session, session.transaction() as connection:
        values = {"id": str(saved.id), "now": arrivals.now(connection), "most": 5000}
        assert len(connection.execute(text(looking._ARRIVED), values).all()) == arrived
        assert reads(explained(connection, looking._ARRIVED, **values)) <= arrived


def test_what_is_of_use_is_not_read_to_remove_what_is_not(world: World) -> None:
    """Each round removes some: of a week's arrivals only those are read that go."""
    world.save()
    note = """INSERT INTO newly_indexed (tenant_id, item_id, indexed_at)
              SELECT current_tenant(), gen_random_uuid(), now() - CAST(:ago AS interval)
              FROM generate_series(1, :count) RETURNING 1"""
    pipeline.rows(world.slug, note, count=20_000, ago="1 day")
    pipeline.rows(world.slug, note, count=3, ago="8 days")
    pipeline.rows(world.slug, "UPDATE saved_questions SET looked = pg_current_snapshot() RETURNING 1")
    analyzed()
    times = {"arrivals": looking.ARRIVALS_KEPT, "longest": looking.LONGEST_KEPT}
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        read = 0
        for statement in looking._TRIM:
            if statement.startswith("DELETE FROM newly_indexed"):
                used = {name: value for name, value in times.items() if f":{name}" in statement}
                read += reads(explained(connection, statement, **used))
        assert read == 3
    assert pipeline.rows(world.slug, "SELECT count(*) FROM newly_indexed") == [(20_000,)]


def analyzed() -> None:
    """The planner knows what there is, as it does a minute after rows came (autovacuum), whatever other tests left."""
    engine = create_engine(os.environ["TG_POSTGRES_OWNER_URL"], isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE newly_indexed"))
    engine.dispose()


def explained(connection: Connection, statement: str, **values: Any) -> Any:
    """What a statement did."""
    return connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values).scalar_one()[0]["Plan"]
