"""A person and a small group whose bare ids are equal are two chats, whichever way their messages come."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.live.support import DELETED, Live
from tests.support import pipeline
from tests.support.telegram import Loopback, loopback
from tests.telegram.exports import account, chat, message
from tests.telegram_server import World
from tests.updates.support import QUICK, eventually, listening
from tg_assets import ids
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope

ME, BARE = 501, 80001
PERSONA = "stream:persona:messages:ingested"
CHATS = [("dm", -BARE, BARE, "Kim"), ("persona", -BARE, -BARE, "Painters")]


def said(number: int, sender: int, **fields: Any) -> dict[str, Any]:
    return message(number, text=f"word{number}", text_entities=[], from_id=f"user{sender}", **fields)


def export_of(first: int = 900) -> dict[str, Any]:
    """Both, in one account's export; a message of each answers one of the other."""
    kim = chat(
        said(first, BARE), said(first + 1, ME, reply_to_message_id=first),
        type="personal_chat", id=BARE, name="Kim",
    )  # fmt: skip
    painters = chat(
        said(first + 2, 505), said(first + 3, 505, reply_to_message_id=first, reply_to_peer_id=f"user{BARE}"),
        type="private_group", id=BARE, name="Painters",
    )  # fmt: skip
    return account(kim, painters, user_id=ME)


def two(live: Live, numbers: dict[str, list[int]]) -> None:
    """Two chats, two feeds whose keys tell no name, the messages of each."""
    rows = live.rows("SELECT source, tg_channel_id, peer_id, title FROM channels ORDER BY peer_id DESC")
    kinds = [(row.source.replace("group", "persona"), *row[1:]) for row in rows]  # a group is one by either name
    assert kinds == CHATS
    short = [ids.channel_id(ids.tenant_id(live.tenant), peer, ME).hex[:8] for peer in (BARE, -BARE)]
    feeds = {row.key: row.title for row in live.rows("SELECT key, title FROM feeds")}
    assert feeds == {f"{live.tenant}.dm-{short[0]}": "Kim", f"{live.tenant}.group-{short[1]}": "Painters"}
    found = live.rows(
        """SELECT c.title, array_agg(t.telegram_message_id ORDER BY 1) FROM telegram_messages t
           JOIN channels c ON c.id = t.channel_id GROUP BY 1"""
    )
    assert {title: sorted(those) for title, those in found} == numbers


def dialogues(live: Live) -> list[tuple[Any, ...]]:
    return sorted((row["type"], row["peer_id"], row["chat"]) for row in pipeline.ask(live.tenant, "dialogues", [ME]))


def ingested(live: Live, number: int, **fields: Any) -> dict[str, Any]:
    return {
        "tenant_id": live.tenant, "user_id": str(ME), "telegram_message_id": number, "content": f"word{number}",
        "posted_at": f"2026-03-01T12:{number - 900:02d}:00Z", **fields,
    }  # fmt: skip


def test_events_of_both(live: Live) -> None:
    """An account's own stream names the group by its bare id or by its marked one; and they stay apart in the graph."""
    live.send(
        ingested(live, 900, dialog_type="dm", peer_id=BARE, sender_tg_id=BARE, chat_title="Kim"),
        ingested(live, 901, dialog_type="group", peer_id=BARE, sender_tg_id=505, chat_title="Painters"),
        ingested(live, 902, dialog_type="group", tg_channel_id=-BARE, sender_tg_id=505, chat_title="Painters"),
        stream=PERSONA,
    )
    live.drain()
    assert live.letters() == {}
    two(live, {"Kim": [900], "Painters": [901, 902]})
    live.refresh()
    assert dialogues(live) == [("dm", BARE, "Kim"), ("group", -BARE, "Painters")]
    found = pipeline.graph_counts(live.tenant)
    assert {name: found.get(name) for name in ("Post", "Channel", "Group", "Dialogue", "IN_DIALOGUE")} == {
        "Post": 3, "Channel": 2, "Group": 1, "Dialogue": 2, "IN_DIALOGUE": 3,
    }  # fmt: skip
    gone = {"tenant_id": live.tenant, "source": "persona", "owner_id": ME, "tg_channel_id": -BARE}
    live.send(gone | {"telegram_message_ids": [900, 901]}, stream=DELETED)  # 900 is no message of the group
    live.drain()
    assert live.numbers("deleted_at IS NOT NULL") == [901]
    rows = live.rows("SELECT c.source, v.deleted FROM coverage v JOIN channels c ON c.id = v.channel_id")
    assert [str(row.deleted) for row in rows if row.source == "dm"] == ["{}"]


def test_an_export_of_both_and_its_replay(live: Live, tmp_path: Path) -> None:
    """Imported; then, by events that say the same, nothing is another; edges lead to the chat that is meant."""
    path = pipeline.write_export(tmp_path, export_of())
    pipeline.materialize_reports(pipeline.import_path(path, live.tenant), selection=["posts", "neo4j_nodes"])
    numbers = {"Kim": [900, 901], "Painters": [902, 903]}
    two(live, numbers)
    assert sorted(dialogues(live)) == [("dm", BARE, "Kim"), ("group", -BARE, "Painters")]
    with pipeline.neo4j().tenant(ids.tenant_id(live.tenant)) as graph:
        edges = graph.read("""MATCH (a:Post {tenant_id: $tenant})-[:REPLIES_TO]->(b:Post)
                              RETURN a.telegram_message_id AS a, b.telegram_message_id AS b, b.source AS source
                              ORDER BY a""")
    assert [(row["a"], row["b"], row["source"]) for row in edges] == [(901, 900, "dm"), (903, 900, "dm")]
    for source, number in (("dm", 900), ("persona", 902)):
        live.send(live.event(number, tg_channel_id=-BARE, source=source, owner_id=ME, chat_title=None))
    live.drain()
    two(live, numbers)


def test_a_scope_names_either(live: Live, tmp_path: Path) -> None:
    """In one feed: a person by the positive id or by the title, a group by the id that is its own."""
    for number, one in enumerate(export_of()["chats"]["list"]):
        whole = account(one, user_id=ME)
        pipeline.import_path(pipeline.write_export(tmp_path / str(number), whole), live.tenant, feed="both")
    known = {row.source: row.id for row in live.rows("SELECT source, id FROM channels")}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
        for name, source in ((str(BARE), "dm"), ("Kim", "dm"), (str(-BARE), "persona"), ("painters", "persona")):
            scope = Scope(f"{live.tenant}.both", moment, moment, (name,))
            assert channels_of(connection, scope) == [known[source]], name


@pytest.fixture
def connect(tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    return lambda world: loopback(world, tenant, tmp_path)


def test_an_account_reads_and_hears_both(live: Live, connect: Callable[[World], Any]) -> None:
    """Sideloaded from history, then heard: new messages, and deletions that name no chat."""
    world = World()
    me, kim = world.user("Me", id=ME), world.user("Kim", id=BARE)
    painters = world.group("Painters", [me, kim], id=BARE)
    world.send(me, "old word", sender=kim)
    old = world.send(painters, "old group word", sender=kim)
    with connect(world) as loop:
        assert isinstance(loop, Loopback)
        loop.log_in(me, "me", sessions=2)
        loop.sideload()
        titles = live.rows("SELECT source, peer_id, title FROM channels ORDER BY peer_id DESC")
        assert [tuple(row) for row in titles] == [("dm", BARE, "Kim"), ("persona", -BARE, "Painters")]
        with listening(loop, redis=live.redis):
            world.send(me, "new word", sender=kim)
            world.send(painters, "new group word", sender=kim)
            world.delete(old)
            wanted: dict[str, list[int]] = {}
            for number, one in sorted(me.box.messages.items()):
                wanted.setdefault("Kim" if one.peer_for(me.box) is kim else "Painters", []).append(number)
            assert {title: len(numbers) for title, numbers in wanted.items()} == {"Kim": 2, "Painters": 1}
            eventually(lambda: live.drain() and left(live) == wanted, lambda: f"{left(live)} to be {wanted}")
        assert not loop.errors()


def left(live: Live) -> dict[str, list[int]]:
    rows = live.rows(
        """SELECT c.title, t.telegram_message_id FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
           WHERE t.deleted_at IS NULL ORDER BY 2"""
    )
    found: dict[str, list[int]] = {}
    for title, number in rows:
        found.setdefault(title, []).append(number)
    return found
