"""Which pictures of a message are looked at, and why the others are not.

The decision is made by the database, where it is part of what a post's result was made from: another policy makes
exactly the posts stale for which it decides otherwise. What does not belong here: what providers themselves refuse.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_CHAT = re.compile(r"@?[A-Za-z0-9_]{1,64}|-?[0-9]{1,19}")


def _chats(given: Sequence[str]) -> tuple[str, ...]:
    for one in given:
        if not _CHAT.fullmatch(one):
            raise ValueError(f"{one!r} is neither a @username nor a chat's id")
    return tuple(one.removeprefix("@").lower() for one in given)


Chats = Annotated[tuple[str, ...], AfterValidator(_chats)]


class Policy(BaseModel):
    """A tenant's choice. ``only`` and ``never`` name chats by @username or marked id; empty ``only`` means all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photos: bool = True
    image_files: bool = True
    stickers: bool = True
    video_thumbnails: bool = True
    documents: bool = True
    """First pages of PDFs."""
    max_bytes: int = Field(default=20 * 2**20, ge=1)
    per_post: int = Field(default=10, ge=1, le=100)
    only: Chats = ()
    never: Chats = ()

    def values(self) -> Mapping[str, object]:
        """Parameters of ``PICTURES``."""
        return {
            "photos": self.photos,
            "image_files": self.image_files,
            "stickers": self.stickers,
            "video_thumbnails": self.video_thumbnails,
            "documents": self.documents,
            "max_bytes": self.max_bytes,
            "per_post": self.per_post,
            "only_chats": list(self.only),
            "never_chats": list(self.never),
        }


IS_PICTURE = "((p.kind = 'photo' OR p.mime LIKE 'image/%') AND p.role <> 'thumbnail')"
"""Whether a row ``p`` of ``post_media_map`` is a picture itself."""

_SHOWN = f"({IS_PICTURE} OR (p.mime = 'application/pdf' AND p.role = 'primary'))"

HAS_LOOKS = f"({_SHOWN} OR p.role = 'thumbnail')"
"""Whether a row ``p`` of ``post_media_map`` makes its post one with something to look at."""

PICTURES = f"""
    SELECT p.post_id, p.position, p.kind, p.sha256, p.missing_reason, p.mime,
           CASE WHEN ARRAY[c.peer_id::text, c.tg_channel_id::text, lower(c.username)] && CAST(:never_chats AS text[])
                  OR (cardinality(CAST(:only_chats AS text[])) > 0 AND c.peer_id::text <> ALL(:only_chats)
                      AND lower(coalesce(c.username, '')) <> ALL(:only_chats)) THEN 'policy: the chat is left out'
                WHEN p.role = 'thumbnail' AND NOT :video_thumbnails THEN 'policy: video thumbnails are left out'
                WHEN p.mime = 'application/pdf' AND NOT :documents THEN 'policy: documents are left out'
                WHEN p.kind = 'sticker' AND NOT :stickers THEN 'policy: stickers are left out'
                WHEN p.kind = 'photo' AND p.role <> 'thumbnail' AND NOT :photos THEN 'policy: photos are left out'
                WHEN p.kind NOT IN ('photo', 'sticker') AND p.role <> 'thumbnail' AND p.mime <> 'application/pdf'
                  AND NOT :image_files THEN 'policy: image files are left out'
                WHEN p.size_bytes > :max_bytes THEN 'policy: larger than ' || :max_bytes || ' bytes'
                WHEN row_number() OVER (PARTITION BY p.post_id ORDER BY p.position) > :per_post
                  THEN 'policy: beyond the first ' || :per_post || ' of the post'
           END AS policy
    FROM post_media_map p
    JOIN wanted m ON m.id = p.post_id JOIN channels c ON c.id = m.channel_id
    WHERE {_SHOWN} OR (p.role = 'thumbnail' AND NOT EXISTS (
              SELECT FROM post_media_map p2 WHERE p2.post_id = p.post_id AND p2.position < p.position
                AND {_SHOWN.replace("p.", "p2.")}))
"""  # noqa: S608 - constants
"""Pictures of the messages in ``wanted (id, channel_id)``: a video's or document's thumbnail stands for it. ``policy``
says why a picture is not looked at, NULL when it is."""

DESCRIBED = f"""
    SELECT DISTINCT ON (p.sha256) p.sha256, v.data
    FROM post_media_map p
    JOIN post_enrichment v ON v.post_id = p.post_id AND v.kind = 'vision' AND v.status IN ('ok', 'partial')
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL JOIN channels c ON c.id = m.channel_id
    WHERE p.sha256 = ANY(:pictures) AND p.position = 0 AND {IS_PICTURE}
    ORDER BY p.sha256, c.owner_id <> 0, m.posted_at, m.id
"""  # noqa: S608 - a constant
"""The result by which each of ``:pictures`` (SHA-256) is known, always of the same post whichever is written first or
last: one that everybody sees rather than a private one, then the oldest."""
