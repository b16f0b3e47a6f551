"""Units have points that live and go with them, are their tenant's and their owner's alone, and are found by search."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.conversations.support import BEGIN, KINDS, Chat, Said
from tests.support import pipeline
from tests.support.pipeline import new_tenant
from tg_assets import ids
from tg_assets.answers.ranked import Hit, ranked
from tg_assets.assets import conversation_points, qdrant_points
from tg_assets.index import units
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Stage
from tg_assets.scope import Scope
from tg_assets.stores.vectors import Narrow

OWNER = 700


class Indexed(Chat):
    """A chat whose points are made, too."""

    def index(self, day: datetime | None = None) -> dict[str, Report]:
        """Units, then points, of a day or of all."""
        self.run([day] if day else [])
        tools = pipeline.tools()
        since, until = (day, day.replace(day=day.day + 1)) if day else (BEGIN, BEGIN.replace(year=2026))
        scope, found = Scope(self.feed, since, until), {}
        tools.vectors.create_collection(tools.embedder)
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            for of in qdrant_points.stages(tools):
                stage = of if isinstance(of, Stage) else of(scope)
                found[stage.name] = run_stage(stage, session, scope)
        return found

    def points(self) -> dict[str, dict[str, Any]]:
        """Payloads of all units that there ever were, as far as they have points."""
        anchors = [self.post(number) for number in range(1, 60)]
        named = [str(ids.conversation_id(anchor, kind)) for anchor in anchors for kind in KINDS]
        with pipeline.qdrant().tenant(ids.tenant_id(self.tenant)) as index:
            return index.payloads(named)

    def find(self, query: str, *owners: int, **narrow: Any) -> list[Hit]:
        return ranked(pipeline.archive(self.tenant, *owners), query, Narrow(**narrow))


TALK = [
    Said(1, 5, words="Who wanted a pet after all?"),
    Said(2, 6, words="me, and it is done"),
    Said(3, 7, words="really?"),
    Said(4, 8, words="She answers to Biscuit already"),
    Said(10, 300, words="When do we leave for the lake on Saturday?"),
    Said(11, 301, words="at nine, from my house"),
    Said(12, 302, words="fine"),
    Said(20, 1500, answers=1, words="so what does the kitten eat?"),
]


@pytest.fixture
def chat(tenant: str) -> Indexed:
    found = Indexed(tenant)
    found.put(TALK)
    found.index()
    return found


def changed(chat: Indexed, day: datetime | None = None) -> dict[str, int]:
    """Points that a run made or took away, by stage."""
    return {name: report.todo for name, report in chat.index(day).items() if report.todo}


def test_a_unit_has_a_point(chat: Indexed) -> None:
    """Two windows, and a thread over two days; the payload is the contract's."""
    points = chat.points()
    assert sorted((one["first_message_id"], one["last_message_id"]) for one in points.values()) == [
        (1, 4), (1, 20), (10, 12),
    ]  # fmt: skip
    for one in points.values():
        assert (one["kind"], one["post_id"], one["owner_id"], one["source"]) == ("conversation", None, 0, "group")
        assert one["feed"] == chat.feed
        assert one["text_short"].startswith(("Who wanted", "When do we"))
    assert changed(chat) == {}


def test_an_edit_makes_its_units_stale_and_no_others(chat: Indexed) -> None:
    chat.put([Said(3, 7, words="never!")])
    assert changed(chat) == {"qdrant_points": 1, "qdrant_points.conversations": 1}
    assert any("never!" in one["text_short"] for one in chat.points().values())


def test_a_late_message_joins_two_windows(chat: Indexed) -> None:
    """One unit stays, the other's row and point are gone, and nothing tells that it was there."""
    chat.put([Said(30, 600, words="one more thing"), Said(31, 601, words="what")])
    chat.put([Said(33, 650, words="hello"), Said(34, 651, words="again")])
    chat.index()
    assert len(chat.points()) == 5
    chat.put([Said(32, 625, words="still there?")])
    assert changed(chat, BEGIN) == {"qdrant_points": 1, "qdrant_points.conversations": 2}
    assert (30, 34) in {(one["first_message_id"], one["last_message_id"]) for one in chat.points().values()}
    assert len(chat.points()) == 4
    assert pipeline.scalar(chat.tenant, "SELECT count(*) FROM conversations") == 4


def test_a_message_of_another_day_changes_its_thread(chat: Indexed) -> None:
    """By a run over the day of the message alone, also when it goes and the thread with it."""
    chat.put([Said(21, 1501, answers=20, words="mice")])
    second = BEGIN.replace(day=2)
    assert changed(chat, second) == {"qdrant_points": 1, "qdrant_points.conversations": 2}
    assert (1, 21) in {(one["first_message_id"], one["last_message_id"]) for one in chat.points().values()}
    chat.put([Said(20, 1500, deleted=True), Said(21, 1501, deleted=True)])
    assert changed(chat, second)["qdrant_points.conversations"] == 2
    assert sorted((one["first_message_id"], one["last_message_id"]) for one in chat.points().values()) == [
        (1, 4), (10, 12),
    ]  # fmt: skip


def test_words_of_a_deleted_message_leave_the_points(chat: Indexed) -> None:
    chat.put([Said(4, 8, deleted=True)])
    chat.index(BEGIN)
    assert not any("Biscuit" in one["text_short"] for one in chat.points().values())
    chat.put([Said(number, number + 4, deleted=True) for number in (1, 2, 3)])
    chat.index(BEGIN)
    assert {one["first_message_id"] for one in chat.points().values()} == {10}


def test_a_crash_between_the_points_and_the_ledger_changes_nothing(
    chat: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points are written, the transaction is not; the next run does it all again."""

    class Crashed(BaseException):
        pass

    def crash(_connection: Any) -> None:
        raise Crashed

    chat.put([Said(number, number + 4, deleted=True) for number in (1, 2, 3, 4)])
    with monkeypatch.context() as broken:
        broken.setattr(conversation_points.rows, "forget", crash)
        with pytest.raises(Crashed):
            chat.index()
    chat.index()
    assert {one["first_message_id"] for one in chat.points().values()} == {10}
    assert pipeline.scalar(chat.tenant, "SELECT count(*) FROM conversations WHERE deleted_at IS NOT NULL") == 0
    assert changed(chat) == {}


def test_a_line_is_found_in_its_conversation(chat: Indexed) -> None:
    """What answers lacks the word; it is shown as a line with its neighbours, and no line twice."""
    hits = chat.find("pet")
    numbers = [hit.telegram_message_id for hit in hits]
    assert len(numbers) == len(set(numbers))
    assert numbers[0] == 1
    assert 4 in numbers
    best = hits[0]
    assert best.kind == "post"
    assert best.conversation is not None
    units = chat.find("pet", kind="conversation")
    assert {hit.kind for hit in units} == {"conversation"}
    assert units[0].id == units[0].conversation
    assert {hit.kind for hit in chat.find("pet", kind="post")} == {"post"}
    later = chat.find("kitten pet", since=BEGIN.replace(day=2))
    assert {hit.telegram_message_id for hit in later} == {20}


def test_of_a_dialogue_search_knows_who_came_next(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Places count in a private chat, and not in a group, whose neighbours are lifted all the same."""
    seen = list[tuple[Any, Any]]()

    def lifted(*given: Any) -> Any:
        seen.append((given[3], given[5]))
        return units.lifted(*given)

    monkeypatch.setattr("tg_assets.index.context.lifted", lifted)
    private, group = Indexed(new_tenant(), "dm", OWNER), Indexed(new_tenant())
    for one in (private, group):
        one.put(TALK)
        one.index()
        assert {1, 2} <= {hit.telegram_message_id for hit in one.find("pet", OWNER)}
    (none, talk), (near, nothing) = seen
    after = {private.post(number): place for number, place in ((2, 1), (3, 2), (4, 3))}
    assert talk[str(private.post(1))] == {str(line): place for line, place in after.items()}
    assert list(near[str(group.post(1))]) == [str(group.post(number)) for number in (2, 3, 4)]
    assert not none
    assert not nothing


def test_conversations_are_their_tenants_and_owners_alone(servers: dict[str, str]) -> None:
    """The same talk of one account is not there for another, nor for another tenant."""
    mine, theirs = Indexed(new_tenant(), "dm", OWNER), Indexed(new_tenant())
    for one in (mine, theirs):
        one.put(TALK)
        one.index()
    assert {point["owner_id"] for point in mine.points().values()} == {OWNER}
    assert not mine.points().keys() & theirs.points().keys()
    assert mine.find("pet") == []
    assert mine.find("pet", OWNER + 1) == []
    assert {hit.feed for hit in mine.find("pet", OWNER)} == {mine.feed}
    assert {hit.feed for hit in theirs.find("pet", OWNER)} == {theirs.feed}
    with pipeline.qdrant().tenant(ids.tenant_id(theirs.tenant)) as index:
        assert index.payloads(list(mine.points())) == {}


def test_words_of_a_replaced_chat_count_no_more_whichever_stage_removes_it(chat: Indexed) -> None:
    """Also where nothing of posts is stale, and units are what a run begins with."""
    counts = "SELECT (SELECT count(*) FROM counted_points) + (SELECT count(*) FROM word_counts)"
    assert pipeline.scalar(chat.tenant, counts) > 0
    (units,) = (kind for kind in qdrant_points.KINDS if kind.kind == "conversation")
    scope, tools = Scope(chat.feed, BEGIN, BEGIN.replace(year=2026)), pipeline.tools()
    with pipeline.postgres().tenant(ids.tenant_id(chat.tenant)) as session:
        with session.transaction() as connection:
            connection.execute(
                text("""INSERT INTO replaced_ids (tenant_id, store, id, replaced_by)
                        SELECT current_tenant(), 'qdrant', id, gen_random_uuid() FROM channels""")
            )
        run_stage(qdrant_points.stage(units, tools, scope.tenant), session, scope, force=True)
    assert pipeline.scalar(chat.tenant, counts) == 0
