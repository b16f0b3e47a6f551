"""A run is asked for when a saved question has something new, and only then; and it does what it is asked for."""

from typing import Any
from uuid import UUID, uuid4

import dagster as dg
import pytest

from resources.postgres import Postgres
from sensors import saved
from sensors.saved import first_due, start_telling
from tests.pipeline.test_changes import said
from tests.saved.conftest import KEY, World
from tests.support import pipeline
from tests.support.receiver import Receiver
from tg_assets import ids
from tg_assets.registry.tenants import register
from tg_assets.runs.saved_runs import tell

NEW = said(3, "в подвале опять стучит насос")


def tick(instance: dg.DagsterInstance, servers: dict[str, str]) -> Any:
    given = {"postgres": Postgres(url=servers["TG_POSTGRES_URL"])}
    with dg.build_sensor_context(instance=instance, resources=given) as context:
        return start_telling(context)


def test_a_run_tells_what_is_new(
    world: World,
    servers: dict[str, str],
    receiver: Receiver,
    resources: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TG_WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setenv("TG_SESSION_KEY", KEY)
    made = world.save(webhook=receiver.url)
    with pipeline.new_instance() as instance:
        register(instance, [f"{world.slug}.sad"])
        assert isinstance(tick(instance, servers), dg.SkipReason)
        world.come(NEW)
        (request,) = tick(instance, servers).run_requests
        assert request.run_key is None
        names = ("settings", "postgres", "qdrant", "neo4j", "objects", "embedder")
        config = {"ops": {"tell_saved": {"config": {"linger_seconds": 0.0}}}}
        done = tell.execute_in_process(
            run_config=config, instance=instance, resources={name: resources[name] for name in names}
        )
        assert done.success
        assert world.found(made) == [world.post(3)]
        assert len(receiver.heard) == 1
        assert isinstance(tick(instance, servers), dg.SkipReason)


def test_one_run_is_enough(world: World, servers: dict[str, str]) -> None:
    """While one waits or goes on no other is asked for."""
    world.save()
    world.come(NEW)
    with pipeline.new_instance() as instance:
        register(instance, [f"{world.slug}.sad"])
        instance.create_run_for_job(tell, status=dg.DagsterRunStatus.NOT_STARTED)
        assert "a run is at it" in str(tick(instance, servers).skip_message)


def test_a_tick_ends_in_time() -> None:
    """It begins with a budget, looks at one tenant at least, and says how far it came."""
    tenants = [uuid4() for _ in range(3)]
    assert first_due(tenants, lambda _: False, float("inf")) == (False, 3)
    assert first_due(tenants, lambda one: one == tenants[1], float("inf")) == (True, 2)
    assert first_due(tenants, lambda _: False, 0.0) == (False, 1)
    assert first_due([], lambda _: True, float("inf")) == (False, 0)


def test_each_tenant_has_its_turn(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are looked at in a tick: the next one goes on behind them."""
    slugs = [pipeline.new_tenant() for _ in range(3)]
    looked: list[UUID] = []
    monkeypatch.setattr(saved, "BUDGET_SECONDS", -1.0)
    monkeypatch.setattr(saved, "asker", lambda _: lambda tenant: looked.append(tenant) or False)
    with pipeline.new_instance() as instance:
        register(instance, [f"{slug}.sad" for slug in slugs])
        cursor = None
        for _ in range(3):
            given = {"postgres": Postgres(url=servers["TG_POSTGRES_URL"])}
            with dg.build_sensor_context(instance=instance, resources=given, cursor=cursor) as context:
                start_telling(context)
                cursor = context.cursor
    assert sorted(looked) == sorted(map(ids.tenant_id, slugs))
