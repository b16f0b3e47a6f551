"""What was written just before and after messages: in one statement for all of them.

Neighbours are of the same chat, by Telegram's numbers; deleted messages, and service messages in which nobody says
anything, are none. Of an album, neighbours are outside of it. What does not belong here: replies and threads.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.references import locate
from tg_assets.answers.rows import COLUMNS, JOINED, SPEAKS, Message, message_by_id, message_of
from tg_assets.errors import TgAssetsError
from tg_assets.stores.prepared import prepared

MOST = 100
"""Neighbours on one side that a person may ask for."""
READ = (0, 2, 5, 20, MOST)
"""How many are read on a side, the least that are enough: so few statements are planned, and kept."""


@dataclass(frozen=True, slots=True)
class Around:
    """Messages before and after one, each in the order in which they were written."""

    before: tuple[Message, ...] = ()
    after: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Surrounded:
    """A message and its neighbours."""

    message: Message
    before: tuple[Message, ...]
    after: tuple[Message, ...]


# An anchor is a message, or an album; of what is in an album, neighbours are before its first and after its last one.
_ANCHORS = f"""
    SELECT m.id AS anchor, m.channel_id, coalesce(a.first, m.telegram_message_id) AS first,
           coalesce(a.last, m.telegram_message_id) AS last
    FROM messages m JOIN channels c ON c.id = m.channel_id
    CROSS JOIN LATERAL (SELECT min(n.telegram_message_id) AS first, max(n.telegram_message_id) AS last
                        FROM messages n WHERE n.album_id = m.album_id) a
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND {SEEN}
    UNION ALL
    SELECT g.id, g.channel_id, a.first, a.last
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    CROSS JOIN LATERAL (SELECT min(n.telegram_message_id) AS first, max(n.telegram_message_id) AS last
                        FROM messages n WHERE n.album_id = g.id) a
    WHERE g.id = ANY(CAST(:ids AS uuid[])) AND {SEEN}
"""  # noqa: S608 - a constant
_SIDE = f"""
    (SELECT m.id, CAST('{{side}}' AS text) AS side FROM messages m
     WHERE m.channel_id = anchors.channel_id AND m.telegram_message_id {{where}} AND {SPEAKS}
     ORDER BY m.telegram_message_id {{order}} LIMIT {{{{{{side}}}}}})
"""  # noqa: S608 - a constant
# Limits are in the text: of one that is a parameter the server thinks that it may be a tenth of all messages, and so
# plans such a statement anew each time.
_NEAR = f"""
    WITH anchors AS MATERIALIZED ({_ANCHORS})
    SELECT anchors.anchor, near.side, {COLUMNS}
    FROM anchors CROSS JOIN LATERAL (
        {_SIDE.format(side="before", where="< anchors.first", order="DESC")}
        UNION ALL
        {_SIDE.format(side="after", where="> anchors.last", order="ASC")}
    ) near JOIN ({JOINED}) ON m.id = near.id
    ORDER BY m.telegram_message_id
"""  # noqa: S608 - constants


def neighbours(
    connection: Connection, archive: Archive, wanted: Collection[UUID], before: int, after: int
) -> Mapping[UUID, Around]:
    """So many neighbours of each message or album that the archive shows, by its id."""
    if not wanted or not (before or after):
        return {}
    values = {"ids": [str(one) for one in wanted], **archive.seen}
    statement = prepared(_NEAR.format(before=_enough(before), after=_enough(after)))
    found: dict[UUID, dict[str, list[Message]]] = {}
    for row in connection.execute(statement, values):
        sides = found.setdefault(row.anchor, {"before": [], "after": []})
        sides[row.side].append(message_of(row, archive.tenant))
    return {
        anchor: Around(tuple(both["before"][-before:] if before else ()), tuple(both["after"][:after]))
        for anchor, both in found.items()
    }


def _enough(wanted: int) -> int:
    return min(most for most in READ if most >= wanted)


def check_count(name: str, count: int, most: int, least: int = 0) -> int:
    """A number that somebody asked for. Raises TgAssetsError that names it."""
    if not least <= count <= most:
        raise TgAssetsError(f"{name}={count} is not possible: {least} to {most} please.")
    return count


def around(archive: Archive, given: str | UUID, before: int = 5, after: int = 5) -> Surrounded:
    """A message, named as ``references`` reads it, and its neighbours. Raises NotThere."""
    check_count("before", before, MOST)
    check_count("after", after, MOST)
    with archive.reading() as connection:
        one = locate(connection, archive, given)
        message = message_by_id(connection, archive, one)
        near = neighbours(connection, archive, [one], before, after).get(one, Around())
    return Surrounded(message, near.before, near.after)
