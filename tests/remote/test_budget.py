"""The day's tokens in the real PostgreSQL: never overspent, by nobody, whatever fails."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID

import pytest

from tests.remote.conftest import KEY, Time
from tests.support.data import ROOT
from tests.support.model_server import Fault, ModelServer
from tests.support.pipeline import new_tenant, postgres, rows
from tg_assets import ids
from tg_assets.errors import TgAssetsError, WrongSetting
from tg_assets.remote.budget import Budget
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.connecting import connect
from tg_assets.remote.errors import NotNow
from tg_assets.stores.database import Database

DAY = date(2026, 3, 1)
USAGE = "SELECT calls, tokens, reserved FROM token_usage WHERE model = :model"
SPEND = """
import json, sys
from datetime import date
from uuid import UUID
from tg_assets.stores.database import Database
from tg_assets.remote.budget import Budget
from tg_assets.remote.errors import NotNow
url, tenant, day = sys.argv[1:]
budget = Budget(Database(url=url), UUID(tenant), "openai", "m", 1000, lambda: date.fromisoformat(day))
granted = 0
for number in range(30):
    try:
        reservation = budget.reserve(30)
    except NotNow:
        continue
    granted += 1
    if number % 2:
        budget.settle(reservation, tokens=25, calls=1, seconds=0.1)
print(json.dumps(granted))
"""


def make(tenant: str, most: int = 1000, today: Callable[[], date] = lambda: DAY, model: str = "m") -> Budget:
    return Budget(postgres(), ids.tenant_id(tenant), "openai", model, most, today)


def usage(tenant: str, model: str = "m") -> tuple[int, int, int]:
    ((calls, tokens, reserved),) = rows(tenant, USAGE, model=model)
    return calls, tokens, reserved


def test_reserved_then_settled(tenant: str) -> None:
    budget = make(tenant)
    first, second = budget.reserve(300), budget.reserve(400)
    assert usage(tenant) == (0, 0, 700)
    budget.settle(first, tokens=120, calls=1, seconds=0.5)
    budget.settle(second, tokens=0, calls=0, seconds=0.5)
    assert usage(tenant) == (1, 120, 0)


def test_the_limit_is_never_passed(tenant: str) -> None:
    """Neither by what was used nor by what is reserved, and not by a first call either."""
    budget = make(tenant)
    with pytest.raises(NotNow, match="budget of 1000 tokens for openai/m"):
        budget.reserve(1001)
    budget.settle(budget.reserve(600), tokens=600, calls=1, seconds=1)
    budget.reserve(300)
    with pytest.raises(NotNow, match="raise daily_tokens"):
        budget.reserve(101)
    budget.reserve(100)
    assert usage(tenant) == (1, 600, 400)


def test_a_new_day_has_its_own(tenant: str) -> None:
    """A call that midnight interrupts is settled on the day it began."""
    day = [DAY]
    budget = make(tenant, today=lambda: day[0])
    late = budget.reserve(1000)
    day[0] = date(2026, 3, 2)
    budget.reserve(1000)
    budget.settle(late, tokens=900, calls=1, seconds=1)
    assert rows(tenant, "SELECT day, tokens, reserved FROM token_usage ORDER BY day") == [
        (DAY, 900, 0),
        (date(2026, 3, 2), 0, 1000),
    ]


def test_tenants_and_models_have_their_own(tenant: str) -> None:
    other = new_tenant()
    make(tenant).reserve(1000)
    make(other).reserve(900)
    make(tenant, model="n").reserve(800)
    assert (usage(tenant), usage(other), usage(tenant, "n")) == ((0, 0, 1000), (0, 0, 900), (0, 0, 800))


def test_a_long_transaction_of_a_stage_holds_nobody_up(tenant: str) -> None:
    with postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.exec_driver_sql("SELECT 1")
        budget = make(tenant)
        budget.settle(budget.reserve(10), tokens=10, calls=1, seconds=0)
        make(tenant).reserve(10)


def test_processes_and_threads_together_cannot_overspend(tenant: str, servers: dict[str, str]) -> None:
    """Every grant that the limit allows is given, and none besides."""
    command = [sys.executable, "-c", SPEND, servers["TG_POSTGRES_URL"], str(ids.tenant_id(tenant)), DAY.isoformat()]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    budget = make(tenant)

    def spend(_: int) -> int:
        try:
            budget.reserve(30)
        except NotNow:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        granted = sum(pool.map(spend, range(40)))
    for process in processes:
        out, _ = process.communicate(timeout=900)
        assert process.returncode == 0
        granted += json.loads(out)
    calls, tokens, reserved = usage(tenant)
    assert tokens + reserved <= 1000
    assert tokens + reserved > 1000 - 30
    assert (tokens, reserved) == (25 * calls, 30 * (granted - calls))


def test_no_database_no_call(server: ModelServer, model: Callable[..., RemoteModel], time: Time) -> None:
    away = Database(url="postgresql+psycopg2://u:p@127.0.0.1:1/x")
    chat = connect(model(), away, UUID(int=1), {"MODEL_KEY": KEY}, time.clock)
    with pytest.raises(NotNow, match="the database that counts tokens does not answer"):
        chat.ask("s", "t")
    chat.close()
    assert server.asked == []


def test_a_settlement_that_fails_keeps_the_answer_and_the_reservation(
    tenant: str, server: ModelServer, model: Callable[..., RemoteModel], time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = connect(model(), postgres(), ids.tenant_id(tenant), {"MODEL_KEY": KEY}, time.clock)
    with monkeypatch.context() as patch:
        from sqlalchemy import text

        patch.setattr("tg_assets.remote.budget._SETTLE", text("SELECT no_such_column FROM token_usage"))
        assert chat.ask("s", "t").tokens == 1200
    chat.close()
    calls, tokens, reserved = usage(tenant, "m-1")
    assert (calls, tokens) == (0, 0)
    assert reserved > 0


def test_down_then_spent_then_the_next_day(
    tenant: str, server: ModelServer, model: Callable[..., RemoteModel], time: Time
) -> None:
    """Through the whole chain: an outage costs nothing, and the budget ends the day without another request."""
    chat = connect(
        model(daily_tokens=4000, attempts=1), postgres(), ids.tenant_id(tenant), {"MODEL_KEY": KEY}, time.clock
    )
    server.always = Fault(503)
    for _ in range(3):
        with pytest.raises(NotNow, match="does not answer"):
            chat.ask("s", "t")
    assert usage(tenant, "m-1") == (0, 0, 0)
    server.always = None
    for _ in range(3):
        chat.ask("s", "t")
    assert usage(tenant, "m-1") == (3, 3600, 0)
    asked = len(server.asked)
    with pytest.raises(NotNow, match="today's budget"):
        chat.ask("s", "t")
    chat.close()
    assert len(server.asked) == asked


def test_a_missing_key_is_said_by_the_name_of_its_variable(model: Callable[..., RemoteModel]) -> None:
    for environment in ({}, {"MODEL_KEY": " "}):
        with pytest.raises(TgAssetsError, match="MODEL_KEY is not set"):
            connect(model(), Database(url="x"), UUID(int=1), environment)


def test_what_is_not_installed_is_said_by_its_extra(
    model: Callable[..., RemoteModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tenacity", None)
    monkeypatch.delitem(sys.modules, "tg_assets.remote.guard")
    with pytest.raises(WrongSetting, match=r"needs the extra models: .*\.\[models\]"):
        connect(model(), Database(url="x"), UUID(int=1), {"MODEL_KEY": KEY})
