"""A source that cannot be read: its partitions are not green, the reason shows, and what is stored stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner
from telethon.tl.functions.messages import GetHistoryRequest

from tests.history.test_pull import FEBRUARY, JANUARY, alive, news
from tests.history.test_sweep import sweep
from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tests.telegram_server.faults import RpcError
from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.cli import cli, runtime
from tg_assets.errors import TgAssetsError
from tg_assets.history.reach import barred
from tg_assets.telegram.off_limits import OffLimits

Connect = Callable[[World], Loopback]
ASSET = "telegram_messages"


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """An account that follows a channel and has read its January."""
    found = connect(news())
    (me,) = found.world.users.values()
    found.log_in(me, "me")
    found.follow()
    found.pull(f"{found.tenant}.news", *JANUARY)
    return found


def backfill(reader: Loopback, selection: tuple[str, ...] = (ASSET,), **config: Any) -> dg.ExecuteInProcessResult:
    """January's end and February's beginning in one run."""
    return pipeline.materialize(
        f"{reader.tenant}.news",
        JANUARY[1],
        FEBRUARY[0] + timedelta(days=1),
        selection,
        config or None,
        raise_on_error=False,
    )


def green_days(result: dg.ExecuteInProcessResult, asset: str = ASSET) -> set[str]:
    """Days whose partitions a run materialized."""
    events = result.get_asset_materialization_events()
    keys = [str(event.partition) for event in events if event.asset_key == dg.AssetKey(asset)]
    return {key[:10] for key in keys}


def green(result: dg.ExecuteInProcessResult) -> set[str]:
    """Months whose partitions a run materialized."""
    return {day[:7] for day in green_days(result)}


def told(result: dg.ExecuteInProcessResult) -> str:
    """Why a run's step failed."""
    (failure,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    error = failure.step_failure_data.error
    assert error
    return (error.cause or error).message


def kicked(reader: Loopback) -> None:
    (channel,), (me,) = reader.world.channels.values(), reader.world.users.values()
    channel.username = None
    reader.world.kick(me, channel, announce=False)


def shown(*arguments: str) -> str:
    """What a command prints."""
    runtime.settings.cache_clear()
    done = CliRunner().invoke(cli, arguments, env={"COLUMNS": "400"}, catch_exceptions=False)
    runtime.settings.cache_clear()
    return done.output


def test_what_cannot_be_read_is_not_green(reader: Loopback) -> None:
    """Partitions that were read before are; of the others the run tells why, and so does a second run."""
    kicked(reader)
    before = reader.stored()
    for _ in range(2):
        result = backfill(reader)
        assert not result.success
        assert green(result) == {"2026-01"}
        assert "from 2026-02-01 to 2026-02-02: account me cannot read it: ChannelPrivate" in told(result)
        assert "--stored" in told(result)
    assert reader.stored() == before
    assert "1 chats: account me cannot read it: ChannelPrivate" in shown("accounts", "--tenant", reader.tenant)
    assert backfill(reader, ("posts",)).success
    kept = "SELECT count(*) FROM telegram_messages WHERE posted_at >= '2026-01-31'"
    assert reader.scalar("SELECT count(*) FROM posts") == reader.scalar(kept) > 0


def test_a_private_chat_that_cannot_be_read_is_told_without_its_name(reader: Loopback) -> None:
    """Why chats were left out is metadata, which Dagster shows to everybody."""
    kicked(reader)
    backfill(reader)
    (owner,) = reader.world.users
    rows = reader.rows("UPDATE channels SET owner_id = :owner RETURNING id", owner=owner)
    channel = rows[0].id
    with pipeline.postgres().tenant(ids.tenant_id(reader.tenant)) as session, session.transaction() as connection:
        (told_of,) = barred(connection, [channel], OffLimits()).values()
    assert told_of == (ids.private_name(channel, "channel"), "account me cannot read it: ChannelPrivate")


def test_what_can_be_read_again_is_green(reader: Loopback) -> None:
    """Whoever is let in again needs nothing but the same backfill."""
    kicked(reader)
    assert not backfill(reader).success
    (channel,), (me,) = reader.world.channels.values(), reader.world.users.values()
    reader.world.join(me, channel, announce=False)
    result = backfill(reader)
    assert result.success
    assert green(result) == {"2026-01", "2026-02"}
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[0] + timedelta(days=1))
    assert reader.rows("SELECT is_active, problem FROM user_channel") == [(True, None)]


def test_the_sweep_tries_closed_chats(reader: Loopback) -> None:
    """A chat that is open again is listened to and caught up with from then on."""
    kicked(reader)
    backfill(reader)
    sweep(reader)
    assert reader.scalar("SELECT NOT is_active FROM user_channel")
    (channel,), (me,) = reader.world.channels.values(), reader.world.users.values()
    reader.world.join(me, channel, announce=False)
    sweep(reader)
    assert reader.scalar("SELECT is_active FROM user_channel")


@pytest.mark.parametrize(
    "error",
    [
        RpcError(400, "CHANNEL_INVALID"),
        RpcError(406, "CHANNEL_PRIVATE"),
        RpcError(400, "USER_BANNED_IN_CHANNEL"),
        RpcError(403, "CHAT_FORBIDDEN"),
        RpcError(400, "PEER_ID_INVALID"),
        RpcError(400, "CHAT_ADMIN_REQUIRED"),
        RpcError(400, "INPUT_USER_DEACTIVATED"),
        RpcError(400, "SOMETHING_NEW"),
        RpcError(406, "SOMETHING_NEW"),
        RpcError(401, "USER_DEACTIVATED_BAN"),
        RpcError(401, "AUTH_KEY_UNREGISTERED"),
        RpcError(401, "SESSION_REVOKED"),
        RpcError(406, "AUTH_KEY_DUPLICATED"),
        RpcError(420, "FROZEN_METHOD_INVALID"),
        RpcError(500, "INTERNAL"),
        RpcError(-503, "Timeout"),
    ],
    ids=lambda error: f"{error.code}-{error.message}",
)
def test_whatever_keeps_it_from_being_read(reader: Loopback, error: RpcError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any error is a sentence that names it; nothing becomes green, nothing is lost, and afterwards it is read."""
    monkeypatch.setenv("TG_TELEGRAM_PATIENCE_SECONDS", "0")
    before = reader.stored()
    reader.server.fault(GetHistoryRequest, error, times=None)
    result = backfill(reader)
    assert not result.success
    assert "2026-02" not in green(result)
    name = error.message.title().replace("_", "")
    assert name in told(result) or error.message in told(result)
    assert "Traceback" not in told(result)
    assert reader.stored() == before
    reader.server.faults.clear()
    if not reader.account().sessions:  # an account that is logged out is not green the next time, either
        assert "account me cannot be used" in told(backfill(reader))
        reader.log_in(next(iter(reader.world.users.values())), "me")
    assert backfill(reader).success
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[0] + timedelta(days=1))


def test_trouble_of_telegrams_servers_is_waited_out(reader: Loopback) -> None:
    """It is told once when it begins and once when it is over."""
    reader.said.clear()
    reader.server.fault(GetHistoryRequest, RpcError(500, "NO_WORKERS_RUNNING"), times=2, at=2)
    reader.pull(f"{reader.tenant}.news", *FEBRUARY)
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[1])
    said = [line for line in reader.said if "account me" in line]
    assert len(said) == 2, said
    assert "NO_WORKERS_RUNNING (code 500)" in said[0]
    assert "again, after" in said[1]


def test_an_account_that_may_not_read_it_says_so(reader: Loopback) -> None:
    """A limit is a reason as well."""
    with pipeline.postgres().tenant(reader.id) as session, session.transaction() as connection:
        store.limit(connection, reader.account().id, ["@other"])
    assert "account me is limited to other chats" in told(backfill(reader))


def test_an_imported_chat_has_no_source_to_fail(reader: Loopback, tenant: str) -> None:
    """Where no account ever read, a partition is what was imported."""
    reader.rows("DELETE FROM user_channel RETURNING 1")
    assert backfill(reader).success


def test_errors_of_other_requests_are_sentences(reader: Loopback) -> None:
    """Following, too."""
    from telethon.tl.functions.messages import GetDialogsRequest

    reader.server.fault(GetDialogsRequest, RpcError(400, "SOMETHING_NEW"), times=None)
    with pytest.raises(TgAssetsError, match=r"refuses GetDialogs of account me: SOMETHING_NEW \(code 400\)"):
        reader.follow()


def test_sideloading_ends_when_the_account_does(reader: Loopback) -> None:
    """A session that ends in the middle is no dialog's trouble."""
    (me,) = reader.world.users.values()
    for name in ("Ann", "Bob", "Cid"):
        reader.world.send(me, "hello", sender=reader.world.user(name), date=datetime(2026, 1, 1, tzinfo=UTC))
    reader.world.clock += timedelta(days=1)
    fault = reader.server.fault(GetHistoryRequest, RpcError(401, "SESSION_REVOKED"), times=None)
    with pytest.raises(TgAssetsError, match="does not accept a session of account me"):
        reader.sideload()
    assert fault.hits == 1
    assert (reader.account().is_active, reader.account().sessions) == (False, 0)
