"""A digest counts what there is, and each of its lines leads to a message."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.answers.conftest import ADA, GARDEN, KITCHEN, SINCE, Tenant
from tg_assets.answers.digest import digest
from tg_assets.answers.digest_text import as_text
from tg_assets.errors import TgAssetsError

DAY = timedelta(days=1)


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


def test_nothing_is_said_of_nothing(mine: Tenant) -> None:
    found = digest(mine.archive(), datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC))
    assert "Nothing was written" in as_text(found)
    with pytest.raises(TgAssetsError, match="ends after"):
        digest(mine.archive(), SINCE, SINCE)
