"""FLOOD_WAIT at every method and page in turn: whatever Telegram makes wait, the end state is the same."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from telethon.tl.functions.auth import ExportAuthorizationRequest
from telethon.tl.functions.upload import GetFileRequest

from tests.support import pipeline
from tests.support.telegram import Loopback, loopback
from tests.telegram_server import FloodWait, World
from tg_assets.accounts import budget
from tg_assets.downloading.download import Downloader
from tg_assets.downloading.partial import PART
from tg_assets.history.pull import Puller
from tg_assets.history.sweep import Sweep
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 2, 28)
# What an account went through, not what it read.
ASIDE = {"accounts", "account_sessions", "outbox", "derivations", "dirty"}
# When Telegram was looked at.
WHEN = {"version_at", "swept_at", "complete", "last_used_at"}
# Which request of a kind waits, by how many there are.
PLACES: dict[str, Callable[[int], int]] = {
    "the first": lambda count: 1, "one between": lambda count: (count + 1) // 2, "the last": lambda count: count,
}  # fmt: skip


def world_of_everything() -> World:
    """Three pages of a channel with an album, a file of three parts, a discussion, a private chat and a small group."""
    world = World()
    me, friend = world.user("Me", username="me"), world.user("Friend", username="friend")
    talk = world.supergroup("Talk", [friend], username="talk")
    news = world.channel("News", [me], username="news", discussion=talk)
    world.folder(me, "Reading", [news])
    for number in range(230):
        world.send(news, f"message {number}", date=START + timedelta(hours=5 * number), announce=False)
    files = [world.photo(bytes([number]) * 20_000) for number in range(3)]
    world.album(news, files, "an album", date=START + timedelta(days=48), announce=False)
    world.send(news, "a file", media=world.document(b"\0" * (2 * PART + 7), "big.bin", dc=4),
               date=START + timedelta(days=49), announce=False)  # fmt: skip
    world.send(me, "hello", sender=friend, date=START, announce=False)
    world.send(world.group("Kitchen", [me, friend]), "soup", sender=friend, date=START, announce=False)
    world.clock = START + timedelta(days=90)
    return world


def go(loop: Loopback) -> None:
    """Everything that is asked of Telegram but logging in and listening: follow, pull, download, sideload, sweep."""
    (me, *_) = loop.world.users.values()
    loop.log_in(me, "me")
    (feed,) = loop.follow(folder_title="Reading").feeds
    loop.pull(feed, FIRST, LAST)
    settings, scope = load_settings(), Scope(feed, START, START + timedelta(days=60))
    asyncio.run(
        Downloader(pipeline.postgres(), pipeline.objects(), settings, loop.id, loop.said.append).download(scope)
    )
    loop.sideload()
    puller = Puller(pipeline.postgres(), settings, loop.id, loop.tenant, loop.said.append)
    asyncio.run(Sweep(puller).run())
    assert not loop.errors()


def state(tenant: str) -> dict[str, str]:
    """What is in the database, whoever the tenant is."""
    found = pipeline.content_hashes(tenant, anonymous=True, without=WHEN)
    return {table: value for table, value in found.items() if table not in ASIDE}


def test_a_wait_at_any_request_changes_nothing(
    servers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undisturbed run says which requests there are; then the first of each kind waits, one between, the last."""
    monkeypatch.setenv("TG_COMMENTS", "true")
    with loopback(world_of_everything(), pipeline.new_tenant(), tmp_path) as calm:
        go(calm)
        expected, counted = state(calm.tenant), Counter(type(call.request) for call in calm.server.calls)
        opened = calm.server.calls
        asked = [(call.request.offset, call.request.location.id) for call in opened
                 if isinstance(call.request, GetFileRequest)]  # fmt: skip
    assert calm.scalar("SELECT count(*) FROM telegram_messages") > 230
    assert (
        calm.scalar('SELECT count(*) FROM telegram_messages WHERE media @> \'[{"role": "primary"}]\'') == 8
    )  # the discussion has copies
    assert {kind.__name__ for kind in counted} >= {
        "GetHistoryRequest", "GetDialogsRequest", "GetFileRequest", "GetDialogFiltersRequest", "GetFullChannelRequest",
        "GetStateRequest", "GetMessagesRequest",
    }  # fmt: skip
    monkeypatch.setattr(budget, "SLOWEST_PACE", budget.FIRST_PACE)  # each wait would double the time between requests
    for place, at in PLACES.items():
        with loopback(world_of_everything(), pipeline.new_tenant(), tmp_path) as loop:
            faults = [loop.server.fault(kind, FloodWait(1), at=at(count)) for kind, count in counted.items()]
            go(loop)
            assert [fault.requests for fault in faults if fault.hits != 1] == [], place
            assert state(loop.tenant) == expected, place
            again = Counter(type(call.request) for call in loop.server.calls)
            more = again - counted
            assert more.keys() == counted.keys(), place
            # Another data centre wants an authorization that was never used.
            assert {kind for kind, count in more.items() if count > 1} <= {ExportAuthorizationRequest}, place
            assert loop.account().floods == len(counted)
            parts = Counter((call.request.offset, call.request.location.id) for call in loop.server.calls
                            if isinstance(call.request, GetFileRequest))  # fmt: skip
            assert sum((parts - Counter(asked)).values()) == 1, "more than the part that had to wait was asked again"
