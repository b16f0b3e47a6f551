"""A digest counts what there is, and each of its lines leads to a message."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.answers.conftest import ADA, GARDEN, KITCHEN, SINCE, Tenant
from tests.conversations.support import BEGIN, Chat, Said
from tests.support import pipeline
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.answers.digest import digest
from tg_assets.answers.digest_text import as_text
from tg_assets.answers.timeline import timeline
from tg_assets.errors import TgAssetsError

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_what_is_in_it(mine: Tenant) -> None:
    found = digest(mine.archive(), SINCE, SINCE + 31 * DAY)
    assert {one.feed: one.messages for one in found.feeds}[mine.feed("kukhnya")] == 6
    assert {(one.count, one.message.id) for one in found.answered} == {(1, mine.post(KITCHEN, n)) for n in (3, 2, 1)}
    assert [(one.count, one.people, one.message.id) for one in found.threads] == [(3, 2, mine.post(KITCHEN, 1))]
    assert [(one.name, one.count, one.message.id) for one in found.forwarded] == [("Порт", 1, mine.post(GARDEN, 7))]


def test_the_span_and_the_one_before(mine: Tenant) -> None:
    """What was before is counted beside it, and told of nowhere else."""
    found = digest(mine.archive(feeds=[mine.feed("sad")]), SINCE + DAY, SINCE + 2 * DAY)
    (busy,) = found.feeds
    assert (busy.messages, busy.before) == (2, 5)
    assert not found.forwarded


def test_private_chats_are_their_owners(mine: Tenant) -> None:
    assert len(digest(mine.archive(ADA), SINCE, SINCE + 31 * DAY).feeds) == 1 + len(
        digest(mine.archive(), SINCE, SINCE + 31 * DAY).feeds
    )


def test_as_text_every_line_has_its_place(mine: Tenant) -> None:
    told = as_text(digest(mine.archive(ADA), SINCE, SINCE + 31 * DAY))
    lines = [line for line in told.splitlines() if line[:1].isdigit()]
    assert len(lines) >= 5
    assert all(" — https://t.me/" in line or " — message " in line for line in lines)


def test_feeds_are_told_by_their_titles(mine: Tenant) -> None:
    """Of those whose chats are all shown, in which what would be markup is none; the key is what commands take."""
    found = digest(mine.archive(ADA), SINCE, SINCE + 31 * DAY)
    titles = {one.feed: one.title for one in found.feeds}
    assert titles[mine.feed("kukhnya")] == "Кухня"
    assert titles[mine.private_feeds[ADA]] == "Борис"
    assert f'* "Кухня" ({mine.feed("kukhnya")}): 6 messages by 2 authors (before: 0)' in as_text(found).splitlines()
    odd = replace(found, feeds=(replace(found.feeds[0], title="[a](https://evil.example)"),))
    assert "[a](" not in as_text(odd)
    bare = replace(found, feeds=(replace(found.feeds[0], title=None),))
    assert f"* {found.feeds[0].feed}: " in as_text(bare)


def test_without_a_span_it_is_the_last_week_that_has_anything(mine: Tenant) -> None:
    """Of the feeds that are asked for; where the last week has nothing, the one that ends with the newest message."""
    for feeds, owners in (([], ()), ([mine.feed("sad")], ()), ([], (ADA,))):
        archive = mine.archive(*owners)
        newest = timeline(archive, feeds=feeds, limit=1).messages[0].posted_at
        found = digest(archive, feeds=feeds)
        assert (found.since, found.until) == (newest + SECOND - 7 * DAY, newest + SECOND)
        assert found == digest(archive, found.since, found.until, feeds=feeds)
        assert sum(one.messages for one in found.feeds) > 0
        assert f"{newest + SECOND:%Y-%m-%d %H:%M} UTC" in as_text(found).splitlines()[0]
    early = digest(mine.archive(), until=newest - 700 * DAY)
    assert (early.since, early.until, early.feeds) == (newest - 707 * DAY, newest - 700 * DAY, ())
    now = datetime.now(UTC)
    late = digest(mine.archive(), since=now - 2 * DAY)
    assert (late.since, late.feeds) == (now - 2 * DAY, ())
    assert now <= late.until <= datetime.now(UTC)


def test_a_last_week_that_has_anything_ends_now(mine: Tenant) -> None:
    """And so does that of an archive without messages, or in which all are of days to come."""
    now = datetime.now(UTC)
    assert now <= digest(mine.archive(feeds=["nobody.nothing"])).until <= datetime.now(UTC)
    newest = timeline(mine.archive(), feeds=[mine.feed("sad")], limit=1).messages[0].posted_at
    for posted_at, found in ((now - 7 * DAY + timedelta(hours=1), 1), (now + 30 * DAY, 0)):
        with later(mine, "sad", posted_at - newest):
            told = digest(mine.archive(), feeds=[mine.feed("sad")])
        assert now <= told.until <= datetime.now(UTC)
        assert told.since == told.until - 7 * DAY
        assert len(told.feeds) == found


@contextmanager
def later(mine: Tenant, feed: str, by: timedelta) -> Iterator[None]:
    """Messages of a feed as if they had been written so much later."""
    moved = """UPDATE messages m SET posted_at = posted_at + :by FROM channels c
               WHERE c.id = m.channel_id AND c.feed = :feed RETURNING 1"""
    assert pipeline.rows(mine.slug, moved, feed=mine.feed(feed), by=by)
    yield
    pipeline.rows(mine.slug, moved, feed=mine.feed(feed), by=-by)


def test_nothing_is_said_of_nothing(mine: Tenant) -> None:
    found = digest(mine.archive(), datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC))
    assert "Nothing was written" in as_text(found)
    with pytest.raises(TgAssetsError, match="ends after"):
        digest(mine.archive(), SINCE, SINCE)


def test_what_pictures_show_is_no_topic(servers: dict[str, str], tenant: str, tmp_path: Path) -> None:
    """Nobody spoke of it, however many pictures show it."""
    said = [
        message(number, text="паром опять опоздал", text_entities=[], date_unixtime="1683021600") for number in (1, 2)
    ]
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path, chat(*said)), tenant)
    pipeline.materialize(report.feed, "2023-05-02", "2023-05-02", ["telegram_messages", "posts", "tags"])
    seen = '[{"name": "landscape", "confidence": 0.9, "origin": "label"}]'
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.execute(
            text("""UPDATE post_enrichment SET data = data || jsonb_build_object(
                        'tags', data->'tags' || CAST(:seen AS jsonb), 'names', data->'names' || '["landscape"]')
                    WHERE kind = 'tags'"""),
            {"seen": seen},
        )
    day = datetime(2023, 5, 2, tzinfo=UTC)
    topics = digest(pipeline.archive(tenant), day, day + DAY).topics
    assert "паром" in {one.name for one in topics}
    assert "landscape" not in {one.name for one in topics}
    assert all(one.count == 2 for one in topics)


@pytest.mark.parametrize("source", ["an export", "an account"])
def test_a_topic_is_not_answered_by_what_is_said_in_it(
    servers: dict[str, str], tenant: str, tmp_path: Path, source: str
) -> None:
    """Its messages name the one that began it, whose words are its name; an account knows that it is a topic."""
    when = {"date_unixtime": "1683021600"}
    begun = {"type": "service", "action": "topic_created", "title": "Насосы", "actor": "Вера", "actor_id": "user601"}
    said = [
        {"id": 1, "date": "2023-05-02T10:00:00", "text": "", "text_entities": [], **when, **begun},
        *(message(number, reply_to_message_id=1, **when) for number in (2, 3, 4)),
        *(message(number, reply_to_message_id=2, **when) for number in (5, 6)),
    ]
    path = pipeline.write_export(tmp_path, chat(*said, type="public_supergroup"))
    (report,) = pipeline.import_path(path, tenant)
    pipeline.materialize(report.feed, "2023-05-02", "2023-05-02", ["telegram_messages", "posts"])
    if source == "an account":
        known = "UPDATE messages SET forum_topic_id = 1, is_service = false WHERE true RETURNING 1"
        assert len(pipeline.rows(tenant, known)) == len(said)
    (second,) = pipeline.rows(tenant, "SELECT id FROM messages WHERE telegram_message_id = 2")
    found = digest(pipeline.archive(tenant), SINCE, SINCE + 31 * DAY)
    assert [(one.count, one.message.id) for one in found.answered] == [(2, second.id)]
    assert [(one.count, one.message.id) for one in found.threads] == [(2, second.id)]


def test_a_thread_whose_beginning_is_gone_begins_with_its_first_answer(tenant: str) -> None:
    """Deleted or never imported: it has words to tell it by, and takes nobody's place by having none."""
    gone = [Said(1, 1, deleted=True), *(Said(number, number, answers=1) for number in (2, 3, 4, 5))]
    away = [*(Said(number, number, answers=10) for number in (11, 12)), Said(13, 13, answers=12)]
    alone = [Said(15, 15, answers=14), Said(16, 16, answers=15)]
    here = [Said(20, 20), *(Said(number, number, answers=20) for number in (21, 22))]
    chat = Chat(tenant)
    chat.put([*gone, *away, *alone, *here])
    found = digest(pipeline.archive(tenant), BEGIN, BEGIN + DAY, limit=3)
    assert [(one.count, one.message.id) for one in found.threads] == [
        (3, chat.post(2)), (2, chat.post(11)), (2, chat.post(20)),
    ]  # fmt: skip
    assert all(one.message.text for one in found.threads)
