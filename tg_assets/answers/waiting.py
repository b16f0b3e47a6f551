"""What cannot be found yet: messages without vectors, pictures and voices that no model has been at.

What does not belong here: messages that were never received (``coverage``), making what waits.
"""

from dataclasses import dataclass

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.vision.policy import IS_PICTURE


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages of a feed, by what is yet to be done. ``pictures`` and ``voices`` are those whose files are here;
    ``files_away`` are messages, service messages too, with a file that is not: as an import counts them."""

    feed: str
    messages: int
    not_indexed: int
    pictures: int
    voices: int
    files_away: int


# A stage has settled an item, or waits: for a budget, a server, or the stage before it.
_WAITING = f"""
    WITH shown AS MATERIALIZED (
        SELECT m.id, c.feed, NOT m.is_service OR m.content <> '' AS says
        FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.deleted_at IS NULL AND {SEEN}
    ), settled AS MATERIALIZED (
        SELECT stage, item_id FROM derivations
        WHERE stage IN ('qdrant_points', 'vision_summaries', 'transcripts') AND status <> 'waiting'
    ), file AS MATERIALIZED (
        SELECT post_id, bool_or({IS_PICTURE} AND p.sha256 IS NOT NULL) AS picture,
               bool_or(p.kind IN ('voice', 'video_note') AND p.sha256 IS NOT NULL) AS voice,
               bool_or(p.sha256 IS NULL) AS away
        FROM post_media_map p WHERE p.role = 'primary' GROUP BY p.post_id
    )
    SELECT s.feed, count(*) FILTER (WHERE s.says) AS messages,
           count(*) FILTER (WHERE s.says AND i.item_id IS NULL) AS not_indexed,
           count(*) FILTER (WHERE s.says AND f.picture AND v.item_id IS NULL) AS pictures,
           count(*) FILTER (WHERE s.says AND f.voice AND t.item_id IS NULL) AS voices,
           count(*) FILTER (WHERE f.away) AS files_away
    FROM shown s LEFT JOIN file f ON f.post_id = s.id
    LEFT JOIN settled i ON i.item_id = s.id AND i.stage = 'qdrant_points'
    LEFT JOIN settled v ON v.item_id = s.id AND v.stage = 'vision_summaries'
    LEFT JOIN settled t ON t.item_id = s.id AND t.stage = 'transcripts'
    GROUP BY s.feed ORDER BY s.feed
"""  # noqa: S608 - constants


def waiting(archive: Archive) -> tuple[Waiting, ...]:
    """Feeds of which the archive shows messages, by key."""
    with archive.reading() as connection:
        return tuple(Waiting(*row) for row in connection.execute(text(_WAITING), archive.seen).tuples())
