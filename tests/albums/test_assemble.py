"""An album is the same album whatever the order and number of deliveries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.albums.assemble import AlbumItem, assemble

START = datetime(2024, 5, 1, 12, tzinfo=UTC)


def item(message_id: int, kind: str = "photo", **changes: object) -> AlbumItem:
    base = AlbumItem(message_id, kind, f"{message_id:064x}", None, START + timedelta(seconds=message_id))
    return replace(base, **changes)  # type: ignore[arg-type]


items = st.builds(
    AlbumItem,
    message_id=st.integers(1, 12),
    kind=st.sampled_from(["photo", "video", "animation", "voice", "audio", "document", "sticker"]),
    sha256=st.sampled_from([None, "a" * 64, "b" * 64]),
    caption=st.sampled_from([None, "", "  ", "one", "два"]),
    posted_at=st.integers(0, 10**8).map(lambda seconds: START + timedelta(seconds=seconds)),
    deleted=st.booleans(),
)


@given(st.lists(items, min_size=1, max_size=15), st.randoms())
def test_order_and_repetition_of_deliveries_do_not_matter(given_items: list[AlbumItem], random: object) -> None:
    """Shuffled, and with any of them delivered twice, it is the same album to the last bit of its hash."""
    shuffled = given_items + given_items[: len(given_items) // 2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assemble(shuffled) == assemble(given_items)


@given(st.lists(items, min_size=1, max_size=15))
def test_positions_are_complete_and_counts_are_counted(given_items: list[AlbumItem]) -> None:
    """Positions 0..N-1 in the order of message ids; the count is of what is not deleted; the cover is alive."""
    album = assemble(given_items)
    ids = [placed.item.message_id for placed in album.items]
    assert ids == sorted({one.message_id for one in given_items})
    assert [placed.position for placed in album.items] == list(range(len(ids)))
    deleted = {one.message_id for one in given_items if one.deleted}
    assert album.items_count == len(set(ids) - deleted) == len(album.live)
    assert {placed.item.message_id for placed in album.items if placed.item.deleted} == deleted
    assert (album.cover is None) == (album.items_count == 0)
    assert album.cover is None or album.cover.message_id not in deleted
    assert album.posted_at == min(one.posted_at for one in given_items)


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (["photo", "photo"], "photo"),
        (["video", "animation"], "video"),
        (["photo", "video"], "mixed"),
        (["document", "sticker"], "document"),
        (["audio", "voice"], "audio"),
    ],
)
def test_the_kind_is_that_of_all_items_or_mixed(kinds: list[str], kind: str) -> None:
    """Telegram's media kinds fold into the contract's five."""
    assert assemble([item(place + 1, name) for place, name in enumerate(kinds)]).album_kind == kind


def test_a_deleted_item_keeps_its_place_and_nothing_else() -> None:
    """It gives no caption, no cover, no kind; positions of the others do not move."""
    album = assemble([item(5, "video", caption="gone", deleted=True), item(6, caption=" kept "), item(7)])
    assert [(p.position, p.item.message_id) for p in album.items] == [(0, 5), (1, 6), (2, 7)]
    assert (album.album_kind, album.caption_text, album.items_count) == ("photo", "kept", 2)
    assert album.cover is not None
    assert album.cover.message_id == 6


def test_the_cover_is_the_first_photo_else_the_first_item() -> None:
    """A video before the photo does not become the cover."""
    mixed, videos = assemble([item(1, "video"), item(2)]), assemble([item(4, "video"), item(3, "video")])
    assert mixed.cover is not None
    assert videos.cover is not None
    assert (mixed.cover.message_id, videos.cover.message_id) == (2, 3)


def test_an_album_that_is_all_deleted_still_has_its_items() -> None:
    """A tombstone, not an error."""
    album = assemble([item(1, deleted=True), item(2, deleted=True)])
    assert (album.items_count, album.cover, album.caption_text, len(album.items)) == (0, None, None, 2)


def test_the_hash_follows_content() -> None:
    """Media, caption, membership, deletion change it; times do not."""
    base = [item(1, caption="c"), item(2)]
    same = assemble([base[0], replace(base[1], posted_at=START)])
    assert assemble(base).content_hash == same.content_hash
    variants = [
        [base[0]],
        [replace(base[0], caption="d"), base[1]],
        [base[0], replace(base[1], sha256=None)],
        [base[0], replace(base[1], deleted=True)],
        [base[0], replace(base[1], kind="video")],
    ]
    assert len({assemble(v).content_hash for v in [base, *variants]}) == len(variants) + 1


def test_media_that_was_stored_later_completes_the_item() -> None:
    """The delivery with a hash wins over the one without, the caption is kept from either."""
    album = assemble([item(1, sha256=None, caption="text"), item(1)])
    assert (album.items[0].item.sha256, album.caption_text) == (f"{1:064x}", "text")


def test_time_is_utc_and_must_have_a_zone() -> None:
    """Naive times are a defect of the caller."""
    moscow = timezone(timedelta(hours=3))
    album = assemble([item(1, posted_at=datetime(2024, 5, 1, 15, tzinfo=moscow))])
    assert album.posted_at.isoformat() == START.isoformat()
    with pytest.raises(ValueError, match="time zone"):
        assemble([item(1, posted_at=datetime(2024, 5, 1))])  # noqa: DTZ001
    with pytest.raises(ValueError, match="at least one"):
        assemble([])
