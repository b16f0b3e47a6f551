"""What people read in place of ids in an answer of the graph: posts, and the names of people, sources and chats.

All posts of an answer are read by one statement, bound to the archive's tenant, owners and feeds; a row about a post
that is not there (any more) is left out. What does not belong here: which rows there are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.asked_names import Chat
from tg_assets.answers.struck import MARK, OF_MESSAGE, Struck, runs, struck_in
from tg_assets.graph.questions.question import Column, Question, Row
from tg_assets.tagging.cleaning import clean

SHORT = 160
_UUID = 36
_TILDES = re.compile("~{2,}")
_POSTS = f"""
    SELECT m.id::text, m.posted_at, m.telegram_post_url AS link, m.author_name, m.forward_from_name, c.feed,
           coalesce(nullif(m.content, ''), s.data->>'text', v.data->>'description', v.data->'ocr'->>'text', '') AS said,
           {OF_MESSAGE}
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL AND {SEEN}
"""  # noqa: S608 - a constant
_OF_POST = ("post_id", "date", "feed", "text", "link")


def filled(
    connection: Connection, archive: Archive, question: Question, chats: Mapping[str, Chat], rows: Sequence[Row]
) -> tuple[tuple[str, ...], list[Row]]:
    """Columns of the answer, and its rows."""
    posts = _posts(connection, archive, question, rows)
    names = tuple(name for column in question.columns for name in _names(column))
    made = []
    for row in rows:
        if any(column.shown == "post" and row[column.name] not in posts for column in question.columns):
            continue
        found: Row = {}
        for column in question.columns:
            found.update(zip(_names(column), _values(column, row[column.name], posts, chats), strict=True))
        made.append(found)
    return names, made


def short(said: str, struck: Sequence[Struck] = ()) -> str:
    """The beginning of a text on one line, with ``~~`` around what is crossed out, and around nothing else."""
    whole = clean("".join(f"{MARK}{piece}{MARK}" if is_struck else piece for piece, is_struck in _own(said, struck)))
    if len(whole) <= SHORT:
        return whole
    return f"{_closed(whole[: SHORT - 3]) if struck else whole[: SHORT - 1].rstrip()}…"


def _own(said: str, struck: Sequence[Struck]) -> Iterator[tuple[str, bool]]:
    """Pieces of a text in which what a person typed is no mark of ours."""
    return ((_TILDES.sub("~", piece), is_struck) for piece, is_struck in runs(said, struck))


def _said(post: Any) -> str:
    return short(post.said, struck_in(post.struck))


def _closed(begun: str) -> str:
    """A beginning that may end in a mark, or between two."""
    if begun.endswith(MARK[0]) and not begun.endswith(MARK):
        begun = begun[:-1]
    if begun.count(MARK) % 2:
        begun = begun[: -len(MARK)] if begun.endswith(MARK) else begun + MARK
    return begun.rstrip()


def _posts(connection: Connection, archive: Archive, question: Question, rows: Sequence[Row]) -> dict[str, Any]:
    shown = [column for column in question.columns if column.shown in ("post", "person", "source")]
    ids = {row[column.name][-_UUID:] for row in rows for column in shown if row[column.name]}
    if not ids:
        return {}
    found = connection.execute(text(_POSTS), {"ids": sorted(ids), **archive.seen})
    return {row.id: row for row in found}


def _names(column: Column) -> tuple[str, ...]:
    if column.shown == "post":
        return _OF_POST
    return (column.name, f"{column.name}_id") if column.shown == "chat" else (column.name,)


def _values(column: Column, value: Any, posts: Mapping[str, Any], chats: Mapping[str, Chat]) -> Iterator[Any]:
    post = posts.get(value[-_UUID:]) if value and column.shown in ("post", "person", "source") else None
    match column.shown:
        case "post":
            yield from (value, post.posted_at, post.feed, _said(post), post.link) if post else ()
        case "person":
            yield post.author_name if post else None
        case "source":
            yield post.forward_from_name if post else None
        case "chat":
            chat = chats.get(value)
            yield from (chat.name if chat else None, value)
        case _:
            yield sorted(value) if isinstance(value, list) else value
