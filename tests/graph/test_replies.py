"""Whom replies answer is kept by a relation of both posts: what PostgreSQL says, whatever came or changed when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.graph.world import World
from tests.support import pipeline
from tests.telegram.exports import account, chat, message
from tg_assets import ids
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.stores.graph import GraphStore

OWNER, ADA, BOB, CID = 900, 7, 8, 9
FOUND = """
MATCH (p:Post {tenant_id: $tenant})-[r:REPLIES_TO_AUTHOR]->(b:Author)
RETURN r.author_id AS who, b.author_id AS whom, r.owner_id AS owner, r.channel_id AS chat,
       r.answered_owner_id AS answered_owner, r.answered_channel_id AS answered_chat, r.posted_at AS at,
       right(r.dated, 73) AS ids, p.post_id AS post
"""
WANTED = """
    SELECT p.sender_tg_id AS who, q.sender_tg_id AS whom, pc.owner_id AS owner, p.channel_id::text AS chat,
           qc.owner_id AS answered_owner, q.channel_id::text AS answered_chat, p.posted_at AS at,
           p.id || ' ' || q.id AS ids, p.id::text AS post
    FROM messages p JOIN channels pc ON pc.id = p.channel_id
    JOIN channels qc ON qc.peer_id = coalesce(p.reply_to_chat_id, pc.peer_id)
                    AND qc.owner_id IN (0, pc.owner_id)
    JOIN messages q ON q.channel_id = qc.id AND q.telegram_message_id = p.reply_to_message_id
    WHERE p.deleted_at IS NULL AND q.deleted_at IS NULL AND p.sender_tg_id IS NOT NULL AND q.sender_tg_id IS NOT NULL
"""


def said(number: int, who: int, month: int, answers: int | None = None) -> dict[str, Any]:
    at = int(datetime(2026, month, 1, 12, number, tzinfo=UTC).timestamp())
    return message(number, date_unixtime=str(at), from_id=f"user{who}",
                   **({} if answers is None else {"reply_to_message_id": answers}))  # fmt: skip


@pytest.fixture
def talk(tenant: str, tmp_path: Path) -> World:
    """A group of three months, a private chat, and another group that answers the first one."""
    export = account(
        chat(said(1, ADA, 1), said(2, BOB, 1, 1), said(3, ADA, 2, 2), said(4, CID, 2, 1), said(5, BOB, 3, 1),
             said(6, ADA, 3, 4), said(7, ADA, 3, 6), type="public_supergroup", id=42, name="Сад"),
        chat(said(1, CID, 1, 3), said(2, BOB, 3, 1), type="public_supergroup", id=43, name="Лес"),
        chat(said(1, ADA, 1), said(2, OWNER, 2, 1), type="personal_chat", id=ADA, name="Ада"),
        user_id=OWNER,
    )  # fmt: skip
    reports = pipeline.import_path(pipeline.write_export(tmp_path / "talk", export), tenant)
    world = World(tenant, tuple(dict.fromkeys(report.feed for report in reports)))
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for of in pipeline.prepared_stages(pipeline.tools())["posts"]:
            for scope in world.scopes():
                assert not run_stage(of, session, scope).failed
    change(
        world,
        f"""reply_to_chat_id = {ids.marked_channel_id(42)} WHERE telegram_message_id = 1 AND channel_id = (
                      SELECT id FROM channels WHERE title = 'Лес')""",
    )
    return world


def change(world: World, what: str) -> None:
    assert pipeline.rows(world.tenant, f"UPDATE messages SET {what} RETURNING 1")


def months(world: World) -> list[Scope]:
    return [
        Scope(feed, datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 1, tzinfo=UTC))
        for month in (1, 2, 3)
        for feed in world.feeds
    ]


def found(world: World, store: GraphStore) -> list[tuple[Any, ...]]:
    with store.tenant(ids.tenant_id(world.tenant)) as graph:
        rows = graph.read(FOUND)
    return sorted(tuple({**row, "at": row["at"].to_native().astimezone(UTC)}.values()) for row in rows)


def wanted(world: World) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, pipeline.rows(world.tenant, WANTED)))


def named(rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, int]]:
    return sorted((row[0], row[1]) for row in rows)


ALL = [(ADA, BOB), (ADA, CID), (ADA, ADA), (BOB, ADA), (BOB, ADA), (BOB, CID), (CID, ADA), (CID, ADA), (OWNER, ADA)]


def test_in_any_order_and_twice(talk: World, store: GraphStore) -> None:
    """What is answered may come after the reply, from another chat too, and be written again."""
    assert named(wanted(talk)) == sorted(ALL)
    scopes = months(talk)
    for order in ((2, 1, 0), (1, 2, 0)):
        talk.wipe(store)
        talk.write(store, [one for month in order for one in scopes[3 * month : 3 * month + 3][:: month - 1 or 1]])
        assert found(talk, store) == wanted(talk), order
    talk.write(store, scopes[:4])
    assert found(talk, store) == wanted(talk)


CHANGES = {
    "what is answered is deleted": "deleted_at = now() WHERE telegram_message_id = 1 AND sender_tg_id = 7",
    "a reply is deleted": "deleted_at = now() WHERE telegram_message_id = 4",
    "who wrote what is answered is another": "sender_tg_id = 8 WHERE telegram_message_id = 1 AND sender_tg_id = 7",
    "who wrote what is answered is unknown": "sender_tg_id = NULL WHERE telegram_message_id = 1 AND sender_tg_id = 7",
    "who wrote what is answered is nobody else": "sender_tg_id = 5 WHERE telegram_message_id = 4",
    "who replies is another": "sender_tg_id = 9 WHERE telegram_message_id = 2",
    "it answers another": "reply_to_message_id = 4 WHERE telegram_message_id = 7",
    "it answers what never came": "reply_to_message_id = 99 WHERE telegram_message_id = 7",
    "it answers nothing": "reply_to_message_id = NULL WHERE telegram_message_id = 6",
}


def test_a_change_of_either_post(talk: World, store: GraphStore) -> None:
    """Only what has changed is made again, and the graph says what PostgreSQL does; taken back, it is what it was."""
    talk.write(store)
    before, rows = talk.dump(store), wanted(talk)
    was = pipeline.rows(talk.tenant, "SELECT id, deleted_at, sender_tg_id, reply_to_message_id FROM messages")
    for what, changed in CHANGES.items():
        change(talk, changed)
        assert wanted(talk) != rows, what
        assert 0 < talk.write(store, force=False) < len(was), what
        assert found(talk, store) == wanted(talk), what
        for row in was:
            pipeline.rows(
                talk.tenant,
                """UPDATE messages SET deleted_at = :deleted, sender_tg_id = :who, reply_to_message_id = :reply
                   WHERE id = :id RETURNING 1""",
                id=row.id, deleted=row.deleted_at, who=row.sender_tg_id, reply=row.reply_to_message_id,
            )  # fmt: skip
    talk.write(store, force=False)
    assert talk.dump(store) == before


def test_a_run_that_died_between_the_two(talk: World, store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one makes what the dead one had not yet come to."""
    from tg_assets.assets import graph_replies

    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    talk.write(store)
    change(talk, CHANGES["who wrote what is answered is another"])
    with monkeypatch.context() as dying:
        dying.setattr(graph_replies, "write", die)
        for scope in talk.scopes():
            try:
                talk.write(store, [scope], force=False)
            except Died:
                continue
    assert found(talk, store) != wanted(talk)
    talk.write(store, force=False)
    assert found(talk, store) == wanted(talk)
