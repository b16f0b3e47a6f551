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


def _settled(stage: str) -> str:
    """Items that a stage has settled; others wait: for a budget, a server, or the stage before it."""
    return f"(SELECT item_id FROM derivations WHERE stage = '{stage}' AND status <> 'waiting')"  # noqa: S608


# Messages once, beside what is indexed of them, and those with files, which are few, once more.
_SHOWN = f"m.deleted_at IS NULL AND m.channel_id IN (SELECT c.id FROM channels c WHERE {SEEN})"  # noqa: S608
_SAYS = "(NOT m.is_service OR m.content <> '')"
_WAITING = f"""
    WITH said AS (
        SELECT m.channel_id, count(*) FILTER (WHERE {_SAYS}) AS messages,
               count(*) FILTER (WHERE {_SAYS} AND i.item_id IS NULL) AS not_indexed
        FROM messages m LEFT JOIN {_settled("qdrant_points")} i ON i.item_id = m.id WHERE {_SHOWN}
        GROUP BY m.channel_id
    ), file AS (
        SELECT post_id, bool_or({IS_PICTURE} AND p.sha256 IS NOT NULL) AS picture,
               bool_or(p.kind IN ('voice', 'video_note') AND p.sha256 IS NOT NULL) AS voice,
               bool_or(p.sha256 IS NULL) AS away
        FROM post_media_map p WHERE p.role = 'primary' GROUP BY p.post_id
    ), has AS (
        SELECT m.channel_id, count(*) FILTER (WHERE {_SAYS} AND f.picture AND v.item_id IS NULL) AS pictures,
               count(*) FILTER (WHERE {_SAYS} AND f.voice AND t.item_id IS NULL) AS voices,
               count(*) FILTER (WHERE f.away) AS files_away
        FROM file f JOIN messages m ON m.id = f.post_id
        LEFT JOIN {_settled("vision_summaries")} v ON v.item_id = m.id
        LEFT JOIN {_settled("transcripts")} t ON t.item_id = m.id WHERE {_SHOWN}
        GROUP BY m.channel_id
    )
    SELECT c.feed, sum(s.messages)::bigint AS messages, sum(s.not_indexed)::bigint AS not_indexed,
           coalesce(sum(h.pictures), 0)::bigint AS pictures, coalesce(sum(h.voices), 0)::bigint AS voices,
           coalesce(sum(h.files_away), 0)::bigint AS files_away
    FROM said s JOIN channels c ON c.id = s.channel_id LEFT JOIN has h ON h.channel_id = c.id
    GROUP BY c.feed ORDER BY c.feed
"""  # noqa: S608 - constants


def waiting(archive: Archive) -> tuple[Waiting, ...]:
    """Feeds of which the archive shows messages, by key."""
    with archive.reading() as connection:
        return tuple(Waiting(*row) for row in connection.execute(text(_WAITING), archive.seen).tuples())
