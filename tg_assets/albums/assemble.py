"""An album out of its items: kind, order, caption, cover, hash.

Pure and repeatable: the same items in any order, delivered any number of times, give the same album. A deleted
item keeps its place and is marked, so positions never move; it counts for nothing else. What does not belong
here: where items come from, and what vision says about them (``summary``).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

AlbumKind = Literal["photo", "video", "mixed", "document", "audio"]
ItemKind = Literal["photo", "video", "document", "audio"]

_KINDS: dict[str, ItemKind] = {
    "photo": "photo",
    "video": "video",
    "animation": "video",
    "gif": "video",
    "video_note": "video",
    "audio": "audio",
    "voice": "audio",
}


@dataclass(frozen=True)
class AlbumItem:
    """One message of the album. ``kind`` is Telegram's media kind; ``posted_at`` is aware."""

    message_id: int
    kind: str
    sha256: str | None
    caption: str | None
    posted_at: datetime
    deleted: bool = False


@dataclass(frozen=True)
class PlacedItem:
    """An item at its place, counted from 0 over all items, deleted ones too."""

    position: int
    item: AlbumItem
    kind: ItemKind


@dataclass(frozen=True)
class Album:
    """``items_count`` counts items that are not deleted; ``posted_at`` is the earliest item's time in UTC."""

    album_kind: AlbumKind
    items: tuple[PlacedItem, ...]
    items_count: int
    caption_text: str | None
    cover: AlbumItem | None
    content_hash: str
    posted_at: datetime

    @property
    def live(self) -> tuple[PlacedItem, ...]:
        """Items that are not deleted, in order."""
        return tuple(placed for placed in self.items if not placed.item.deleted)


def item_kind(kind: str) -> ItemKind:
    """The album's word for a media kind; whatever has none is a document."""
    return _KINDS.get(kind, "document")


def assemble(items: Sequence[AlbumItem]) -> Album:
    """Assemble one album from its items, in any order.

    A message id that occurs several times is one item: deleted if any says so, with media and caption if any has
    them. Raises ``ValueError`` without items, or when a time has no zone.
    """
    if not items:
        raise ValueError("an album needs at least one item")
    if any(item.posted_at.utcoffset() is None for item in items):
        raise ValueError("posted_at of an album item must have a time zone")
    by_id: dict[int, list[AlbumItem]] = {}
    for item in items:
        by_id.setdefault(item.message_id, []).append(item)
    ordered = [_merge(by_id[message_id]) for message_id in sorted(by_id)]
    placed = tuple(PlacedItem(i, item, item_kind(item.kind)) for i, item in enumerate(ordered))
    live = [one for one in placed if not one.item.deleted]
    cover = next((one for one in live if one.kind == "photo"), live[0] if live else None)
    captions = (one.item.caption.strip() for one in live if one.item.caption)
    return Album(
        album_kind=_album_kind(live or placed),
        items=placed,
        items_count=len(live),
        caption_text=next((caption for caption in captions if caption), None),
        cover=cover.item if cover else None,
        content_hash=_content_hash(placed),
        posted_at=min(item.posted_at for item in ordered).astimezone(UTC),
    )


def _merge(versions: Sequence[AlbumItem]) -> AlbumItem:
    """One item out of several deliveries of it; the choice does not depend on their order."""
    best = max(
        versions,
        key=lambda v: (v.sha256 is not None, bool(v.caption), v.sha256 or "", v.caption or "", v.kind),
    )
    return replace(
        best,
        caption=best.caption or max((v.caption for v in versions if v.caption), default=None),
        posted_at=min(version.posted_at for version in versions).astimezone(UTC),
        deleted=any(version.deleted for version in versions),
    )


def _album_kind(placed: Sequence[PlacedItem]) -> AlbumKind:
    kinds = {one.kind for one in placed}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _content_hash(placed: Sequence[PlacedItem]) -> str:
    """sha256 over message ids in order with media, kind, caption and deletion; times stay out."""
    rows = [[p.item.message_id, p.kind, p.item.sha256, p.item.caption or "", p.item.deleted] for p in placed]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
