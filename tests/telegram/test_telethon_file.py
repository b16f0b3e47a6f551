"""A stored message says where its file is, as precisely as the message that came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon import utils
from telethon.tl import types as tl

from tests.telegram.tl import document, message, photo, service, stored
from tg_assets.events.telethon_file import FileAt, input_location, location_of
from tg_assets.telegram.telethon_raw import raw_of

PHOTO = FileAt("photo", 11, -12, b"\x00\xffref", 2, 156_605, "y")
DOCUMENT = FileAt("document", 21, 22, b"doc", 4, 5 << 30)
SHOWN = tl.MessageMediaPhoto(photo=photo())
SENT = tl.MessageMediaDocument(document=document())


@pytest.mark.parametrize(
    ("one", "file"),
    [
        (message(media=SHOWN), PHOTO),
        (message(media=SENT), DOCUMENT),
        (service(tl.MessageActionChatEditPhoto(photo())), PHOTO),
        (message(media=tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMedia(SENT)])), DOCUMENT),
        (message(media=tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMediaPreview(320, 240)])), None),
        (message(media=tl.MessageMediaPhoto(ttl_seconds=3)), None),
        (message(media=tl.MessageMediaPhoto(photo=tl.PhotoEmpty(1))), None),
        (message(media=tl.MessageMediaPhoto(photo=photo(sizes=[tl.PhotoStrippedSize("i", b"x")]))), None),
        (message(media=tl.MessageMediaDocument(document=tl.DocumentEmpty(1))), None),
        (message(media=tl.MessageMediaDice(6, "🎲")), None),
        (message(), None),
        (service(tl.MessageActionPinMessage()), None),
    ],
)
def test_where_it_is(one: Any, file: FileAt | None) -> None:
    """Of the stored message as of the one that came."""
    assert location_of(stored(one)) == file
    assert location_of(raw_of(one, {}) or {}) == file


@pytest.mark.parametrize(("media", "file"), [(SHOWN, PHOTO), (SENT, DOCUMENT)])
def test_telethon_would_ask_for_the_same(media: Any, file: FileAt) -> None:
    """But for the size of a photo, of which Telethon takes the last: here that is not the largest."""
    made, theirs = input_location(file), utils._get_file_info(media)
    assert (made.id, made.access_hash, made.file_reference) == (file.id, file.access_hash, file.file_reference)
    assert type(made) is type(theirs.location)
    assert theirs.dc_id == file.dc_id
    assert made.thumb_size == file.thumb
    assert bytes(made)


def test_files_of_paid_media_by_position() -> None:
    raw = stored(
        message(media=tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMedia(SHOWN), tl.MessageExtendedMedia(SENT)]))
    )
    assert [location_of(raw, position) for position in range(-1, 3)] == [None, PHOTO, DOCUMENT, None]


def test_bytes_as_other_tools_write_them() -> None:
    """A list of numbers is bytes; what is neither is none."""
    raw = stored(message(media=SENT))
    for written, read in (([100, 111, 99], b"doc"), ([1000], b""), ("é", b""), (7, b""), (None, b"")):
        raw["media"]["document"]["file_reference"] = written
        assert location_of(raw) == FileAt("document", 21, 22, read, 4, 5 << 30)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
SIZES = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "w", "h", "size", "sizes"), ANY)), max_size=3
)
FILE = st.fixed_dictionaries(
    {}, optional={"sizes": SIZES | ANY, **dict.fromkeys(("id", "access_hash", "dc_id", "file_reference", "size"), ANY)}
)


@given(FILE | ANY, st.sampled_from(["Photo", "Document"]))
def test_nothing_makes_it_raise(file: Any, kind: str) -> None:
    raw = {"media": {"_": f"MessageMedia{kind}", kind.lower(): file}}
    found = location_of(raw)
    assert found is None or found.id
