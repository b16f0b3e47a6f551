"""Questions that people ask the graph: the same answer on both servers, and the right one."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner

from tests.graph.examples import CHANNEL, GROUP, examples, first_of
from tests.graph.world import ANN, EVE, World
from tests.support import pipeline
from tests.support.pipeline import expected
from tg_assets import ids
from tg_assets.answers.asking import Answer, ask
from tg_assets.cli.ask import ask_command
from tg_assets.errors import TgAssetsError
from tg_assets.graph.questions import EVERY
from tg_assets.graph.questions.communities import communities
from tg_assets.graph.questions.question import within
from tg_assets.graph.questions.topics import shares
from tg_assets.stores.graph import GraphStore

ALL = (ANN, EVE)


@pytest.mark.parametrize("name", list(EVERY))
def test_both_servers_say_the_same(world: World, both: dict[str, GraphStore], name: str) -> None:
    """And have something to say."""
    given = examples(world).get(name, {})
    embedded, real = (ask(world.archive(store, ALL), name, **given, limit=1000) for store in both.values())
    assert embedded == real
    assert real.rows
    assert all(set(row) == set(real.columns) for row in real.rows)
    if EVERY[name].dated:
        late = {"since": "2030-01-01"}
        assert ask(world.archive(both["embedded"], ALL), name, **given, **late).rows == []
        assert ask(world.archive(both["embedded"], ALL), name, **given, until=datetime(2000, 1, 1)).rows == []  # noqa: DTZ001


@pytest.mark.parametrize("name", list(EVERY))
def test_every_question_is_documented(name: str) -> None:
    question = EVERY[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert question.english.endswith(".")
    assert re.search("[а-я]", question.russian)
    assert question.russian.endswith(".")
    assert all(one.help and one.example for one in question.parameters)


def one(answer: Answer, **where: Any) -> dict[str, Any]:
    (row,) = [row for row in answer.rows if all(row[name] == value for name, value in where.items())]
    return row


def test_answers_are_right(world: World, both: dict[str, GraphStore]) -> None:
    """Counted anew in PostgreSQL, or known from the sample."""
    archive = world.archive(both["embedded"], ALL)
    top = expected()["top_forward_source"]
    assert one(ask(archive, "most-forwarded"), source=top["name"])["forwards"] == top["count"]
    months = pipeline.rows(
        world.tenant,
        """SELECT to_char(posted_at, 'YYYY-MM') AS month, count(*) AS messages, count(reply_to_message_id) AS replies
           FROM messages WHERE sender_tg_id = :who GROUP BY 1 ORDER BY 1 DESC""",
        who=ANN,
    )
    activity = ask(archive, "activity", person=ANN).rows
    assert [(row["month"], row["messages"], row["replies"]) for row in activity] == [tuple(row) for row in months]
    albums = ask(archive, "albums", chat=CHANNEL).rows
    wanted = expected()["chats"]["Северный маяк"]["album_ids"]
    assert len(albums) == len(wanted)
    inside = ask(archive, "album", album=albums[-1]["post_id"]).rows
    assert [int(row["link"].rpartition("/")[2]) for row in inside] == wanted[0]
    assert [row["position"] for row in inside] == list(range(len(inside)))
    path = ask(archive, "first-source", post=examples(world)["first-source"]["post"]).rows
    assert [row["step"] for row in path] == list(range(len(path)))
    reach = ask(archive, "reach", post=first_of(world, "channel")).rows
    assert [row["steps"] for row in reach] == [1, 2, 3]
    anns = ask(world.archive(both["embedded"], (ANN,)), "reach", post=first_of(world, "channel")).rows
    assert [row["post_id"] for row in anns] == [row["post_id"] for row in reach[:1]]
    linked = ask(archive, "links-to", page="http://www.example.org/secret/").rows
    assert len(linked) == 4
    assert linked == sorted(linked, key=lambda row: row["date"])


def test_pictures_that_look_the_same_are_found(world: World, both: dict[str, GraphStore]) -> None:
    """By the hashes of those that were described, the nearest first; others are not."""
    shown = pipeline.rows(
        world.tenant,
        """SELECT DISTINCT ON (p.sha256) p.sha256, m.id::text AS post
           FROM post_media_map p JOIN messages m ON m.id = p.post_id JOIN channels c ON c.id = m.channel_id
           WHERE c.owner_id = 0 AND p.position = 0 AND p.kind = 'photo' AND p.sha256 IN (
               SELECT sha256 FROM post_media_map GROUP BY 1 HAVING count(*) = 1) ORDER BY p.sha256 LIMIT 4""",
    )
    for row, bits in zip(shown, (0, 9, 3, 100), strict=True):
        pipeline.rows(
            world.tenant,
            """INSERT INTO pictures (tenant_id, sha256, provider, model, vision_version, looks, thumbnail)
               VALUES (current_tenant(), :sha256, 'eyes', 'm', '1', CAST(:looks AS bit(256)),
                       decode(repeat('00', 1024), 'hex')) RETURNING 1""",
            sha256=row.sha256,
            looks=f"{'1' * bits:0>256}",
        )
    for store in both.values():
        found = ask(world.archive(store), "same-picture", picture=shown[0].post).rows
        assert [(one["post_id"], one["bits"]) for one in found] == [(shown[2].post, 3), (shown[1].post, 9)]


def test_a_post_is_named_in_every_way(world: World, both: dict[str, GraphStore]) -> None:
    archive = world.archive(both["embedded"], ALL)
    post = first_of(world, "channel")
    row = pipeline.rows(
        world.tenant,
        """SELECT m.telegram_message_id AS n, m.telegram_post_url AS link, c.title, c.peer_id FROM messages m
           JOIN channels c ON c.id = m.channel_id WHERE m.id = CAST(:post AS uuid)""",
        post=post,
    )[0]
    ways = (
        post,
        row.link,
        f"{row.link}?single",
        f"{row.title}/{row.n}",
        f"{row.peer_id}/{row.n}",
        f"{ids.bare_channel_id(row.peer_id)}/{row.n}",
        f"{CHANNEL}/{row.n}",
    )
    answers = [ask(archive, "reach", post=way) for way in ways]
    assert answers[0].rows
    assert answers == [answers[0]] * len(ways)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("most-forwardet", {}, "Near it are: most-forwarded"),
        ("nothing like it at all", {}, "There is no question"),
        ("activity", {}, "needs 'person'"),
        ("activity", {"persn": "x"}, "Is 'person' meant?"),
        ("album", {"since": "2026-01-01", "album": "x"}, "has no parameter 'since'"),
        ("most-forwarded", {"limit": 0}, "from 1 to 1,000"),
        ("most-forwarded", {"since": "yesterday"}, "is not an ISO date"),
        ("communities", {"least": "many"}, "is not a whole number"),
        ("links-to", {"page": "not a page"}, "is no address of a web page"),
        ("albums-by-tags", {"tags": " , "}, "at least one tag"),
        ("albums", {"chat": "severny-mayak"}, "Feeds with such a name: "),
        ("album", {"album": f"{CHANNEL}/12"}, "is in no album"),
    ],
)
def test_what_is_wrong_is_said(
    world: World, both: dict[str, GraphStore], name: str, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(TgAssetsError, match=re.escape(said)):
        ask(world.archive(both["embedded"]), name, **given)


def test_text_is_data(world: World, both: dict[str, GraphStore]) -> None:
    """What is asked for never becomes part of a statement."""
    odd = "x'}) DETACH DELETE n //"
    for store in both.values():
        for name, key in (("pictures", "label"), ("mentions", "entity"), ("albums-by-tags", "tags")):
            assert ask(world.archive(store, ALL), name, **{key: odd}).rows == []
        assert ask(world.archive(store, ALL), "entities").rows


def test_the_command_asks_the_same(world: World, both: dict[str, GraphStore]) -> None:
    """Of the servers that the environment names, with the same words and the same refusals."""
    shared = ("--tenant", world.tenant, "--owner", str(ANN), "--feed", f"{world.tenant}.{GROUP}", "--json")
    done = CliRunner().invoke(ask_command, ["who-replies", "--since", "2026-02-01", *shared, "--limit", "3"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    archive = world.archive(both["embedded"], (ANN,), [f"{world.tenant}.{GROUP}"])
    wanted = ask(archive, "who-replies", since="2026-02-01", limit=3).rows
    assert [{**row, "date": None} for row in found["items"]] == [{**row, "date": None} for row in wanted]
    assert found["question"] == "who-replies"
    assert wanted
    for words, said in (
        (["who-repleis"], "Near it are: who-replies"),
        (["albums", "--chat", CHANNEL], "no chat or feed"),
    ):
        with pytest.raises(TgAssetsError, match=said):
            ask_command.main([*words, *shared], standalone_mode=False)


def test_within_is_half_open() -> None:
    assert within("p").count("$until IS NULL OR p.posted_at < $until") == 1


def test_communities_are_groups_of_chats_with_ties() -> None:
    """Two groups that share no source; a chat that is forwarded is itself, not a source; alone is no group."""

    def tie(chat: str, source: str, forwards: int = 3) -> dict[str, Any]:
        return {"chat": chat, "chat_tg_id": f"-100{chat}", "source_id": source, "forwards": forwards, "source": "last"}

    ties = [tie("1", "-1002"), tie("2", "s"), tie("3", "t"), tie("4", "t"), tie("5", "u")]
    found = communities(ties)
    assert [(row["community"], row["chat"] or row["source_id"]) for row in found] == [
        (1, "2"), (1, "1"), (1, "s"), (2, "3"), (2, "4"), (2, "t"),
    ]  # fmt: skip
    assert found == communities(ties[::-1])


def test_shares_are_of_their_month() -> None:
    counts = [
        {"month": "2026-02", "topic": "a", "posts": 1},
        {"month": "2026-01", "topic": "a", "posts": 1},
        {"month": "2026-01", "topic": "b", "posts": 3},
    ]
    assert [(row["share"], row["change"]) for row in shares(counts)] == [(1.0, 0.75), (0.25, None), (0.75, None)]
