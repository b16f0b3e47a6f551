"""Private chats, live: of two accounts of a tenant, and of another tenant, that are in the very same conversations."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from resources.embedder import EmbedderResource
from tests.live.support import CHAT, DELETED, EDITED, Live
from tests.support import pipeline
from tg_assets import ids
from tg_assets.answers.ranked import ranked
from tg_assets.errors import TgAssetsError
from tg_assets.landing.coverage import chat_coverage

PERSONA = "stream:persona:messages:ingested"
UPDATED = "stream:persona:graph:updated"
ADA, EVA = 900, 901
PEER, SMALL, SUPERGROUP = 500, -77, -1_001_800_400_222
# What the seed's documentation shows, word for word.
SEEDS = (
    "MATCH (p:Persona) RETURN p.user_id, p.telegram_id, p.tenant_id",
    "MATCH (d:Dialogue) RETURN d.dialogue_id, d.dialogue_type, d.peer_id, d.peer_name",
    "MATCH (pers:Persona)-[:HAS_DIALOGUE]->(d:Dialogue) RETURN pers.user_id, d.dialogue_id, d.dialogue_type",
    "MATCH (p:Post)-[:IN_DIALOGUE]->(d:Dialogue) RETURN p.post_id, d.dialogue_id, d.dialogue_type",
)
OWN_KINDS = ["Post", "Channel", "Group", "Dialogue", "Persona", "User", "Album"]


def direct(live: Live, me: int, number: int, text: str, sender: int) -> dict[str, Any]:
    """A direct message as its account's own stream tells it."""
    return {
        "stream": PERSONA, "tenant_id": live.tenant, "user_id": str(me), "dialog_type": "dm", "peer_id": PEER,
        "telegram_message_id": number, "content": text, "posted_at": f"2026-03-01T10:{number:02d}:00Z",
        "sender_tg_id": sender, "chat_title": f"Борис у {me}", "occurred_at": "2026-04-01T00:00:00Z",
    }  # fmt: skip


def grouped(live: Live, me: int, number: int, chat: int, **fields: Any) -> dict[str, Any]:
    source, title = ("persona", "Дача") if chat == SMALL else ("group", "Дом 7")
    return live.event(number, tg_channel_id=chat, source=source, owner_id=me, chat_title=title, **fields)


def conversations(live: Live, me: int) -> list[dict[str, Any]]:
    """Of one account: with a person, in a small group and in a supergroup; the same ids for every account."""
    return [
        direct(live, me, 1, "ключ лежит под ковриком", PEER),
        direct(live, me, 2, "спасибо, нашла ключ", me),
        grouped(live, me, 3, SMALL, text="шашлык в субботу", sender_tg_id=PEER),
        grouped(live, me, 4, SMALL, text="купила уголь", sender_tg_id=me, reply_to_message_id=3),
        grouped(live, me, 5, SUPERGROUP, text="лифт починят завтра", sender_tg_id=PEER),
        grouped(
            live, me, 6, SUPERGROUP, text="наконец-то лифт", sender_tg_id=me,
            forward_from_chat_id=CHAT, forward_from_message_id=1,
        ),
    ]  # fmt: skip


def lived(live: Live, *accounts: int) -> Live:
    """A tenant with a channel that it shares, and its accounts' conversations, in all stores."""
    live.send(live.event(1, text="объявление о лифте"), *(one for me in accounts for one in conversations(live, me)))
    live.drain()
    assert live.letters() == {}
    live.refresh()
    return live


def updates(live: Live) -> list[dict[str, Any]]:
    """What was told of the tenant's graph."""
    told = [orjson.loads(fields[b"data"]) for _, fields in live.redis.xrange(UPDATED)]
    return [one for one in told if one["tenant_id"] == str(ids.tenant_id(live.tenant))]


def graph(live: Live, query: str, **values: Any) -> list[dict[str, Any]]:
    with pipeline.neo4j().tenant(ids.tenant_id(live.tenant)) as found:
        return found.read(query, **values)


def chat_id(live: Live, me: int, chat: int) -> str:
    return str(ids.channel_id(ids.tenant_id(live.tenant), chat, me))


def test_two_accounts_and_two_tenants_share_no_row_node_or_point(live: Live, another: Callable[[], Live]) -> None:
    """The same peer, the same groups, the same message ids: everything of each is there, for itself."""
    one, other = lived(live, ADA, EVA), lived(another(), ADA)
    sql = """SELECT m.kept_in, m.source, c.owner_id, count(*) FROM messages m JOIN channels c ON c.id = m.channel_id
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    assert [tuple(row) for row in one.rows(sql)] == [
        ("group_messages", "group", ADA, 2), ("group_messages", "group", EVA, 2),
        ("group_messages", "persona", ADA, 2), ("group_messages", "persona", EVA, 2),
        ("posts", "channel", 0, 1), ("posts", "dm", ADA, 2), ("posts", "dm", EVA, 2),
    ]  # fmt: skip
    seen = [{row.id for row in tenant.rows("SELECT id FROM messages")} for tenant in (one, other)]
    assert (len(seen[0]), len(seen[1]), len(seen[0] & seen[1])) == (13, 7, 0)
    # A point for each message, and one for the conversation of each chat.
    assert (pipeline.points(one.tenant), pipeline.points(other.tenant)) == (13 + 6, 7 + 3)
    nodes = pipeline.graph_counts(one.tenant)
    assert {name: nodes[name] for name in OWN_KINDS if name in nodes} == {
        "Post": 13, "Channel": 7, "Group": 4, "Dialogue": 6, "Persona": 2, "User": 2,
    }  # fmt: skip
    relations = ("HAS_PERSONA", "HAS_DIALOGUE", "IN_DIALOGUE", "OWNS", "SENT_MESSAGE", "HAS_POST", "REPLIES_TO")
    assert {name: nodes[name] for name in relations} == {
        "HAS_PERSONA": 2, "HAS_DIALOGUE": 6, "IN_DIALOGUE": 12, "OWNS": 12, "SENT_MESSAGE": 6, "HAS_POST": 13 + 8,
        "REPLIES_TO": 2,
    }  # fmt: skip
    crossing = """MATCH (a:Post {tenant_id: $tenant})--(n)--(b:Post)
                  WHERE a.owner_id = 900 AND b.owner_id = 901 AND labels(n)[0] IN $kinds AND n.owner_id <> 0
                  RETURN DISTINCT labels(n)[0] AS kind"""
    assert graph(one, crossing, kinds=OWN_KINDS) == []
    # Both forwarded one post of the channel that the tenant shares: that, and nothing else, is everybody's.
    forwarded = "MATCH (:Post {tenant_id: $tenant})-[:FORWARDED_FROM_POST]->(p) RETURN p.post_id AS id, count(*) AS n"
    shared = str(ids.post_id(ids.channel_id(ids.tenant_id(one.tenant), CHAT), 1))
    assert graph(one, forwarded) == [{"id": shared, "n": 2}]


def test_the_documented_queries_are_answered(live: Live, servers: dict[str, str]) -> None:
    """As people type them; on this server there may be other tenants, who are not looked at."""
    from neo4j import GraphDatabase

    lived(live, ADA, EVA)
    tenant = str(ids.tenant_id(live.tenant))
    dialogues = {
        chat_id(live, me, chat): (me, kind, peer, peer_name)
        for me in (ADA, EVA)
        for chat, kind, peer, peer_name in (
            (PEER, "dm", PEER, f"Борис у {me}"), (SMALL, "group", SMALL, "Дача"),
            (SUPERGROUP, "group", SUPERGROUP, "Дом 7"),
        )
    }  # fmt: skip
    posts = {str(row.id): str(row.channel_id) for row in live.rows("SELECT id, channel_id FROM messages")}
    user, rest = servers["TG_NEO4J_URL"].split("://")[1].split(":", 1)
    password, address = rest.split("@")
    with GraphDatabase.driver(f"bolt://{address}", auth=(user, password)) as driver:
        personas, nodes, having, linked = (driver.execute_query(query).records for query in SEEDS)  # type: ignore[arg-type]
    assert {(row["p.user_id"], row["p.telegram_id"]) for row in personas if row["p.tenant_id"] == tenant} == {
        (str(ADA), ADA), (str(EVA), EVA),
    }  # fmt: skip
    assert {
        row["d.dialogue_id"]: (row["d.dialogue_type"], row["d.peer_id"], row["d.peer_name"])
        for row in nodes
        if row["d.dialogue_id"] in dialogues
    } == {name: about[1:] for name, about in dialogues.items()}
    assert {
        row["d.dialogue_id"]: (row["pers.user_id"], row["d.dialogue_type"])
        for row in having
        if row["d.dialogue_id"] in dialogues
    } == {name: (str(me), kind) for name, (me, kind, _, _) in dialogues.items()}
    found = [(row["p.post_id"], row["d.dialogue_id"], row["d.dialogue_type"]) for row in linked]
    assert sorted(row for row in found if row[1] in dialogues) == sorted(
        (post, chat, dialogues[chat][1]) for post, chat in posts.items() if chat in dialogues
    )


def test_a_private_chat_is_seen_by_its_account_alone(live: Live) -> None:
    """In the search and in the graph: direct messages, a small group, a supergroup read for one account."""
    lived(live, ADA, EVA)
    model = EmbedderResource().get()

    def found(query: str, *owners: int) -> Counter[str]:
        hits = ranked(pipeline.archive(live.tenant, *owners, embedder=model), query, limit=50)
        return Counter(hit.chat or "" for hit in hits)

    for query in ("ключ под ковриком", "шашлык в субботу", "лифт починят"):
        assert set(found(query)) <= {"Live"}
        assert set(found(query, 902)) <= {"Live"}
        assert found(query, ADA) == {"Live": 1, f"Борис у {ADA}": 2, "Дача": 2, "Дом 7": 2}
        assert found(query, ADA, EVA)["Дача"] == 4
    peers = pipeline.ask(live.tenant, "dialogues", [ADA])
    assert sorted(row["chat"] for row in peers) == sorted([f"Борис у {ADA}", "Дача", "Дом 7"])
    said = pipeline.ask(live.tenant, "dialogue", [ADA], chat=f"Борис у {ADA}")
    assert [row["own"] for row in said] == [False, True]
    with pytest.raises(TgAssetsError, match="no private chat"):
        pipeline.ask(live.tenant, "dialogue", [EVA], chat=f"Борис у {ADA}")


def test_what_is_new_in_the_graph_is_told_once(live: Live) -> None:
    """A persona, its dialogues, their messages; nothing when nothing is stale; only the message that changed."""
    lived(live, ADA)
    told = updates(live)
    assert Counter(one["operation"] for one in told) == {
        "persona_created": 1, "dialogue_created": 3, "message_linked": 6,
    }  # fmt: skip
    assert len({one["idempotency_key"] for one in told}) == len(told)
    assert {one["user_id"] for one in told} == {one["persona_node_id"] for one in told} == {str(ADA)}
    own = {one["message_node_id"] for one in told if one["relationships_created"] == 3}
    assert own == {str(row.id) for row in live.rows("SELECT id FROM messages WHERE sender_tg_id = 900")}
    live.rows(
        "INSERT INTO dirty (tenant_id, feed, date) SELECT tenant_id, feed, '2026-03-01' FROM channels RETURNING 1"
    )
    live.refresh()
    assert updates(live) == told
    live.send(
        grouped(live, ADA, 3, SMALL, text="шашлык в воскресенье #дача", sender_tg_id=PEER,
                edited_at="2026-03-02T00:00:00Z"), stream=EDITED,
    )  # fmt: skip
    live.drain()
    live.refresh()
    more = updates(live)[len(told) :]
    edited = str(ids.post_id(ids.channel_id(ids.tenant_id(live.tenant), SMALL, ADA), 3))
    assert [(one["operation"], one["message_node_id"]) for one in more] == [("message_linked", edited)]


def test_a_dialogue_leaves_with_its_last_message(live: Live) -> None:
    """Its persona stays while it has another one; what comes again is new again."""
    lived(live, ADA)
    gone = {"tenant_id": live.tenant, "source": "dm", "user_id": str(ADA), "tg_channel_id": PEER}
    live.send(gone | {"telegram_message_id": 1}, stream=DELETED)
    live.drain()
    live.refresh()
    there = pipeline.graph_counts(live.tenant)
    assert (there["Dialogue"], there["IN_DIALOGUE"], there["OWNS"], there["SENT_MESSAGE"]) == (3, 5, 5, 3)
    live.send(gone | {"telegram_message_id": 2}, stream=DELETED)
    live.drain()
    live.refresh()
    there = pipeline.graph_counts(live.tenant)
    assert (there["Dialogue"], there["HAS_DIALOGUE"], there["IN_DIALOGUE"]) == (2, 2, 4)
    assert (there["Persona"], there["User"], there["SENT_MESSAGE"]) == (1, 1, 2)
    whole = {"tenant_id": live.tenant, "owner_id": ADA}
    live.send(
        whole | {"source": "persona", "tg_channel_id": SMALL, "telegram_message_ids": [3, 4]},
        whole | {"source": "group", "tg_channel_id": SUPERGROUP, "telegram_message_ids": [5, 6]},
        stream=DELETED,
    )
    live.drain()
    live.refresh()
    left = pipeline.graph_counts(live.tenant)
    assert not {"Persona", "User", "Dialogue", "HAS_PERSONA", "HAS_DIALOGUE", "OWNS", "SENT_MESSAGE"} & set(left)
    before = len(updates(live))
    live.send(direct(live, ADA, 9, "снова я", PEER))
    live.drain()
    live.refresh()
    assert Counter(one["operation"] for one in updates(live)[before:]) == {
        "persona_created": 1, "dialogue_created": 1, "message_linked": 1,
    }  # fmt: skip


def test_ids_of_small_groups_and_direct_messages_have_no_holes(live: Live) -> None:
    """Telegram counts them per account; those of a supergroup are its own, for whoever it is read."""
    live.send(*conversations(live, ADA))
    live.drain()
    feeds = {row.source: row.feed for row in live.rows("SELECT source, feed FROM channels")}
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
        found = {source: chat_coverage(connection, feed)[0] for source, feed in feeds.items()}
    assert {source: one.contiguous for source, one in found.items()} == {"dm": False, "persona": False, "group": True}
    assert {source: one.counts["unknown"] for source, one in found.items()} == {"dm": 0, "persona": 0, "group": 4}


@pytest.mark.parametrize("chat", [SMALL, SUPERGROUP])
def test_a_small_group_without_its_account_becomes_a_dead_letter(live: Live, chat: int) -> None:
    """It would be shared with the tenant otherwise; a group that names no account is one that the tenant shares."""
    source = "persona" if chat == SMALL else "group"
    live.send(live.event(1, tg_channel_id=chat, source=source))
    live.drain()
    if chat == SMALL:
        (reason,) = live.letters().values()
        assert "owner_id is missing" in reason
    else:
        assert live.rows("SELECT owner_id, source FROM channels") == [(0, "group")]
