"""Rows behind points that were found: what ranking and people look at, as far as the archive shows it.

What does not belong here: finding points, putting them in order.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.struck import OF_MESSAGE, runs, struck_in
from tg_assets.index.evidence import Passage
from tg_assets.index.text import UNCUT, TextParts, parts_to_embed, text_to_embed
from tg_assets.landing import beside
from tg_assets.stores.prepared import prepared
from tg_assets.stores.vectors import Narrow
from tg_assets.tagging.lemmas import words
from tg_assets.vision.picture_words import picture_words

_ROWS = f"""
    SELECT CAST(m.id AS text) AS id, 'post' AS kind, m.posted_at, CAST(m.channel_id AS text) AS channel_id, c.feed,
           c.title, m.author_name, m.sender_tg_id, m.source, m.content,
           t.data->'names' AS tags, v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr,
           s.data->>'text' AS spoken, v.data - 'description' - 'ocr' AS picture,
           m.telegram_post_url AS link, m.telegram_message_id, {beside.OF_POST} AS beside, {OF_MESSAGE},
           CAST(m.album_id AS text) AS album
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL AND {SEEN}
    UNION ALL
    SELECT CAST(g.id AS text), 'album', g.posted_at, CAST(g.channel_id AS text), c.feed, c.title, m.author_name,
           m.sender_tg_id, m.source, g.caption_text,
           t.data->'names', g.meta->'enrichment'->>'vision_summary', g.meta->'enrichment'->>'ocr_text', NULL,
           jsonb_build_object('labels', g.meta->'enrichment'->'vision_labels'),
           m.telegram_post_url, m.telegram_message_id, {beside.OF_ALBUM},
           (SELECT s.entities FROM media_group_items o JOIN messages s ON s.id = o.post_id
            WHERE o.group_id = g.id AND s.content = g.caption_text ORDER BY o.position LIMIT 1),
           CAST(g.id AS text)
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    CROSS JOIN LATERAL (SELECT post_id FROM media_group_items WHERE group_id = g.id AND deleted_at IS NULL
                        ORDER BY position LIMIT 1) i
    JOIN messages m ON m.id = i.post_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    WHERE g.id = ANY(CAST(:ids AS uuid[])) AND g.deleted_at IS NULL AND {SEEN}
"""  # noqa: S608 - a constant


@dataclass
class Candidate:
    """A post or album that may be shown; what is made of its text is made when first looked at."""

    id: str
    kind: str
    posted_at: datetime
    channel_id: str
    feed: str
    title: str | None
    author_name: str | None
    sender_tg_id: int | None
    source: str
    content: str | None
    tags: list[str] | None
    vision: str | None
    ocr: str | None
    spoken: str | None
    picture: Mapping[str, Any] | None
    link: str | None
    telegram_message_id: int | None
    beside: str | None
    """Names of its files and of whom it was forwarded from."""
    entities: Any
    """Those of its text, where something in it is crossed out."""
    album: str | None
    """Its own id, or that of the album it is in."""

    @cached_property
    def whole(self) -> str:
        """All that is known of it in words, as it is indexed; empty when there are none."""
        return text_to_embed(self._parts)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What ``whole`` is put together of."""
        return parts_to_embed(self._parts)

    @property
    def runs(self) -> Iterator[tuple[str, bool]]:
        """Its text in pieces, each with whether it is crossed out."""
        return runs(self.content or "", struck_in(self.entities))

    @property
    def _parts(self) -> TextParts:
        return TextParts(self.content or "", self.spoken or "", self.vision or "", self.ocr or "")

    @cached_property
    def passage(self) -> Passage:
        """As ranking compares it with a question."""
        where = " ".join(filter(None, (self.title, self.beside)))
        called = picture_words(self.picture).text if self.picture else ""
        return Passage(self.whole, self.author_name, where, called)

    @cached_property
    def written(self) -> frozenset[str]:
        """Words that were written, spoken or read in it, without what a picture is described by."""
        if self.vision is None and len(self.whole) < UNCUT:  # nothing was added or cut
            return self.passage.said
        return frozenset(words(" ".join(filter(None, (self.content, self.spoken, self.ocr)))))


class Candidates:
    """Rows of posts and albums by the ids of points, read once, as far as the archive shows them.

    Those outside of the time that is looked at are left out: a line of a unit, and what is gone meanwhile, may be. So
    is what has no words.
    """

    def __init__(self, connection: Connection, archive: Archive, narrow: Narrow) -> None:
        self._connection, self._archive, self._narrow = connection, archive, narrow
        self._read: dict[str, Candidate | None] = {}

    def of(self, points: Collection[str]) -> dict[str, Candidate]:
        """Those of the points that may be shown; one statement for those that were not read before."""
        if new := [point for point in points if point not in self._read]:
            values = {"ids": sorted(new), **self._archive.seen}
            self._read |= dict.fromkeys(new)
            for row in self._connection.execute(prepared(_ROWS), values).tuples().all():
                one = Candidate(*row)
                self._read[one.id] = one if self._is_shown(one) else None
        return {point: known for point in points if (known := self._read[point])}

    def _is_shown(self, one: Candidate) -> bool:
        begins, ends = self._narrow.since, self._narrow.until
        return (
            bool(one.whole) and (begins is None or one.posted_at >= begins) and (ends is None or one.posted_at < ends)
        )
