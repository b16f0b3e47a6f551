"""Nothing of what somebody may not see is in an answer.

Whoever may see some chats gets what a graph of those chats alone would say: of the same tenant the real server has
everything and the embedded one only those chats, and the first is asked with the binding, the second without.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.graph.examples import CHANNEL, GROUP, examples, first_of
from tests.graph.world import ANN, EVE, World, build
from tests.support import pipeline
from tg_assets import ids
from tg_assets.answers.asking import ask, questions
from tg_assets.errors import TgAssetsError
from tg_assets.graph.questions import EVERY
from tg_assets.graph.questions.question import Question, answers, seen
from tg_assets.stores.graph import GraphStore

ALL = (ANN, EVE)
SPAN = {"since": None, "until": None}


@pytest.fixture(scope="module")
def stranger(both: dict[str, GraphStore], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Another tenant with the same chats."""
    made = build(pipeline.new_tenant(), tmp_path_factory.mktemp("stranger"))
    for store in both.values():
        made.write(store)
    return made


VIEWERS: dict[str, tuple[tuple[int, ...], tuple[str, ...] | None]] = {
    "nobody's account": ((), None),
    "ann": ((ANN,), None),
    "eve": ((EVE,), None),
    "both in one feed": (ALL, (CHANNEL,)),
    "eve in her own and the group": ((EVE,), (GROUP, "dm", "group")),
    "ann in eve's": ((ANN,), ("dm of eve",)),
}


def feeds_of(world: World, names: tuple[str, ...] | None) -> list[str] | None:
    """Keys of feeds: by slug, or those of private chats."""
    if names is None:
        return None
    eves = [row[0] for row in pipeline.rows(world.tenant, f"SELECT feed FROM channels WHERE owner_id = {EVE}")]
    found = [f"{world.tenant}.{name}" for name in names if name in (CHANNEL, GROUP)]
    return found + [feed for feed in eves if any(name in feed or name == "dm of eve" for name in names)]


def visible(world: World, owners: tuple[int, ...], feeds: list[str] | None) -> list[tuple[str, str]]:
    """Ids and feeds of the chats that somebody may see."""
    rows = pipeline.rows(world.tenant, "SELECT id::text, feed, owner_id FROM channels ORDER BY 1")
    return [(row[0], row[1]) for row in rows if row[2] in (0, *owners) and (feeds is None or row[1] in feeds)]


def given(world: World, question: Question) -> Iterator[dict[str, Any]]:
    """Values of a statement that name whatever there is, whoever may see it."""
    found: dict[str, list[Any]] = {
        "post": [row[0] for row in pipeline.rows(world.tenant, """
            SELECT id::text FROM messages WHERE forward_from_message_id IS NOT NULL ORDER BY 1""")]
        + [first_of(world, "channel")],
        "source": [["-1500000077", "-1001500000077", "name:Порт", "name:кто-то"], ["-1001500100101"]],
        "person": [[ANN], [EVE], [510001007], list(range(510001000, 510001010))],
        "picture": [[{"sha256": row[0], "bits": 0, "post": ""} for row in pipeline.rows(world.tenant, """
            SELECT DISTINCT sha256 FROM post_media_map WHERE sha256 IS NOT NULL ORDER BY 1""")]],
        "album": [row[0] for row in pipeline.rows(world.tenant, "SELECT id::text FROM media_groups ORDER BY 1")],
        "tags": [[{"said": n, "name": f"слово {n}"} for n in range(11)]],
        "topic": [["море"]], "entity": [["мурманск"]], "label": [["boat"]], "least": [1],
        "page": [["https://example.org/secret"]], "account": [[str(ANN)], [str(EVE)], [str(ANN), str(EVE)]],
    }  # fmt: skip
    own = [one.name for one in question.parameters if one.kind not in ("chat", "dialogue")]
    for values in zip(*(found[name] for name in own), strict=True) if own else [()]:
        yield {"limit": 1000, **(SPAN if question.dated else {}), **dict(zip(own, values, strict=True))}


@pytest.mark.parametrize("viewer", list(VIEWERS))
def test_an_answer_is_made_of_what_may_be_seen(world: World, both: dict[str, GraphStore], viewer: str) -> None:
    """No row, count, name or step of a path comes from elsewhere, whatever the parameters name."""
    owners, names = VIEWERS[viewer]
    feeds = feeds_of(world, names)
    chats = visible(world, owners, feeds)
    world.wipe(both["embedded"])
    world.write(both["embedded"], world.scopes([feed for _, feed in chats]) if chats else [])
    tenant = ids.tenant_id(world.tenant)
    every = [row[0] for row in pipeline.rows(world.tenant, "SELECT id::text FROM channels ORDER BY 1")]
    answered = 0
    try:
        with both["real"].tenant(tenant) as whole, both["embedded"].tenant(tenant) as part:
            for question in questions():
                needs_chats = any(one.required and one.kind in ("chat", "dialogue") for one in question.parameters)
                limited = [chat for chat, _ in chats] if feeds is not None or needs_chats else None
                for values in given(world, question):
                    asked = whole.show(question.statement, owners=owners, channels=limited, **values)
                    alone = part.show(question.statement, owners=ALL, channels=every if needs_chats else None, **values)
                    assert _sorted(asked) == _sorted(alone), (question.name, values)
                    answered += bool(asked)
    finally:
        world.wipe(both["embedded"])
        world.write(both["embedded"])
    assert (answered > 0) == bool(chats)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Collected values have no order."""
    return [{name: sorted(v) if isinstance(v, list) else v for name, v in row.items()} for row in rows]


@pytest.mark.parametrize("name", list(EVERY))
def test_every_statement_binds_what_it_shows(name: str) -> None:
    """Each post, album, dialogue and chat of a pattern is asked whether it may be seen, or is a step of a path of which
    all are; each relation that has of two posts what is asked of them is asked it of both. What is counted without that
    says only where to look, and is gone before there are rows."""
    statement = EVERY[name].statement
    assert all(bound in statement for bound in ("$tenant", "$owners", "$channels"))
    shown = re.sub(r"COUNT \{ \(\w+\)<-\[:\w+\]-\(\) \} AS most\b", "", statement)
    assert "COUNT" not in shown
    assert "most" not in statement.rpartition("\nUNWIND rows + others AS row\n")[2]
    patterns = re.findall(r"\((\w*):(?:Post|Album|Dialogue|Channel)\b", statement)
    kept = re.findall(r"\[(\w*):REPLIES_TO_AUTHOR\b", shown)
    assert patterns or kept
    assert all(one and answers(one) in statement for one in kept)
    for node in patterns:
        if node == "" or seen(node) not in statement:
            path = re.search(r"MATCH path = (.*?)\n", statement)
            assert path, (name, node)
            assert f"({node}:Post" in path[1], (name, node)
            assert f"all(hop IN nodes(path) WHERE {seen('hop')})" in statement
    assert EVERY[name].dated == ("$since" in statement)
    own = {f"${one.name}" for one in EVERY[name].parameters if one.kind not in ("chat", "dialogue")}
    known = {"$tenant", "$owners", "$channels", "$limit", "$since", "$until"}
    assert set(re.findall(r"\$\w+", statement)) - known == own
    assert ("$limit" in statement) != (EVERY[name].then is not None)


@pytest.mark.parametrize("viewer", list(VIEWERS))
def test_a_few_rows_are_the_first_of_all(world: World, store: GraphStore, viewer: str) -> None:
    """Where not everything is looked at, for there is enough, the answer is what it is when everything is; also where
    most is related to what has little that may be seen."""
    owners, names = VIEWERS[viewer]
    feeds = feeds_of(world, names)
    channels = None if feeds is None else [chat for chat, _ in visible(world, owners, feeds)]
    bounded = [one for one in questions() if "AS most" in one.statement]
    assert {one.name for one in bounded} == {"who-replies", "entities"}
    cut = 0
    with store.tenant(ids.tenant_id(world.tenant)) as graph:
        for question in bounded:
            for since in (None, datetime(2026, 2, 1, tzinfo=UTC)):

                def first(limit: int, *, asked: Question = question, since: datetime | None = since) -> list[Any]:
                    return graph.show(
                        asked.statement, owners=owners, channels=channels, limit=limit, since=since, until=None
                    )

                every = first(1000)
                for limit in range(1, len(every) + 2):
                    assert first(limit) == every[:limit], (question.name, since, limit)
                    cut += limit < len(every)
    assert cut or channels is not None


def test_another_tenant_and_other_peoples_things_are_unknown(
    world: World, stranger: World, both: dict[str, GraphStore]
) -> None:
    """Named by id, title or link they are as unknown as what there is not, in the same words."""
    foreign, own = examples(stranger), examples(world)
    for store in both.values():
        for name in ("first-source", "same-picture", "album"):
            (key, value), = foreign[name].items()  # fmt: skip
            with pytest.raises(TgAssetsError, match="that may be seen here"):
                ask(world.archive(store, ALL), name, **{key: value})
        hidden = pipeline.rows(world.tenant, f"SELECT id::text FROM channels WHERE owner_id = {EVE} AND source = 'dm'")
        anns = world.archive(store, (ANN,))
        for name, given in (
            ("dialogue", {"chat": hidden[0][0]}), ("activity", {"person": "Ева"}), ("albums", {"chat": "Дача Евы"}),
            ("first-source", own["first-source"]), ("dialogues", {"account": EVE}),
            ("first-forwarders", {"source": "Порт Мурманск"}),
        ):  # fmt: skip
            said = []
            for value in (*given.values(), "no such thing"):
                with pytest.raises(TgAssetsError) as raised:
                    ask(anns, name, **dict.fromkeys(given, value))
                said.append(re.sub(r" Feeds with such.*?\.(?= `)", "", str(raised.value)).replace(repr(value), "…"))
            assert said[0] == said[1], name
        assert ask(world.archive(store, (EVE,)), "first-forwarders", source="Порт Мурманск").rows


def test_no_parameter_names_tenant_owners_or_chats(world: World, both: dict[str, GraphStore]) -> None:
    archive = world.archive(both["embedded"])
    for name in ("tenant", "owners", "channels", "owner", "feeds"):
        with pytest.raises(TgAssetsError, match=f"has no parameter '{name}'"):
            ask(archive, "most-forwarded", **{name: [EVE]})
