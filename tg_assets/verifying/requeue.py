"""Asking again for what is lost: files are noted as not stored, results as not made, and their partitions are dirty.

All functions work inside a tenant's transaction. What does not belong here: finding out what is lost.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from tg_assets.events.media_list import NOT_STORED
from tg_assets.partitions import window_sql

_DIRTY = f"""
    INSERT INTO dirty (tenant_id, feed, date)
    SELECT DISTINCT current_tenant(), c.feed, {window_sql("m.posted_at")}
    FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.id = ANY(CAST(:posts AS uuid[]))
"""  # noqa: S608 - ours
# An item of a list of media without its file.
_WITHOUT = """
    (SELECT jsonb_agg(CASE WHEN item->>'sha256' = ANY(:contents)
                           THEN item - 'sha256' - 'key' - 'file_id' || jsonb_build_object('missing_reason',
                                                                                          CAST(:reason AS text))
                           ELSE item END ORDER BY place)
     FROM jsonb_array_elements({files}) WITH ORDINALITY AS one (item, place))
"""


def files(connection: Connection, contents: Sequence[str]) -> None:
    """Messages that show these contents lack their files again."""
    posts = _showing(connection, contents)
    values = {"posts": posts, "contents": list(contents), "reason": NOT_STORED}
    for statement in (
        f"""UPDATE telegram_messages t SET media = {_WITHOUT.format(files="t.media")}
            WHERE id = ANY(CAST(:posts AS uuid[])) AND media <> '[]'""",  # noqa: S608
        f"""UPDATE message_facts f SET data = jsonb_set(data, '{{files}}', {_WITHOUT.format(files="f.data->'files'")})
            WHERE kind = 'media' AND id = ANY(CAST(:posts AS uuid[])) AND jsonb_typeof(data->'files') = 'array'
              AND data->'files' <> '[]'""",  # noqa: S608
        """UPDATE post_media_map SET sha256 = NULL, missing_reason = :reason WHERE sha256 = ANY(:contents)""",
        """UPDATE media_objects SET dropped_at = now() WHERE sha256 = ANY(:contents)""",
        _DIRTY,
    ):
        connection.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})


def results(connection: Connection, contents: Sequence[str]) -> None:
    """What was made of these contents is made again."""
    posts = _showing(connection, contents)
    connection.execute(text("DELETE FROM derived_objects WHERE sha256 = ANY(:contents)"), {"contents": list(contents)})
    _again(connection, ("vision_summaries", "transcripts"), posts)
    connection.execute(text(_DIRTY), {"posts": posts})


def summaries(connection: Connection, albums: Sequence[str]) -> None:
    """Summaries of these albums are made again."""
    _again(connection, ("album_summaries",), albums)
    posts = connection.execute(
        text("SELECT post_id::text FROM media_group_items WHERE group_id = ANY(CAST(:albums AS uuid[]))"),
        {"albums": list(albums)},
    ).scalars()
    connection.execute(text(_DIRTY), {"posts": list(posts)})


def _showing(connection: Connection, contents: Sequence[str]) -> list[str]:
    found = connection.execute(
        text("SELECT DISTINCT post_id::text FROM post_media_map WHERE sha256 = ANY(:contents)"),
        {"contents": list(contents)},
    )
    return list(found.scalars())


def _again(connection: Connection, stages: Sequence[str], items: Sequence[str]) -> None:
    connection.execute(
        text("DELETE FROM derivations WHERE stage = ANY(:stages) AND item_id = ANY(CAST(:items AS uuid[]))"),
        {"stages": list(stages), "items": list(items)},
    )
