"""Rows behind points that were found: what ranking and people look at, as far as the archive shows it.

What does not belong here: finding points, putting them in order.
"""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.index.text import TextParts, parts_to_embed, text_to_embed
from tg_assets.stores.vectors import Narrow

_ROWS = f"""
    SELECT m.id, 'post' AS kind, m.posted_at, c.feed, c.title, m.author_name, m.content,
           t.data->'names' AS tags, v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr,
           s.data->>'text' AS spoken, v.data - 'description' - 'ocr' AS picture,
           m.telegram_post_url AS link, m.telegram_message_id
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL AND {SEEN}
    UNION ALL
    SELECT g.id, 'album', g.posted_at, c.feed, c.title, m.author_name, g.caption_text, t.data->'names',
           g.meta->'enrichment'->>'vision_summary', g.meta->'enrichment'->>'ocr_text', NULL,
           jsonb_build_object('labels', g.meta->'enrichment'->'vision_labels'),
           m.telegram_post_url, m.telegram_message_id
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    JOIN media_group_items i ON i.group_id = g.id AND i.position = 0
    JOIN messages m ON m.id = i.post_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    WHERE g.id = ANY(CAST(:ids AS uuid[])) AND g.deleted_at IS NULL AND {SEEN}
"""  # noqa: S608 - a constant


def rows_of(connection: Connection, archive: Archive, points: Collection[str], narrow: Narrow) -> dict[str, Any]:
    """Rows of posts and albums by id, with their ``whole`` text and the ``parts`` that it is of.

    Not those outside of the time that is looked at.

    A line of a unit, and what is gone meanwhile, may be; what has no words is left out.
    """
    rows = connection.execute(text(_ROWS), {"ids": sorted(points), **archive.seen})
    found = {str(row.id): _with_words(row) for row in rows}
    begins, ends = narrow.since, narrow.until
    return {
        point: row
        for point, row in found.items()
        if row.whole and (begins is None or row.posted_at >= begins) and (ends is None or row.posted_at < ends)
    }


def _with_words(row: Any) -> SimpleNamespace:
    parts = TextParts(post=row.content or "", speech=row.spoken or "", vision=row.vision or "", ocr=row.ocr or "")
    return SimpleNamespace(**row._mapping, whole=text_to_embed(parts), parts=parts_to_embed(parts))
