"""Chats with login codes are never read, whichever door they knock at; an account's list narrows what it reads."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from tests.support import pipeline
from tests.telegram.exports import account, chat, message
from tests.telegram_server.entities import User
from tests.updates.conftest import Place
from tests.updates.support import events, eventually, same
from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.client import opened
from tg_assets.accounts.limits import chat_names
from tg_assets.errors import TgAssetsError
from tg_assets.history.reach import open_way
from tg_assets.landing.forgetting import forget
from tg_assets.settings import load_settings
from tg_assets.telegram.off_limits import OffLimits

WORD = "hush84613"
PARSED, EDITED = "stream:posts:parsed", "stream:posts:edited"
INGESTED = "stream:persona:messages:ingested"


@pytest.fixture
def senders(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """Who sends codes: Telegram, "Verification Codes", and a bank that a person named."""
    world = place.world
    found = [world.user("Telegram", id=777000), world.user("Verification Codes", id=489000)]
    found.append(world.user("Bank", username="bank_codes"))
    monkeypatch.setenv("TG_NEVER_READ", "@bank_codes, -1000000004242")
    for one in found:
        world.send(place.me, f"Login code: {WORD}", sender=one)
    return found


def texts_of(redis: Any) -> Iterator[str]:
    """Everything that Redis holds."""
    for key in redis.scan_iter():
        kind = redis.type(key)
        if kind == b"stream":
            yield str(redis.xrange(key))
        elif kind == b"string":
            yield str(redis.get(key))


def hits(place: Place, word: str) -> dict[str, int]:
    """In which store, stream or table the word is."""
    found: dict[str, int] = {}
    for owner in (ids.tenant_id(place.live.tenant), ids.NO_TENANT):
        with pipeline.postgres().tenant(owner) as session, session.transaction() as connection:
            tables = connection.exec_driver_sql(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            for (table,) in tables.all():
                count = connection.exec_driver_sql(
                    f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%%{word}%%'"
                ).scalar()
                found[table] = found.get(table, 0) + (count or 0)
    found["redis"] = sum(word in one for one in texts_of(place.redis))
    with pipeline.qdrant().tenant(ids.tenant_id(place.live.tenant)) as index:
        points = [str(row[0]) for row in place.live.rows("SELECT id FROM messages UNION SELECT id FROM media_groups")]
        found["points"] = str(index.payloads(points)).count(word)
    with pipeline.neo4j().tenant(ids.tenant_id(place.live.tenant)) as graph:
        found["graph"] = str(graph.read("MATCH (n {tenant_id: $tenant}) RETURN properties(n) AS told")).count(word)
    objects = Path(urlsplit(os.environ["TG_OBJECTS_URL"]).path)
    found["objects"] = sum(word.encode() in path.read_bytes() for path in objects.rglob("*") if path.is_file())
    return {name: count for name, count in found.items() if count}


def dm(place: Place, peer: int, **fields: Any) -> dict[str, Any]:
    """A direct message of the account, as a foreign program tells it."""
    return {
        "tenant_id": place.live.tenant, "tg_channel_id": peer, "source": "dm", "owner_id": place.me.id,
        "telegram_message_id": 900, "text": f"Login code: {WORD}", "posted_at": "2026-01-01T00:00:00Z",
    } | fields  # fmt: skip


def told_by_others(place: Place) -> list[tuple[str, bytes]]:
    """Events about such chats in every form, and some that are broken."""
    ingested = {
        "tenant_id": place.live.tenant, "user_id": str(place.me.id), "telegram_message_id": 901, "dialog_type": "dm",
        "content": WORD, "posted_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    found: list[tuple[str, Any]] = [
        (PARSED, dm(place, -777000)),
        (PARSED, dm(place, 489000)),
        (PARSED, dm(place, 777000, source="channel")),
        (PARSED, dm(place, 4242, source="channel")),
        (PARSED, dm(place, -55, chat_username="Bank_Codes")),
        (PARSED, dm(place, 777000, tenant_id="a-tenant-that-is-none")),
        (PARSED, dm(place, 777000, posted_at="never")),
        (EDITED, dm(place, -42777)),
        (INGESTED, ingested | {"peer_id": 777000}),
        (INGESTED, ingested | {"sender_tg_id": 489000}),
        (INGESTED, ingested | {"peer_id": {"user_id": 777000}}),
    ]
    whole = orjson.dumps(dm(place, -777000))
    return [*((stream, orjson.dumps(one)) for stream, one in found), (PARSED, whole[:-20])]


def test_codes_are_nowhere(place: Place, senders: list[User], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After sideloading, listening, importing and foreign events no store, stream, dead letter or log has one."""
    done = place.loopback.sideload()
    assert done.stats["never_read"] == 3
    private = {"type": "personal_chat", "name": "Telegram"}
    said = {"from": "Telegram", "from_id": "user777000", "text": f"Login code: {WORD}"}
    export = account(
        chat(message(1, **said), **private, id=777000),
        chat(message(2, **said), type="verification_codes", id=489000),
        chat(message(3, text="only this"), type="personal_chat", name="Ада", id=7),
        user_id=place.me.id,
    )
    reports = pipeline.import_path(pipeline.write_export(tmp_path, export), place.live.tenant)
    assert [(one.never_read, one.counts["messages"]) for one in reports] == [(False, 1), (True, 1), (True, 1)]
    with place.listening() as listener:
        for one in senders:
            again = place.world.send(place.me, f"Login code: {WORD} once more", sender=one)
            place.world.edit(again, f"Login code: {WORD} changed")
        place.world.send(place.me, "heard after them", sender=place.ada)
        eventually(lambda: events(place.redis, place.live.tenant))
    sent = told_by_others(place)
    for stream, data in sent:
        place.live.raw(data, stream)
    tail = place.live.drain()
    assert tail.total["never_read"] == len(sent)
    assert not place.live.letters()
    place.live.refresh()
    assert place.live.rows("SELECT content FROM messages WHERE content IN ('heard after them', 'only this') ORDER BY 1")
    assert hits(place, WORD) == {}
    assert WORD not in caplog.text
    assert not [line for line in [*listener.said, *place.loopback.said, *place.live.said] if WORD in line]
    assert hits(place, "heard after them")  # the search finds what is there


def test_a_group_with_the_same_number_is_read() -> None:
    """777000 is a person; a small group may have that number, and anonymous posts in groups carry it as sender."""
    off_limits = OffLimits()
    assert off_limits.has(-777000, "dm")
    assert not off_limits.has(-777000, "persona")
    assert OffLimits.of(["-1000000000077", "5"]).ids == {77, 5}
    with pytest.raises(ValueError, match="neither"):
        OffLimits.of(["some chat"])


def test_what_was_stored_before_is_forgotten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of a chat that was named only now are deleted as any are; their words are in no store any more."""
    place.world.send(place.me, f"Login code: {WORD}", sender=place.ada)
    place.loopback.sideload()
    place.live.raw(orjson.dumps(dm(place, place.ada.id, posted_at="never")))
    place.live.refresh()
    place.live.drain()
    assert {"telegram_messages", "posts", "points", "dead_letters"} <= hits(place, WORD).keys()
    monkeypatch.setenv("TG_NEVER_READ", str(place.ada.id))
    settings = load_settings()
    with pipeline.postgres().tenant(place.loopback.id) as session, session.transaction() as connection:
        done = forget(connection, settings.off_limits, settings.start_date)
    assert (done.chats, done.messages, done.letters) == (1, 2, 1)
    place.live.refresh()
    place.redis.flushall()
    assert hits(place, WORD) == {}
    assert place.loopback.stored("channel_id IN (SELECT id FROM channels WHERE source = 'dm')") == []


def test_a_chat_is_known_by_its_name(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that names no username is dropped when the chat that it is about has one that is off limits."""
    monkeypatch.setenv("TG_NEVER_READ", "@ada")
    place.live.raw(orjson.dumps(dm(place, place.ada.id)))
    assert place.live.drain().total["never_read"] == 1
    assert hits(place, WORD) == {}


def limited(place: Place, *names: str) -> None:
    """Limit the account to these chats."""
    with pipeline.postgres().tenant(place.loopback.id) as session, session.transaction() as connection:
        store.limit(connection, place.loopback.account("me").id, chat_names(names) if names else None)


def test_a_limited_account_reads_its_list_only(place: Place) -> None:
    """Followed, pulled, sideloaded and heard is what is on the list, known and new chats alike; lifted, all is."""
    bob = place.world.user("Bob", username="bob")
    place.begun()
    limited(place, "NEWS", str(place.ada.id))
    followed = place.loopback.follow()
    assert (followed.chats, followed.not_on_list, followed.closed) == (1, 1, 0)
    assert place.loopback.sideload().stats["not_on_list"] == 2  # the circle and the supergroup
    with place.listening() as listener:
        assert listener.listener.statuses[0].chats == 2
        for sender, chosen in ((place.ada, place.talk), (place.ada, place.circle), (bob, place.me)):
            place.world.send(chosen, "not on the list", sender=sender)
        place.world.send(place.me, "on the list", sender=place.ada)
        place.world.send(place.news, "on the list, too")
        eventually(lambda: len(events(place.redis, place.live.tenant)) >= 2)
    assert {event.text for _, event in events(place.redis, place.live.tenant)} == {"on the list", "on the list, too"}
    day = place.world.clock.date()
    place.loopback.pull(f"{place.live.tenant}.talk", day, day, force=True)
    assert not place.live.rows("SELECT 1 FROM telegram_messages WHERE raw::text LIKE '%not on the list%'")
    limited(place)
    place.loopback.sideload()
    place.loopback.pull(f"{place.live.tenant}.talk", day, day, force=True)
    same(place.live, place.news, place.talk, user=place.me)


def test_a_way_that_was_open_does_not_lead_past_the_list(place: Place) -> None:
    """Another account of the tenant takes the chats that one may not read."""
    bob = place.world.user("Bob", username="bob")
    place.world.join(bob, place.news)
    place.loopback.log_in(bob, "bob")
    place.loopback.follow("bob")
    with pipeline.postgres().tenant(place.loopback.id) as session, session.transaction() as connection:
        store.limit(connection, place.loopback.account("bob").id, ["@nothing"])
        news = connection.exec_driver_sql("SELECT id FROM channels WHERE title = 'News'").scalar()
        open_way(connection, place.loopback.account("bob").id, news, bob.access_hash)
    with place.listening() as listener:
        assert {one.account: one.chats for one in listener.listener.statuses} == {"bob": 0, "me": 4}


def test_names_of_chats() -> None:
    """Ids and usernames; what is neither says what to do."""
    assert chat_names(["-1001234", "News", "@news", "42"]) == ["-1001234", "@news", "42"]
    with pytest.raises(TgAssetsError, match="accounts chats"):
        chat_names(["two words"])


def test_an_account_is_asked_what_it_has(place: Place) -> None:
    """The list of dialogs that `accounts chats` shows has what a limit takes."""
    from tg_assets.history.dialogs import dialog_pages

    async def found() -> list[str]:
        values = (pipeline.postgres(), load_settings(), place.loopback.id, place.loopback.account("me"))
        async with opened(*values, place.loopback.said.append) as client:
            return [str(one.marked_id) async for page, _ in dialog_pages(client.client) for one in page]

    assert chat_names(asyncio.run(found()))
