"""What is new to a saved question is found once, whatever comes between, and nothing else is."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.pipeline.test_changes import edited, said
from tests.saved.conftest import ADA, BORIS, PUMP, World
from tests.support import pipeline
from tests.support.data import ROOT
from tg_assets.answers.ranked import ranked
from tg_assets.assets import post_points
from tg_assets.errors import NoSuch, TgAssetsError
from tg_assets.saved import looking, questions
from tg_assets.saved.asked import SavedQuestion, SavedSearch
from tg_assets.saved.graph_rows import key_of
from tg_assets.stores.narrow import Narrow

NEW = said(3, "в подвале опять стучит насос")
OTHER = said(4, "чайки кричат над заливом")


def test_what_comes_after_saving_is_found_once(world: World) -> None:
    """Not what was there, not what is about something else; imported again, indexed again and edited it is no news."""
    saved = world.save()
    assert world.rounds()["matches"] == 0
    world.come(NEW, OTHER)
    assert world.rounds()["matches"] == 1
    assert world.found(saved) == [world.post(3)]
    world.come(NEW, OTHER)
    world.index(force=True)
    world.come(edited(NEW, "в подвале опять стучит новый насос"), OTHER)
    world.come(edited(said(1, "насос в подвале чинил сторож"), "насос в подвале чинил сторож, и хорошо"))
    assert world.rounds()["matches"] == 0
    assert world.found(saved) == [world.post(3)]
    assert world.rounds()["rounds"] == 0, "nothing is due any more"


def test_nothing_is_noted_where_nothing_is_saved(world: World) -> None:
    world.come(NEW)
    assert pipeline.scalar(world.slug, "SELECT count(*) FROM newly_indexed") == 0
    saved = world.save()
    world.come(OTHER)
    assert pipeline.scalar(world.slug, "SELECT count(*) FROM newly_indexed") == 1
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        questions.remove(connection, saved.id)
    assert world.rounds()["rounds"] == 1
    assert pipeline.scalar(world.slug, "SELECT count(*) FROM newly_indexed") == 0


def test_each_question_stands_where_it_was_saved(world: World) -> None:
    """One that is saved later is told less, and each is asked once about all that came."""
    first = world.save()
    world.come(NEW)
    second = world.save()
    world.come(said(5, "насос в подвале починили", day=1), OTHER)
    assert world.rounds()["questions"] == 2
    assert world.found(first) == [world.post(3), world.post(5)]
    assert world.found(second) == [world.post(5)]


def test_a_question_is_asked_once_about_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counting(archive: Any, query: str, narrow: Narrow, limit: int) -> Any:
        asked.append(len(narrow.ids))
        return ranked(archive, query, narrow, limit)

    monkeypatch.setattr(looking, "ranked", counting)
    saved = world.save()
    world.come(*(said(10 + n, f"насос в подвале, запись {n}") for n in range(30)))
    world.rounds()
    assert asked == [30]
    assert len(world.found(saved)) == 30


def test_many_are_asked_about_in_several_rounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which they were indexed, each once; what is indexed together is asked about together."""
    monkeypatch.setattr(looking, "IN_A_ROUND", 2)
    saved = world.save()
    for day in range(3):
        world.come(*(said(10 * day + n, f"насос в подвале, запись {day} {n}", day=day) for n in range(3, 6)))
    rounds = [world.rounds() for _ in range(4)]
    assert [one["matches"] for one in rounds] == [3, 3, 3, 0]
    assert [one["rounds"] for one in rounds] == [1, 1, 1, 0]
    assert world.found(saved) == [world.post(10 * day + n) for day in range(3) for n in range(3, 6)]


@pytest.mark.parametrize(
    ("snapshot", "last", "seen"),
    [
        ("100:100:", 99, "100:100:"), ("100:100:", 50, "51:51:"), ("100:120:100,110", 105, "100:106:100"),
        ("100:120:100,110", 115, "100:116:100,110"), ("100:120:100,110", 60, "61:61:"),
    ],
)  # fmt: skip
def test_part_of_a_snapshot_has_what_was_not_over(snapshot: str, last: int, seen: str) -> None:
    """A transaction that goes on is new once it is over, however low its number."""
    assert looking.up_to(snapshot, last) == seen


def test_copies_that_come_together_are_found_like_those_that_do_not(world: World) -> None:
    """Each message counts: whether one that is told later is shown to the token is not known yet."""
    saved, words = world.save(), "насос в подвале опять стучит, сторож ушёл за новым клапаном"
    world.come(said(3, words), said(4, words, day=1))
    world.rounds()
    world.come(said(5, words, day=2))
    world.rounds()
    assert world.found(saved) == [world.post(3), world.post(4), world.post(5)]


def test_an_edit_that_begins_to_fit_is_found(world: World) -> None:
    """A picture is described, and a word corrected, after the message came."""
    saved = world.save()
    world.come(OTHER)
    assert world.rounds()["matches"] == 0
    world.come(edited(OTHER, "насос в подвале гудит"))
    assert world.rounds()["matches"] == 1
    world.come(edited(said(2, "яблони"), "насос в подвале, яблони в саду"))
    assert world.rounds()["matches"] == 0, "it was there before the question"
    assert world.found(saved) == [world.post(4)]
    assert world.rounds()["rounds"] == 0, "nothing is due any more"


def test_what_is_narrowed_stays_so(world: World) -> None:
    until = SavedSearch(q=PUMP.q, until=datetime(2023, 5, 2, tzinfo=UTC))
    saved = [world.save(asked) for asked in (SavedSearch(q=PUMP.q, kind="album"), until)]
    world.come(NEW, said(6, "насос в подвале", day=3))
    world.rounds()
    assert [world.found(one) for one in saved] == [[], [world.post(3)]]


def test_a_feed_that_is_not_shown_cannot_be_watched(world: World) -> None:
    """It would be told of nothing, for ever."""
    with pytest.raises(NoSuch, match="that may be seen here"):
        world.save(SavedSearch(q=PUMP.q, feeds=["nobody.nothing"]))
    assert pipeline.scalar(world.slug, "SELECT count(*) FROM saved_questions") == 0


def test_a_private_message_is_its_owners(world: World) -> None:
    """What the token opens when it is told counts, not what it opened when the question was saved."""
    world.token("owner", ADA)
    world.token("feeds", ADA, feeds=[f"{world.slug}.sad"])
    mine, others, some = world.save(PUMP, "owner"), world.save(), world.save(PUMP, "feeds")
    direct = [said(7, "насос в подвале течёт", **{"from": "Борис", "from_id": f"user{BORIS}"})]
    world.come(direct=direct)
    world.rounds()
    assert len(world.found(mine)) == 1
    assert world.found(others) == world.found(some) == []


def test_a_token_that_is_revoked_or_ended_finds_nothing_more(world: World) -> None:
    world.token("short", until=datetime.now(UTC) + timedelta(hours=1))
    revoked, ended = world.save(), world.save(token="short")
    world.come(NEW)
    world.revoke()
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE access_tokens SET expires_at = now() - interval '1 s'"))
    assert world.rounds()["matches"] == 0
    assert world.found(revoked) == world.found(ended) == []
    assert pipeline.scalar(world.slug, "SELECT count(*) FROM saved_questions") == 0
    with pytest.raises(TgAssetsError, match="token"):
        world.save()


DYING = """
import os, signal, sys
from tests.support import pipeline
from tg_assets import ids
from tests.saved.conftest import vaults
from tg_assets.saved import looking
from tg_assets.saved.rounds import rounds

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

original = looking._keep
def dying(*given):
    original(*given)
    die()

looking._keep = die if sys.argv[2] == "before" else dying
rounds(pipeline.postgres(), pipeline.archive(sys.argv[1]), [ids.tenant_id(sys.argv[1])], [], vaults, 0, 600)
"""


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_round_that_is_killed_is_made_again(world: World, place: str) -> None:
    """Before its matches are kept, and after: they are there once."""
    saved = world.save()
    world.come(NEW)
    done = subprocess.run([sys.executable, "-c", DYING, world.slug, place], cwd=ROOT, check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    world.rounds()
    assert world.found(saved) == [world.post(3)]


def test_what_is_indexed_while_somebody_saves_is_not_lost(world: World) -> None:
    """A chunk that has not ended yet when a question is saved is waited for, and one that goes on later sees it."""
    world.land(NEW)
    world.save()  # so that arrivals are noted
    noted, go_on = threading.Event(), threading.Event()
    count = post_points.word_counts.move

    def slow(*given: Any) -> None:
        noted.set()
        go_on.wait(60)
        count(*given)

    kept: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(post_points.word_counts, "move", slow)
        indexing = threading.Thread(target=world.index)
        indexing.start()
        assert noted.wait(300)
        saving = threading.Thread(target=lambda: kept.append(world.save()))
        saving.start()
        saving.join(1)
        assert saving.is_alive(), "it waits for the chunk"
        go_on.set()
        indexing.join()
        saving.join()
    world.come(said(8, "насос в подвале молчит"))
    world.rounds()
    assert world.found(kept[0]) == [world.post(8)]


def test_rows_of_the_graph_that_were_not_there_are_found(world: World) -> None:
    """By whom or what they are about: a number that grows is no news."""
    world.come(said(20, "новости", forwarded_from="Порт", forwarded_from_id="channel77"))
    saved = world.save(SavedQuestion(question="most-forwarded"))
    world.come(said(21, "ещё новости", forwarded_from="Порт", forwarded_from_id="channel77"))
    world.due_now()
    assert world.rounds()["matches"] == 0
    world.come(said(22, "погода", forwarded_from="Маяк", forwarded_from_id="channel78"))
    assert world.rounds()["questions"] == 0, "it is not time yet"
    world.due_now()
    assert world.rounds()["matches"] == 1
    assert len(world.found(saved)) == 1


def test_a_row_that_is_still_there_is_no_news_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many others came and went since: those that were not seen for the longest time are forgotten first."""
    monkeypatch.setattr(looking, "MOST", 2)

    def forwarded(first: int, count: int, name: str, channel: int) -> None:
        source = {"forwarded_from": name, "forwarded_from_id": f"channel{channel}"}
        world.come(*(said(first + n, f"новости {first + n}", **source) for n in range(count)))
        world.due_now()
        world.rounds()

    forwarded(20, 5, "Порт", 77)
    saved = world.save(SavedQuestion(question="most-forwarded", parameters={"limit": 2}))
    forwarded(30, 1, "Маяк", 78)
    forwarded(40, 2, "Буй", 79)
    forwarded(50, 3, "Мыс", 80)
    forwarded(60, 1, "Порт", 77)
    told = pipeline.rows(world.slug, "SELECT count(*) FROM saved_matches WHERE found_at IS NULL")
    assert told == [(1,)], "the one that was there from the beginning"
    assert len(world.found(saved)) == 1


@pytest.mark.parametrize("shift", ["- interval '1 hour'", "+ interval '1 year'"])
def test_what_arrives_while_a_question_cannot_be_asked_waits(
    world: World, shift: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it stumbles over; it is asked again after a while, also when the clock was set back in between, and
    meanwhile others are."""
    saved, other = world.save(), world.save(SavedSearch(q="чайки над заливом"))

    def stumbling(archive: Any, query: str, *given: Any) -> Any:
        if query == PUMP.q:
            raise ZeroDivisionError
        return ranked(archive, query, *given)

    monkeypatch.setattr(looking, "ranked", stumbling)
    world.come(NEW, OTHER)
    assert world.rounds()["failed"] == 1
    assert (world.found(saved), world.found(other)) == ([], [world.post(4)])
    assert world.rounds()["rounds"] == 0, "it rests"
    monkeypatch.undo()
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text(f"UPDATE saved_questions SET failed_at = failed_at {shift}"))
    assert world.rounds()["matches"] == 1
    assert world.found(saved) == [world.post(3)]


def test_a_question_that_cannot_be_asked_any_more_stops_no_other(world: World) -> None:
    world.come(said(20, "новости", forwarded_from="Порт", forwarded_from_id="channel77"))
    world.save(SavedQuestion(question="most-forwarded"))
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("""UPDATE saved_questions SET asked = '{"question": "why", "parameters": {}}'"""))
    saved = world.save()
    world.come(NEW)
    world.due_now()
    done = world.rounds()
    assert (done["failed"], world.found(saved)) == (1, [world.post(3)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"post_id": "a", "text": "x", "n": 1}, {"post_id": "a", "text": "y", "n": 2}, True),
        ({"post_id": "a"}, {"post_id": "b"}, False),
        ({"who": "Вера", "replies": 1}, {"who": "Глеб", "replies": 1}, False),
        ({"n": 1}, {"n": 2}, False),
        ({"is_it": True}, {"is_it": False}, False),
    ],
)
def test_a_row_is_known_by_what_it_is_about(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert (key_of("q", one) == key_of("q", other)) is same
    assert key_of("q", one) != key_of("another", one)


@pytest.mark.parametrize(
    "asked",
    [
        SavedSearch(q="?!"),
        SavedSearch(q="насос", author=" "),
        SavedQuestion(question="why"),
        SavedQuestion(question="activity"),
        SavedQuestion(question="most-forwarded", parameters={"limit": 1000}),
    ],
)
def test_what_cannot_be_asked_is_not_saved(world: World, asked: Any) -> None:
    with pytest.raises(TgAssetsError):
        world.save(asked)


def test_a_token_has_so_many_questions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST", 2)
    world.save()
    world.save()
    with pytest.raises(TgAssetsError, match="at most 2"):
        world.save()


def test_matches_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept, and all that an edit could tell again."""
    monkeypatch.setattr(looking, "MOST", 2)
    saved = world.save()
    world.come(*(said(30 + n, f"насос в подвале, запись {n}") for n in range(4)))
    world.rounds()
    assert len(world.found(saved)) == 4
    with pipeline.postgres().tenant(world.id) as session, session.transaction() as connection:
        connection.execute(text("UPDATE newly_indexed SET indexed_at = now() - interval '8 days'"))
    world.come(OTHER)
    world.rounds()
    assert len(world.found(saved)) == 2
