"""What each function of the library answers, on a small archive."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InternalError

from tests.answers.conftest import ADA, BORIS, EVA, GARDEN, HARBOUR, KITCHEN, Tenant
from tg_assets import assets
from tg_assets.answers import message as messages
from tg_assets.answers import neighbours, threads
from tg_assets.answers.albums import album
from tg_assets.answers.archive import Archive
from tg_assets.answers.coverage import coverage
from tg_assets.answers.cursors import CursorRefused, written
from tg_assets.answers.feeds import feeds
from tg_assets.answers.lineage import STAGES
from tg_assets.answers.message import message
from tg_assets.answers.neighbours import around
from tg_assets.answers.references import Numbered, parse
from tg_assets.answers.rows import NotThere
from tg_assets.answers.search import search
from tg_assets.answers.similar import similar
from tg_assets.answers.statistics import feed_statistics
from tg_assets.answers.suggest import suggest
from tg_assets.answers.threads import thread
from tg_assets.answers.timeline import timeline
from tg_assets.errors import NoSuch, TgAssetsError
from tg_assets.stores.database import engine


@pytest.fixture
def archive(mine: Tenant) -> Archive:
    return mine.archive(ADA)


def test_nothing_is_changed_by_reading(archive: Archive) -> None:
    with archive.reading() as connection, pytest.raises(InternalError, match="read-only transaction"):
        connection.execute(text("DELETE FROM channels"))


def test_a_result_carries_where_it_stands_and_who_made_it(archive: Archive, mine: Tenant) -> None:
    """Link, feed, time, author, neighbours, versions, and a row of the ledger for each stage that worked on it."""
    found = search(archive, "генератор на маяке", limit=1)
    (best,) = found.results
    assert found.fits
    assert (best.id, best.kind, best.fit) == (mine.post(GARDEN, 5), "post", "strong")
    assert (best.link, best.feed, best.chat, best.author) == ("https://t.me/c/42/5", mine.feed("sad"), "Сад", "Ада")
    assert best.posted_at == datetime(2023, 5, 1, 12, tzinfo=UTC)
    assert best.versions == 2
    assert [one.message_id for one in (*best.before, *best.after)] == [2, 3, 7, 10]
    made = {one.stage: one for one in best.lineage}
    assert list(made) == ["posts", "tags", "qdrant_points", "neo4j_nodes"]
    assert {one.status for one in best.lineage} == {"ok"}
    assert made["qdrant_points"].version.endswith("/use-multilingual-v3")
    assert made["tags"].provider == "local"


def test_an_album_has_neighbours_outside_of_it(archive: Archive, mine: Tenant) -> None:
    found = search(archive, "три цвета над заливом", kind="album", near=3)
    (best,) = found.results
    assert best.album == best.id == album(archive, mine.post(GARDEN, 3)).id
    assert ([one.message_id for one in best.before], [one.message_id for one in best.after]) == ([], [5, 7, 10])
    assert {"media_groups", "album_summaries", "qdrant_points.albums"} <= {one.stage for one in best.lineage}


def test_an_album_is_found_once(archive: Archive, mine: Tenant) -> None:
    """Where it or the best of its messages would be; either kind alone is found as it is."""
    words, garden = "три цвета над заливом", album(archive, mine.post(GARDEN, 3)).id
    of_albums, of_posts = (
        [one for one in search(archive, words, kind=kind, limit=50).results if one.album == garden]
        for kind in ("album", "post")
    )
    assert len(of_albums) == 1
    assert of_posts
    (found,) = (one for one in search(archive, words, limit=50).results if one.album == garden)
    assert found.id == garden
    assert found.score == max(one.score for one in (*of_albums, *of_posts))
    typed = {hit.id for hit in suggest(archive, "три цвета над зал", limit=50).hits}
    assert garden in typed
    assert typed.isdisjoint(one.id for one in of_posts)


def test_results_are_narrowed_by_author_and_language(archive: Archive) -> None:
    """A whole name whatever its case, or a number; a language by its code."""
    for author in ("глеб", "ГЛЕБ", "602"):
        assert {one.author for one in search(archive, "ужин", author=author, limit=50).results} == {"Глеб"}
    assert search(archive, "ужин", author="Гле").results == ()
    assert [one.telegram_message_id for one in search(archive, "лёд в заливе", lang="en").results] == [10]
    for wrong in (
        {"kind": "poem"},
        {"author": " "},
        {"since": datetime(2023, 1, 1, tzinfo=UTC).replace(tzinfo=None)},
        {"limit": 0},
        {"near": 99},
        {"half_life": timedelta()},
    ):
        with pytest.raises(TgAssetsError):
            search(archive, "ужин", **wrong)  # type: ignore[arg-type]


def test_new_ones_come_first_if_they_are_asked_for(archive: Archive) -> None:
    """The same results in another order; a cursor of the one is none of the other."""
    plain = search(archive, "паром", limit=50)
    new = search(archive, "паром", limit=50, half_life=timedelta(hours=1))
    assert {one.id for one in plain.results} == {one.id for one in new.results}
    scores = {one.id: one.score for one in plain.results}
    assert all(one.score == pytest.approx(scores[one.id] / 2, abs=0.001) for one in new.results)
    first = search(archive, "паром", limit=1)
    with pytest.raises(CursorRefused):
        search(archive, "паром", limit=1, half_life=timedelta(days=1), cursor=first.cursor)


def test_pages_of_a_search_are_the_whole_of_it(archive: Archive) -> None:
    whole = search(archive, "паром", limit=100)
    assert whole.cursor is None
    pages, cursor = [], None
    while True:
        page = search(archive, "паром", limit=4, near=0, cursor=cursor)
        assert page.fits == whole.fits
        pages += [one.id for one in page.results]
        if (cursor := page.cursor) is None:
            break
    assert pages == [one.id for one in whole.results]


def test_the_number_of_statements_does_not_grow(archive: Archive) -> None:
    """A search takes the same ones for one result and for all."""
    said: list[str] = []
    database = engine(archive.postgres.url)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(database, "before_cursor_execute", note)
    try:
        counts = []
        for limit in (1, 1000):
            said.clear()
            assert len(search(archive, "паром", limit=limit).results) >= limit // 100
            counts.append(len(said))
    finally:
        event.remove(database, "before_cursor_execute", note)
    assert counts[0] == counts[1] <= 12


def test_a_message_is_shown_whole(archive: Archive, mine: Tenant) -> None:
    """As it is, as it was, as it was received."""
    whole = message(archive, mine.post(GARDEN, 5))
    assert [one.text.split()[-2] for one in whole.versions] == ["восемь", "семь"]
    assert whole.versions[0].superseded_at is None is not whole.versions[1].superseded_at
    assert {one.format for one in whole.versions} == {"desktop"}
    assert whole.versions[1].raw["id"] == 5
    assert whole.message.text == whole.versions[0].text
    assert {one.kind for one in whole.enrichments} == {"tags"}
    pictured = message(archive, mine.post(GARDEN, 1))
    assert [one.kind for one in pictured.media] == ["photo"]
    assert pictured.album is not None
    assert [item.position for item in pictured.album.items] == [0, 1, 2]
    assert {one.kind for one in pictured.enrichments} == {"tags", "vision"}


def test_replies_and_forwards_lead_both_ways(archive: Archive, mine: Tenant) -> None:
    reply = message(archive, mine.post(KITCHEN, 2))
    assert reply.reply_to is not None
    assert (reply.reply_to.message_id, [one.message_id for one in reply.replies]) == (1, [3])
    forward = message(archive, mine.post(GARDEN, 7))
    assert forward.forwarded_post is not None
    assert forward.forwarded_post.id == mine.post(HARBOUR, 12)
    assert [one.id for one in message(archive, mine.post(HARBOUR, 12)).forwards] == [mine.post(GARDEN, 7)]


@pytest.mark.parametrize(
    "named",
    ["https://t.me/c/43/2", "http://t.me/c/43/2?single", "https://t.me/c/43/1/2", "tg://privatepost?channel=43&post=2",
     "https://t.me/c/43/2?thread=1", "https://t.me/c/43/2/", "https://t.me/c/43/1/2?single&thread=1", "43/2",
     "-1000000000043/2"],
)  # fmt: skip
def test_a_message_is_found_by_its_link_and_number(archive: Archive, mine: Tenant, named: str) -> None:
    assert message(archive, named).message.id == mine.post(KITCHEN, 2)


def test_a_number_of_several_accounts_is_none(mine: Tenant) -> None:
    """Two accounts have a dialogue with the same person."""
    assert message(mine.archive(ADA), f"-{BORIS}/2").message.id == mine.secret_post(ADA)
    for chat in (-BORIS, BORIS):
        with pytest.raises(TgAssetsError, match="Several accounts"):
            message(mine.archive(ADA, EVA), f"{chat}/2")


@pytest.mark.parametrize(
    "wrong",
    ["", "12", "@name", "@name/0", "name/12", "https://t.me/name", "https://evil.example/name/12", "t.me/c/43/2",
     "https://t.me.evil.example/c/43/2", "https://t.me/c/43/99999999999999999999", "-1000000000043/2 OR 1=1",
     "8f2a1c3e0b1d5e6f8a9b0c1d2e3f4a5b", "x" * 5000, "https://[", "@na\x00me/1", "tg://resolve?domain=a&post=-1"],
)  # fmt: skip
def test_what_names_no_message_is_a_sentence(wrong: str) -> None:
    with pytest.raises(TgAssetsError, match="names no message"):
        parse(wrong)


def test_a_public_name_has_no_case() -> None:
    assert parse("https://t.me/Some_Name/12") == parse("@some_name/12") == Numbered("some_name", 12)


def test_what_is_around_a_message_is_of_its_chat(archive: Archive, mine: Tenant) -> None:
    found = around(archive, mine.post(KITCHEN, 3), 1, 2)
    assert [one.message_id for one in (*found.before, found.message, *found.after)] == [2, 3, 4, 5]
    assert {one.chat for one in (*found.before, *found.after)} == {"Кухня"}
    first = around(archive, mine.post(KITCHEN, 1))
    assert (first.before, len(first.after)) == ((), 5)
    assert around(archive, mine.post(KITCHEN, 1), 0, 0).after == ()


def test_a_thread_is_all_replies_from_its_beginning(archive: Archive, mine: Tenant) -> None:
    """The same from any of its messages, in pages too; a message alone is its own thread."""
    for number in (1, 3, 4):
        found = thread(archive, mine.post(KITCHEN, number))
        assert (found.root, found.total, found.cursor) == (mine.post(KITCHEN, 1), 4, None)
        assert [one.message_id for one in found.messages] == [1, 2, 3, 4]
    page = thread(archive, mine.post(KITCHEN, 1), limit=3)
    rest = thread(archive, mine.post(KITCHEN, 2), limit=3, cursor=page.cursor)
    assert [one.message_id for one in (*page.messages, *rest.messages)] == [1, 2, 3, 4]
    alone = thread(archive, mine.post(KITCHEN, 6))
    assert [one.message_id for one in alone.messages] == [6]


AT = "2023-05-01T12:00:00+00:00"
SOME_ID = "8f2a1c3e-0b1d-5e6f-8a9b-0c1d2e3f4a5b"
NO_TIMES: list[Any] = [
    [], [AT, 1], [AT, 1, SOME_ID, 1], ["then", 1, SOME_ID], [AT[:-6], 1, SOME_ID], [1, 1, SOME_ID],
    [AT, "1", SOME_ID], [AT, 1.5, SOME_ID], [AT, True, SOME_ID], [AT, 1 << 63, SOME_ID], [AT, 1, "x"], [AT, 1, None],
    [AT, 1, SOME_ID.upper()],
]  # fmt: skip
NO_COUNTS: list[Any] = [[], [1], ["1", SOME_ID], [-1, SOME_ID], [1 << 62, SOME_ID], [1, 1], [[1], SOME_ID]]


@pytest.mark.parametrize("place", [*NO_TIMES, *NO_COUNTS])
def test_what_can_be_no_place_is_refused(archive: Archive, mine: Tenant, place: Any) -> None:
    """A cursor that somebody sealed by themselves, with a place of another shape: it is no fault of ours."""

    def forged(*question: Any) -> str:
        return written(archive, question, place)

    root = mine.post(KITCHEN, 1)
    with pytest.raises(CursorRefused):
        search(archive, "паром", cursor=forged("search", "паром", None, [], None, None, None, None, [], "None"))
    with pytest.raises(CursorRefused):
        timeline(archive, cursor=forged("timeline", [], None, None))
    with pytest.raises(CursorRefused):
        thread(archive, root, cursor=forged("thread", root))


def test_a_message_that_goes_while_it_is_looked_for_is_not_there(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id was found, and then its whole chat was removed: as one that never was."""
    gone = uuid4()
    for module, ask in ((neighbours, around), (messages, message), (threads, thread)):
        monkeypatch.setattr(module, "locate", lambda *_: gone)
        with pytest.raises(NotThere):
            ask(archive, gone)


def test_what_is_alike_is_found_by_meaning_and_by_picture(archive: Archive, mine: Tenant) -> None:
    near = similar(archive, mine.post(GARDEN, 7), 3)
    assert near[0].message is not None
    assert (near[0].how, near[0].message.id) == ("meaning", mine.post(HARBOUR, 12))
    assert near[0].score == pytest.approx(1, abs=1e-3)
    assert all(one.score >= other.score for one, other in pairwise(near))
    assert mine.post(GARDEN, 7) not in {one.message.id for one in near if one.message}


def test_an_album_that_is_alike_stands_once(archive: Archive, mine: Tenant) -> None:
    """In the place of the best of its messages, and not at all where it is that of the message."""
    garden = album(archive, mine.post(GARDEN, 3))

    def of_album(given: UUID) -> list[Any]:
        near = similar(archive, given, 50)
        return [one for one in near if garden.id in (one.album and one.album.id, one.message and one.message.album)]

    (found,) = of_album(mine.post(GARDEN, 7))
    assert found.album is not None
    assert of_album(mine.post(GARDEN, 3)) == []


def test_time_is_read_backwards_page_by_page(archive: Archive, mine: Tenant) -> None:
    """Every message once, whatever the size of a page; of a stretch and of some feeds only."""
    whole = timeline(archive, limit=500).messages
    assert len(whole) == 7 + 2 + 6 + 2
    assert all(one.posted_at >= other.posted_at for one, other in pairwise(whole))
    pages, cursor = list[object](), None
    while True:
        page = timeline(archive, limit=4, cursor=cursor)
        pages += page.messages
        if (cursor := page.cursor) is None:
            break
    assert pages == list(whole)
    later = timeline(archive, since=datetime(2023, 5, 2, tzinfo=UTC), until=datetime(2023, 5, 3, tzinfo=UTC))
    assert [one.message_id for one in later.messages] == [11, 10]
    assert {one.chat for one in timeline(archive, feeds=[mine.feed("port")]).messages} == {"Порт"}


def test_feeds_coverage_and_statistics_are_of_what_is_seen(mine: Tenant) -> None:
    """A private feed is there for its owner only; a roll-up is shown where all of its chats are."""
    public = {mine.feed(slug) for slug in ("sad", "port", "kukhnya")}
    own = mine.archive(ADA)
    assert {one.feed for one in feeds(mine.archive())} == public
    assert {one.feed for one in feeds(own)} == public | {mine.private_feeds[ADA]}
    assert {one.feed: one.messages for one in feeds(own)}[mine.feed("sad")] == 7
    assert {one.feed for one in coverage(own)} == public | {mine.private_feeds[ADA]}
    (kitchen,) = coverage(own, mine.feed("kukhnya"))
    assert (kitchen.newest_id, kitchen.counts["stored"], kitchen.counts["unknown"]) == (6, 6, 0)
    days = feed_statistics(own, mine.feed("sad"))
    assert [(one.day.isoformat(), one.messages) for one in days] == [("2023-05-01", 5), ("2023-05-02", 2)]
    assert feed_statistics(own, mine.feed("sad"), until=days[1].day) == days[:1]
    assert feed_statistics(own, mine.feed("sad"), since=days[1].day + timedelta(days=1)) == ()
    for hidden in (feed_statistics, coverage):
        with pytest.raises(NoSuch):
            hidden(mine.archive(EVA), mine.private_feeds[ADA])


def test_lineage_knows_every_stage_of_a_message_or_album() -> None:
    """Whoever adds a stage names it there; days of statistics are no messages, and of units their points are told."""
    ledger = {stage for asset in assets.ASSETS for stage in asset.ledger}
    assert set(STAGES) == ledger - {"feed_statistics", "conversations", "conversations.threads"}
