"""A head is read from any message, and anything else is rejected with a reason."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telegram.exports import message
from tg_assets.telegram.message import Malformed, MessageHead, read_head, zone_of


def test_head_of_a_current_message() -> None:
    """Unix time decides; the local date beside it is ignored."""
    raw = message(photo="photos/a.jpg", edited="2023-05-01T15:00:00", edited_unixtime="1682931660")
    assert read_head(raw, ZoneInfo("Asia/Tokyo")) == MessageHead(
        message_id=1,
        posted_at=datetime(2023, 5, 1, 9, 0, tzinfo=UTC),
        edited_at=datetime(2023, 5, 1, 9, 1, tzinfo=UTC),
        is_service=False,
        has_media=True,
        media_kind="photo",
        author="user7",
        has_caption=True,
    )


def test_old_schema_is_read_in_the_given_zone() -> None:
    """Without unix time the date is local to the machine that exported; UTC unless told."""
    raw = {"id": 3, "type": "message", "date": "2020-07-01T12:00:00", "from": "Ада", "from_id": 4294967303, "text": ""}
    moscow = read_head(raw, ZoneInfo("Europe/Moscow"))
    assert isinstance(moscow, MessageHead)
    assert moscow.posted_at == datetime(2020, 7, 1, 9, 0, tzinfo=UTC)
    assert moscow.author == "4294967303"
    utc = read_head(raw)
    assert isinstance(utc, MessageHead)
    assert utc.posted_at == datetime(2020, 7, 1, 12, 0, tzinfo=UTC)


def test_service_message_is_told_and_has_its_actor() -> None:
    """The actor is the author, and a pin names no media."""
    head = read_head(
        {"id": 4, "type": "service", "date": "2020-07-01T12:00:00", "actor": "Ада", "actor_id": "user7"}
        | {"action": "pin_message", "message_id": 3, "text": ""}
    )
    assert isinstance(head, MessageHead)
    assert (head.is_service, head.author, head.has_media) == (True, "user7", False)


def test_deleted_account_falls_back_to_nothing() -> None:
    """`from: null` without an id is a message without author."""
    head = read_head(message(**{"from": None, "from_id": None}))
    assert isinstance(head, MessageHead)
    assert head.author is None


def test_messages_of_the_group_before_a_supergroup_have_negative_ids() -> None:
    """Desktop shifts their ids by -1,000,000,000; they are messages all the same."""
    assert isinstance(read_head(message(-999_999_990)), MessageHead)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"id": 9, "type": "unsupported"}, "a kind of message"),
        ({"type": "message", "date_unixtime": "1"}, "no usable id"),
        (message(0), "no usable id"),
        (message(id=True), "no usable id"),
        (message(id=1 << 63), "no usable id"),
        (message(id=(1 << 63) - 1), "no usable id"),
        (message(id=-(1 << 62)), "no usable id"),
        (message(date_unixtime=str(1 << 32)), "no usable date"),
        (message(date_unixtime="-1"), "no usable date"),
        (message(date_unixtime=None, date="2106-02-08T00:00:00"), "no usable date"),
        (message(5, date_unixtime=None, date=None), "no usable date"),
        (message(5, date_unixtime="soon", date="yesterday"), "no usable date"),
        (message(5, date_unixtime="9" * 18, date="x"), "no usable date"),
        (message(5, date_unixtime="0", date="1970-01-01T00:00:00"), "no usable date"),
        (Malformed({"id": 5}, "a reason"), "a reason"),
        ("x", "not an object"),
        (None, "not an object"),
    ],
)
def test_rejections_are_sentences(raw: Any, reason: str) -> None:
    """What is not a message is kept as a rejection with its reason."""
    found = read_head(raw)
    assert isinstance(found, str)
    assert reason in found


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
FIELDS = st.sampled_from(
    ["id", "type", "date", "date_unixtime", "edited", "from_id", "actor_id", "photo", "file", "media_type", "text"]
)


@given(st.dictionaries(FIELDS, VALUES | st.lists(VALUES) | st.dictionaries(st.text(), VALUES)) | VALUES)
def test_any_json_value_is_a_head_or_a_reason(raw: Any) -> None:
    """No value makes it raise."""
    assert isinstance(read_head(raw), MessageHead | str)


def test_id_written_as_text_is_an_id() -> None:
    """Converters write numbers as strings."""
    head = read_head(message(id="15"))
    assert isinstance(head, MessageHead)
    assert head.message_id == 15


def test_zone_shows_where_both_dates_are() -> None:
    """12:00 local at 09:00 UTC is three hours east; one date alone says nothing."""
    assert zone_of(message()) == timezone(timedelta(hours=3))
    for raw in (message(date=None), message(date_unixtime=None), message(date="2023-05-09T12:00:00"), None):
        assert zone_of(raw) is None


def test_seconds_in_place_of_a_date() -> None:
    """As other programs write them."""
    head = read_head(message(date=1682931600, date_unixtime=None))
    assert isinstance(head, MessageHead)
    assert head.posted_at == datetime(2023, 5, 1, 9, 0, tzinfo=UTC)
