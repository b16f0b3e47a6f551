"""Coverage: every id of a channel up to the newest is stored, service, deleted, known never to have existed, or
unknown; unknown ones on the live path are holes with the backfill that would fill them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.live.support import CHAT, DELETED, Live
from tests.support import pipeline
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.cli import cli, runtime
from tg_assets.errors import TgAssetsError
from tg_assets.landing.coverage import ChatCoverage, chat_coverage, stretches
from tg_assets.landing.holes import Holes, command, days, holes


def accounts(live: Live, feed: str | None = None) -> list[ChatCoverage]:
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
        return chat_coverage(connection, feed or f"{live.tenant}.live")


def shown(live: Live, largest: int | None = None, feed: str | None = None) -> list[tuple[int, int, dict[str, int]]]:
    """Stretches of the one chat as first, last and what is in them."""
    (one,) = accounts(live, feed)
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
        found = stretches(connection, one.channel, largest)
    return [(part.first, part.last, {state: count for state, count in part.counts.items() if count}) for part in found]


def found_holes(live: Live, **options: Any) -> Holes:
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session, session.transaction() as connection:
        return holes(connection, **({"older_than_seconds": 0} | options))


def delete(live: Live, *numbers: int) -> None:
    at = {"deleted_at": "2026-03-03T00:00:00Z"}
    for number in numbers:
        named = {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": number}
        live.send(named | at, stream=DELETED)


def test_every_id_has_a_state(live: Live) -> None:
    live.send(*(live.event(number) for number in (1, 2, 5, 7)), live.event(6, is_service=True))
    live.drain()
    delete(live, 7, 9)
    live.drain()
    assert shown(live) == [
        (1, 2, {"stored": 2}), (3, 4, {"unknown": 2}), (5, 5, {"stored": 1}), (6, 6, {"service": 1}),
        (7, 7, {"deleted": 1}), (8, 8, {"unknown": 1}), (9, 9, {"deleted": 1}),
    ]  # fmt: skip
    (one,) = accounts(live)
    assert (one.newest, one.ranges, one.live_from, one.contiguous) == (9, 2, 1, True)
    assert sum(one.counts.values()) == 9
    assert one.counts["unknown"] == 3


def test_ids_that_never_existed_are_accounted_for(live: Live) -> None:
    live.send(live.event(1), live.event(6))
    live.drain()
    live.rows("UPDATE coverage SET absent = '{[2,5)}' RETURNING 1")
    assert shown(live) == [
        (1, 1, {"stored": 1}), (2, 4, {"never existed": 3}), (5, 5, {"unknown": 1}), (6, 6, {"stored": 1}),
    ]  # fmt: skip
    (hole,) = found_holes(live).first
    assert (hole.first, hole.last) == (5, 5)


def test_small_unknown_ranges_are_counted_with_what_is_around_them(live: Live) -> None:
    """The largest stand alone, the newest of equals; together all is told once."""
    live.send(*(live.event(number) for number in range(1, 101) if number % 10 and not 41 <= number <= 49))
    live.drain()
    assert shown(live, 2) == [
        (1, 39, {"stored": 36, "unknown": 3}), (40, 50, {"unknown": 11}), (51, 89, {"stored": 36, "unknown": 3}),
        (90, 90, {"unknown": 1}), (91, 99, {"stored": 9}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "named", [{"tg_channel_id": -77, "source": "group"}, {"tg_channel_id": 77, "source": "dm", "owner_id": 900}]
)
def test_small_groups_and_direct_messages_have_no_unknown_ids(live: Live, named: dict[str, Any]) -> None:
    live.send(live.event(5, **named), live.event(90, **named))
    live.drain()
    (feed,) = live.feeds
    (one,) = accounts(live, feed)
    assert (one.contiguous, one.ranges, one.counts["unknown"], one.counts["stored"]) == (False, 0, 0, 2)
    assert shown(live, 19, feed) == [(5, 90, {"stored": 2})]
    assert found_holes(live).total == 0


def test_a_hole_is_told_with_the_dates_around_it(live: Live) -> None:
    live.send(live.event(1), live.event(2), live.event(5, posted_at="2026-03-04T00:00:00Z"))
    live.drain()
    (hole,) = found_holes(live).first
    assert (hole.feed, hole.first, hole.last) == (f"{live.tenant}.live", 3, 4)
    between = days(hole.since, hole.until, date(2018, 1, 1), date(2026, 6, 1))
    assert between is not None
    assert command(hole.feed, between) == f"tg-assets backfill {live.tenant}.live 2026-03-01..2026-03-04"


def test_a_hole_is_filled_when_the_messages_come(live: Live) -> None:
    live.send(live.event(1), live.event(4))
    live.drain()
    assert found_holes(live).total == 1
    live.send(live.event(3))
    delete(live, 2)
    live.drain()
    assert found_holes(live) == Holes(0, 0, [])


def test_a_hole_counts_after_a_while(live: Live) -> None:
    """What is on its way is not missing."""
    live.send(live.event(1), live.event(4))
    live.drain()
    assert found_holes(live, older_than_seconds=60).total == 0
    live.rows("UPDATE telegram_messages SET received_at = now() - interval '61 seconds' RETURNING 1")
    assert found_holes(live, older_than_seconds=60).total == 1


def test_what_an_export_left_out_is_unknown_but_no_hole(live: Live, tmp_path: Any) -> None:
    """Holes begin with the first message that came live."""
    header = {"id": 1234567890, "name": "Live"}
    pipeline.import_path(pipeline.write_export(tmp_path, chat(message(1), message(4), **header)), live.tenant)
    live.send(live.event(10), live.event(12))
    live.drain()
    (one,) = accounts(live)
    assert (one.counts["unknown"], one.ranges, one.live_from) == (8, 3, 10)
    assert [(hole.first, hole.last) for hole in found_holes(live).first] == [(11, 11)]


def test_many_holes_are_counted_and_some_are_listed(live: Live) -> None:
    live.send(*(live.event(number) for number in range(1, 4000, 2)))
    live.drain()
    found = found_holes(live, most=10)
    assert (found.total, found.chats, len(found.first)) == (1999, 1, 10)
    assert found_holes(live, most=0) == Holes(1999, 1, [])


def test_another_tenant_sees_nothing(live: Live, another: Callable[[], Live]) -> None:
    live.send(live.event(1), live.event(4))
    live.drain()
    other = another()
    assert found_holes(other).total == 0
    assert accounts(other, f"{live.tenant}.live") == []


def test_days_stay_inside_the_partitions() -> None:
    start, today = date(2020, 1, 1), date(2026, 6, 1)
    old, new = datetime(2019, 5, 5, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC)
    assert days(old, new, start, today) == (start, new.date())
    assert days(new, None, start, today) == (new.date(), today)
    assert days(None, new, start, today) == (new.date(), new.date())
    assert days(new, datetime(2026, 5, 1, tzinfo=UTC), start, today) == (date(2026, 5, 1), new.date())
    assert days(old, old, start, today) is None


# -- the command


@pytest.fixture
def coverage(live: Live, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command."""
    monkeypatch.setenv("COLUMNS", "160")
    runtime.settings.cache_clear()
    return lambda *arguments: CliRunner().invoke(cli, ["coverage", *arguments])


def test_the_command_says_what_fills_a_hole(live: Live, coverage: Callable[..., Result]) -> None:
    live.send(live.event(1), live.event(2), live.event(5), live.event(6, is_service=True))
    live.drain()
    feed = f"{live.tenant}.live"
    for options in ((), ("--all",)):
        done = coverage(feed, *options)
        assert done.exit_code == 0, done.output
        (line,) = [line for line in done.output.splitlines() if "unknown " in line and "backfill" in line]
        assert line.split() == ["3", "4", "2", "unknown", *f"tg-assets backfill {feed} 2026-03-01..2026-03-01".split()]
        assert "4 of 6 ids accounted for; 2 are unknown, in 1 range." in done.output
    assert "1 stored, 1 service" in coverage(feed).output


def test_the_command_shows_at_most_forty_rows(live: Live, coverage: Callable[..., Result]) -> None:
    live.send(*(live.event(number) for number in range(1, 401, 2)))
    live.drain()
    said = coverage(f"{live.tenant}.live").output
    assert sum(line.split()[3:4] in (["unknown"], ["stored"], ["mixed"]) for line in said.splitlines()) == 39
    assert "… and 180 more; --all lists all." in said
    assert coverage(f"{live.tenant}.live", "--all").output.count("tg-assets backfill") == 199


def test_an_unknown_feed_is_a_sentence(live: Live, coverage: Callable[..., Result]) -> None:
    done = coverage(f"{live.tenant}.nobody")
    assert isinstance(done.exception, TgAssetsError)
    assert "There is no feed" in str(done.exception)


def test_a_title_does_not_steer_the_terminal(live: Live, coverage: Callable[..., Result]) -> None:
    live.send(live.event(1, chat_title="Live\x1b[31m[red]"))
    live.drain()
    (feed,) = live.feeds
    assert "Live�[31m[red] (-1001234567890)" in coverage(feed).output


def test_what_was_rejected_is_accounted_for(live: Live, coverage: Callable[..., Result], tmp_path: Any) -> None:
    """By an import or live: it is neither unknown nor a hole, and the command says where the reason is."""
    header = {"id": 1234567890, "name": "Live"}
    bad = {**message(2), "date": "no date", "date_unixtime": "no date"}
    pipeline.import_path(pipeline.write_export(tmp_path, chat(message(1), bad, message(3), **header)), live.tenant)
    live.send(live.event(4), live.event(5, posted_at="no date"), live.event(6))
    live.drain()
    assert shown(live) == [
        (1, 1, {"stored": 1}), (2, 2, {"rejected": 1}), (3, 4, {"stored": 2}), (5, 5, {"rejected": 1}),
        (6, 6, {"stored": 1}),
    ]  # fmt: skip
    assert found_holes(live).total == 0
    said = coverage(accounts_feed(live)).output
    assert "6 of 6 ids accounted for." in said
    assert "2 rejected" in said
    assert "`tg-assets dead-letters list`" in said


def test_chats_of_one_feed_have_their_own_rejected_ids(live: Live, tmp_path: Any) -> None:
    """And a deletion takes the letters of its own chat, which no later import brings back."""
    feed = f"{live.tenant}.both"
    for number, title in ((1234567891, "One"), (1234567892, "Other")):
        bad = {**message(2), "date": "no date", "date_unixtime": "no date"}
        export = chat(message(1), bad, message(3), id=number, name=title)
        pipeline.import_path(pipeline.write_export(tmp_path / title, export), live.tenant, feed=feed)

    def rejected() -> dict[int, int]:
        return {one.tg_channel_id: one.counts["rejected"] for one in accounts(live, feed)}

    assert rejected() == {-1001234567891: 1, -1001234567892: 1}
    live.send(
        {
            "tenant_id": live.tenant,
            "tg_channel_id": -1001234567891,
            "telegram_message_id": 2,
            "deleted_at": "2026-03-03T00:00:00Z",
        },
        stream=DELETED,
    )
    live.drain()
    pipeline.import_path(pipeline.write_export(tmp_path / "again", export), live.tenant, feed=feed)
    assert rejected() == {-1001234567891: 0, -1001234567892: 1}


def test_what_another_account_was_refused_is_not_rejected_here(live: Live) -> None:
    """A supergroup that the tenant shares, and that an account also has for itself, are two chats."""
    group: dict[str, Any] = {"source": "group", "tg_channel_id": -1001234567899}
    live.send(live.event(1, **group), live.event(3, **group))
    live.send(live.event(1, **group, owner_id=501), live.event(2, **group, owner_id=501, posted_at="no date"))
    live.drain()
    assert shown(live) == [(1, 1, {"stored": 1}), (2, 2, {"unknown": 1}), (3, 3, {"stored": 1})]
    (private,) = live.feeds - {f"{live.tenant}.live"}
    assert shown(live, feed=private) == [(1, 1, {"stored": 1}), (2, 2, {"rejected": 1})]


def accounts_feed(live: Live) -> str:
    (feed,) = live.feeds
    return feed


def test_nothing_is_demanded_before_the_first_known_message(live: Live, coverage: Callable[..., Result]) -> None:
    """Of a chat that was first heard of at its message 5000, no backfill of all years is asked for."""
    live.send(live.event(5000), live.event(5001))
    live.drain()
    said = coverage(f"{live.tenant}.live").output
    assert "4,999" in said
    assert "before 2026-03-04, the first that is known" in said
    assert "tg-assets backfill" not in said
    assert "2018" not in said
