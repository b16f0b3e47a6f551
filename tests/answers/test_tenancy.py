"""No function of the library shows anything but what its archive may see, whatever it is asked.

Every public function of ``tg_assets.answers`` whose first argument is an archive has a case here, or the walk fails.
A case calls it with ids, links, feeds and cursors of whoever is spied on; the answer must be the one that the same
question gets about what does not exist, and hold no word and no id of the others.
"""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

import tg_assets.answers
from tests.answers.conftest import ADA, BORIS, EVA, GARDEN, KITCHEN, Tenant
from tests.support import pipeline
from tg_assets.answers import digest_text
from tg_assets.answers.albums import album
from tg_assets.answers.answering import answer
from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import ask
from tg_assets.answers.context import context
from tg_assets.answers.coverage import coverage
from tg_assets.answers.cursors import CursorRefused
from tg_assets.answers.digest import digest
from tg_assets.answers.feeds import check_feeds, feeds
from tg_assets.answers.judged import judged_questions, places
from tg_assets.answers.judgements import judge
from tg_assets.answers.markdown import as_text
from tg_assets.answers.media import media
from tg_assets.answers.message import message
from tg_assets.answers.neighbours import around
from tg_assets.answers.picture_search import pictures_by_words, similar_pictures
from tg_assets.answers.pictures import picture
from tg_assets.answers.plain import as_json
from tg_assets.answers.ranked import ranked
from tg_assets.answers.rows import NotThere
from tg_assets.answers.search import search
from tg_assets.answers.similar import similar
from tg_assets.answers.statistics import feed_statistics
from tg_assets.answers.suggest import suggest
from tg_assets.answers.threads import thread
from tg_assets.answers.timeline import timeline
from tg_assets.answers.voices import voice
from tg_assets.answers.waiting import waiting
from tg_assets.errors import NoSuch
from tg_assets.remote.chat import Picture, Reply, Schema
from tg_assets.stores.vectors import Narrow

# Not for doors: what those that are for them are made of.
HELPERS = {"cursors.written", "cursors.place_of", "ranked.weighing"}


class Parrot:
    """A model that says all it is given, with every number up to a hundred."""

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        told = json.loads(text[text.index('{"messages"') :])["messages"]
        said = [{"text": one["text"], "sources": list(range(100))} for one in told]
        return Reply(json.dumps({"sentences": said}), 1, "parrot")

    def close(self) -> None:
        pass


class Spied:
    """What is known of somebody whose archive is not to be seen: ids, links, feeds, pictures."""

    def __init__(self, tenant: Tenant, owner: int, exists: bool = True) -> None:
        self.tenant, self.owner, self.exists = tenant, owner, exists

    @property
    def post(self) -> UUID:
        return self.tenant.secret_post(self.owner) if self.exists else uuid4()

    @property
    def number(self) -> str:
        return f"-{BORIS if self.exists else 499}/2"

    @property
    def feed(self) -> str:
        return self.tenant.private_feeds[self.owner] if self.exists else "nobody.nothing"


YEAR = (datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
Case = Callable[[Archive, Spied], Any]
QUESTION = "какой пароль от сейфа?"
CASES: dict[str, Case] = {
    "search.search": lambda archive, spied: [
        search(archive, QUESTION, limit=50, near=20),
        _refused(search, archive, QUESTION, feeds=[spied.feed], limit=50),
        search(archive, QUESTION, author=str(spied.owner), kind="post"),
    ],
    "ranked.ranked": lambda archive, spied: [
        ranked(archive, QUESTION, Narrow(owners=(ADA, EVA), feeds=(spied.feed,)), 50),
        ranked(archive, QUESTION, Narrow(owners=(ADA, EVA)), 50),
    ],
    "context.context": lambda archive, spied: [
        _written(context(archive, QUESTION, tokens=20_000)),
        _refused(lambda: _written(context(archive, QUESTION, feeds=[spied.feed]))),
    ],
    "answering.answer": lambda archive, spied: [
        answer(archive, QUESTION, Parrot(), tokens=20_000),
        _refused(answer, archive, QUESTION, Parrot(), feeds=[spied.feed]),
    ],
    "message.message": lambda archive, spied: _each(message, archive, spied),
    "neighbours.around": lambda archive, spied: _each(around, archive, spied),
    "threads.thread": lambda archive, spied: _each(thread, archive, spied),
    "albums.album": lambda archive, spied: _each(album, archive, spied),
    "similar.similar": lambda archive, spied: _each(similar, archive, spied),
    "media.media": lambda archive, spied: media(archive, [spied.post]),
    "waiting.waiting": lambda archive, spied: waiting(archive),
    "pictures.picture": lambda archive, spied: _refused(picture, archive, "0" * 64),
    "asking.ask": lambda archive, spied: [
        ask(archive, name) for name in ("most-forwarded", "topics", "entities", "shared-pictures", "dialogues")
    ],
    "suggest.suggest": lambda archive, spied: [
        suggest(archive, "пароль от сей", limit=50),
        suggest(archive, "пар", Narrow(owners=(ADA, EVA), feeds=(spied.feed,)), 50),
    ],
    "picture_search.pictures_by_words": lambda archive, spied: pictures_by_words(archive, QUESTION, 50),
    "picture_search.similar_pictures": lambda archive, spied: [
        _refused(similar_pictures, archive, spied.post),
        _refused(similar_pictures, archive, "0" * 64),
    ],
    "digest.digest": lambda archive, spied: [
        _digested(digest(archive, *YEAR, limit=50)),
        _refused(lambda: _digested(digest(archive, *YEAR, feeds=[spied.feed]))),
    ],
    "voices.voice": lambda archive, spied: _refused(voice, archive, "0" * 64),
    "judgements.judge": lambda archive, spied: _refused(judge, archive, "spy", QUESTION, spied.post, True),
    "judged.judged_questions": lambda archive, spied: _judged(archive, spied),
    "judged.places": lambda archive, spied: list(places(archive, _judged(archive, spied))),
    "feeds.feeds": lambda archive, spied: feeds(archive),
    "feeds.check_feeds": lambda archive, spied: _refused(check_feeds, archive, [spied.feed]),
    "coverage.coverage": lambda archive, spied: [coverage(archive), _refused(coverage, archive, spied.feed)],
    "statistics.feed_statistics": lambda archive, spied: _refused(feed_statistics, archive, spied.feed),
    "timeline.timeline": lambda archive, spied: [
        timeline(archive, limit=500),
        _refused(timeline, archive, feeds=[spied.feed], limit=500),
    ],
}


def _judged(archive: Archive, spied: Spied) -> Any:
    """What was judged, after somebody called their own message what they looked for by its own word."""
    owner = spied.tenant.archive(spied.owner)
    _refused(judge, owner, "spied", spied.tenant.secrets[spied.owner], spied.post, True)
    return judged_questions(archive)


def _written(bundle: Any) -> Any:
    return [bundle, as_text(bundle)]


def _digested(found: Any) -> Any:
    return [found, digest_text.as_text(found)]


def _refused(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What it answers; where it refuses, in words that are the same whichever feed was named."""
    try:
        return function(*given, **named)
    except NotThere as not_there:
        return str(not_there)
    except NoSuch as no_such:
        return re.sub("'[^']*'", "FEED", str(no_such))


def _each(function: Callable[..., Any], archive: Archive, spied: Spied) -> list[Any]:
    return [_refused(function, archive, named) for named in (spied.post, str(spied.post), spied.number)]


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions of the library that take an archive, by module and name."""
    for one in pkgutil.iter_modules(tg_assets.answers.__path__):
        module = importlib.import_module(f"tg_assets.answers.{one.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters.values()), None)
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            if is_own and first is not None and first.annotation in (Archive, "Archive"):
                yield f"{one.name}.{name}", function


def test_every_function_has_a_case() -> None:
    """Whoever adds a function says here how it is spied on."""
    assert {name for name, _ in public()} - HELPERS == set(CASES)


def said(answer: Any) -> str:
    return json.dumps(as_json(answer), ensure_ascii=False)


def lurkers(tenants: tuple[Tenant, Tenant]) -> Iterator[tuple[Archive, Spied]]:
    """Everybody who looks, and everybody whose private chat they may not see."""
    tenant, _ = tenants
    for owners in ((), (ADA,), (BORIS, 999)):
        for chosen in (None, ["kukhnya", "port"], []):
            limited = None if chosen is None else [tenant.feed(slug) for slug in chosen]
            archive = tenant.archive(*owners, feeds=limited)
            for other in tenants:
                for owner in (ADA, EVA):
                    if other is not tenant or owner not in owners or limited is not None:
                        yield archive, Spied(other, owner)


@pytest.mark.parametrize("name", list(CASES))
def test_nothing_of_others_is_shown(name: str, tenants: tuple[Tenant, Tenant]) -> None:
    """Two tenants, two owners, and lists of feeds that leave theirs out; by every forged name there is."""
    asked = 0
    for archive, spied in lurkers(tenants):
        answered = CASES[name](archive, spied)
        told = said(answered)
        for absent in (spied.tenant.secrets[spied.owner], str(spied.post), spied.feed):
            assert absent not in told, (name, archive.owners, archive.feeds)
        asked += 1
    assert asked == 35


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_foreign_is_as_what_does_not_exist(name: str, tenants: tuple[Tenant, Tenant]) -> None:
    """The very same answer: whether somebody has it cannot be told."""
    mine, other = tenants
    for archive, spied in (
        (mine.archive(999), Spied(other, ADA)),
        (mine.archive(), Spied(mine, ADA)),
        (mine.archive(EVA, feeds=[mine.feed("sad")]), Spied(mine, EVA)),
    ):
        nothing = Spied(spied.tenant, spied.owner, exists=False)
        assert said(CASES[name](archive, spied)) == said(CASES[name](archive, nothing))


@pytest.mark.parametrize("name", list(CASES))
def test_an_owner_does_see_what_is_its(name: str, mine: Tenant) -> None:
    """The walk would pass if nothing were shown to anybody."""
    told = said(CASES[name](mine.archive(ADA), Spied(mine, ADA)))
    seen = (mine.secrets[ADA], mine.private_feeds[ADA], str(mine.secret_post(ADA)))
    if name in ("pictures.picture", "media.media", "voices.voice", "albums.album", "asking.ask") or name.startswith(
        "picture_search."
    ):
        return  # these have cases of their own: below, in test_picture_search, test_voices, and in tests/graph
    if name in ("judgements.judge", "feeds.check_feeds"):
        assert told == "null"
        return
    if name in ("statistics.feed_statistics",):
        assert '"messages": 2' in told
        return
    assert any(one in told for one in seen), told[:500]


def test_files_are_of_messages_that_may_be_seen(tenants: tuple[Tenant, Tenant]) -> None:
    mine, other = tenants
    pictures = [mine.post(GARDEN, number) for number in (1, 2, 3)]
    asked = [*pictures, mine.post(GARDEN, 5), other.post(GARDEN, 1)]
    assert set(media(mine.archive(), asked)) == set(pictures)
    assert set(media(mine.archive(feeds=[mine.feed("port")]), asked)) == set()


def test_albums_and_pictures_are_shown_by_feed(tenants: tuple[Tenant, Tenant]) -> None:
    """Whoever may see the message; by its id, its album's id and its file's hash."""
    mine, other = tenants
    whole = album(mine.archive(), mine.post(GARDEN, 2))
    sha256 = whole.items[1].sha256 or ""
    assert picture(mine.archive(), sha256, 32).data.startswith(b"\xff\xd8\xff")
    for archive in (mine.archive(ADA, feeds=[mine.feed("port")]), mine.archive(feeds=[])):
        for function, given in ((album, whole.id), (album, mine.post(GARDEN, 2)), (picture, sha256)):
            with pytest.raises(NotThere):
                function(archive, given)
    # The other tenant has the same file, and shows its own.
    assert picture(other.archive(), sha256, 32).data
    with pytest.raises(NotThere):
        album(other.archive(), whole.id)


def test_neighbours_and_threads_stay_in_what_is_seen(mine: Tenant) -> None:
    """A forward leads into a feed that is left out: there it ends."""
    open_archive, narrow = mine.archive(), mine.archive(feeds=[mine.feed("sad")])
    assert message(open_archive, mine.post(GARDEN, 7)).forwarded_post is not None
    assert message(narrow, mine.post(GARDEN, 7)).forwarded_post is None
    with pytest.raises(NotThere):
        thread(narrow, mine.post(KITCHEN, 3))


def test_a_cursor_is_of_one_archive_and_question(tenants: tuple[Tenant, Tenant]) -> None:
    """Of another tenant, owner, feeds or question, or with a letter changed, it is refused."""
    mine, other = tenants
    feeds_of = [mine.feed("sad"), mine.feed("kukhnya")]
    archive = mine.archive(ADA, feeds=feeds_of)
    pages: dict[str, Callable[[Archive, str | None], Any]] = {
        "search": lambda archive, cursor: search(archive, "генератор", limit=1, cursor=cursor),
        "timeline": lambda archive, cursor: timeline(archive, limit=1, cursor=cursor),
        "thread": lambda archive, cursor: thread(archive, mine.post(KITCHEN, 1), limit=1, cursor=cursor),
    }
    cursors = {name: page(archive, None).cursor for name, page in pages.items()}
    for name, page in pages.items():
        given = cursors[name]
        assert given
        assert page(mine.archive(ADA, feeds=feeds_of[::-1]), given) == page(archive, given)
        strangers = [mine.archive(ADA), mine.archive(feeds=feeds_of), mine.archive(EVA, feeds=feeds_of)]
        strangers += [other.archive(ADA, feeds=feeds_of)] if name != "thread" else []
        for stranger in strangers:
            with pytest.raises(CursorRefused):
                page(stranger, given)
        changed = [
            given[:place] + ("A" if given[place] != "A" else "B") + given[place + 1 :] for place in (0, 9, 25, -1)
        ]
        for wrong in (*changed, "", "!", given[:-1], f"{given}A", cursors["search" if name != "search" else "thread"]):
            with pytest.raises(CursorRefused):
                page(archive, wrong)


def test_a_shared_transaction_is_of_one_tenant(tenants: tuple[Tenant, Tenant]) -> None:
    """Inside of another's, an archive reads its own rows; and what an owner sees is not what is seen around it."""
    mine, other = tenants
    with mine.archive(ADA).reading() as outer:
        with other.archive(ADA).reading() as inner:
            assert inner is not outer
            assert mine.secrets[ADA] not in said(search(mine.archive(), QUESTION, limit=50))
            assert other.secrets[ADA] in said(search(other.archive(ADA), QUESTION, limit=50))
        with mine.archive().reading() as again:
            assert again is outer
    with mine.archive().reading() as later:
        assert later is not outer


def test_reading_changes_nothing(mine: Tenant) -> None:
    """The transaction in which an archive is read cannot write."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError, match="read-only"), mine.archive().reading() as connection:
        connection.execute(text("DELETE FROM messages"))
    assert pipeline.counts(mine.slug, ["messages"])["messages"] > 0
