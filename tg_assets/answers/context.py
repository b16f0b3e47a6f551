"""Context for a language model: what an archive has on a question, numbered, cited and within a budget of tokens.

What was found is put where it stands: what it replies to and who replied, its album, what it was forwarded from, the
messages before and after. No model is asked, and the same archive gives the same bundle. What does not belong here:
the ranking (``ranked``), what fits (``bundle``), how it is written (``markdown``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.answers.albums import Album, albums_by_id
from tg_assets.answers.archive import Archive
from tg_assets.answers.bundle import Bundle, Gathered, choose, numbered
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.markdown import HEAD_TOKENS, QUESTION, cost
from tg_assets.answers.neighbours import Around, check_count, neighbours
from tg_assets.answers.ranked import Hit, fits, now_in, ranked
from tg_assets.answers.relations import related
from tg_assets.answers.rows import Message, messages_by_id
from tg_assets.answers.search import narrowing
from tg_assets.answers.shown import one_line
from tg_assets.answers.tokens import HOW, text_tokens
from tg_assets.index.evidence import FAIR

FEWEST, DEFAULT, MOST = 300, 4000, 200_000
"""Tokens of a bundle."""
RESULTS = 20
"""Results that are looked at."""
NEAREST = 3
"""Results that are shown where nothing fits."""
NEAR, REPLIES = 4, 6
"""Messages on either side of what was found, and replies to it, that may come in."""


def context(
    archive: Archive,
    question: str,
    *,
    tokens: int = DEFAULT,
    kind: str | None = None,
    tags: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    author: str | None = None,
    lang: str | None = None,
    feeds: Sequence[str] = (),
    zone: str | None = None,
) -> Bundle:
    """A bundle for a question within so many tokens, ``FEWEST`` to ``MOST``; narrowed as ``search`` is.

    ``markdown.as_text`` writes it. Raises TgAssetsError for a question without words or a value that cannot be.
    """
    check_count("tokens", tokens, MOST, FEWEST)
    narrow = narrowing(kind=kind, tags=tags, since=since, until=until, author=author, lang=lang, feeds=feeds)
    with archive.reading() as connection:
        check_feeds(archive, feeds)
        hits = ranked(archive, question, narrow, RESULTS, now_in(zone))
        good = fits(hits)
        hits = [hit for hit in hits if hit.score >= FAIR] if good else hits[:NEAREST]
        gathered = _gathered(connection, archive, hits)
    # A word is at least a token, so a long question is no way to more than was asked for.
    head = HEAD_TOKENS + text_tokens(one_line(question, QUESTION))
    chosen = choose(gathered, tokens - head, cost)
    sources = numbered(chosen)
    used = head + sum(cost(one, why, message) for several in chosen.passages for why, message, one in several)
    return Bundle(question, good, tokens, used, HOW, sources, chosen.left_out, chosen.same, chosen.needed)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Everything around what was found, by id."""

    messages: Mapping[UUID, Message]
    near: Mapping[UUID, Around]
    replies: Mapping[UUID, Sequence[UUID]]
    albums: Mapping[UUID, Album]


def _gathered(connection: Connection, archive: Archive, hits: Sequence[Hit]) -> list[Gathered]:
    """Results with what is around them: a fixed number of statements."""
    ids = [hit.post for hit in hits]
    found_albums = albums_by_id(connection, archive, [hit.post for hit in hits if hit.kind == "album"])
    anchors = {one: found_albums[one].items[0].id if one in found_albums else one for one in ids}
    found = messages_by_id(connection, archive, list(anchors.values()))
    replies: dict[UUID, list[UUID]] = {}
    for message, _, other in related(connection, archive, list(found), REPLIES, forwards=False):
        replies.setdefault(message, []).append(other)
    others_of = {one.album for one in found.values() if one.album and one.album not in found_albums}
    albums = {**found_albums, **albums_by_id(connection, archive, others_of)}
    named = [each for one in found.values() for each in (one.reply_to, one.forwarded_post) if each]
    items = [item.id for one in albums.values() for item in one.items]
    others = messages_by_id(connection, archive, [*named, *chain.from_iterable(replies.values()), *items])
    above = [one.reply_to for one in others.values() if one.id in set(named) and one.reply_to]
    messages = {**messages_by_id(connection, archive, above), **others, **found}
    around = _Surroundings(messages, neighbours(connection, archive, list(found), NEAR, NEAR), replies, albums)
    gathered = []
    for hit in hits:
        if (one := found.get(anchors[hit.post])) and one.deleted_at is None:
            album = albums.get(one.album) if one.album else None
            gathered.append(Gathered(hit.score, one, tuple(_around(one, around)), len(album.items) if album else None))
    return gathered


def _around(one: Message, known: _Surroundings) -> Iterator[tuple[str, Message]]:
    """What explains a message, the most telling first."""
    above, seen = one, {one.id}
    while above.reply_to and above.reply_to not in seen and (above.reply_to in known.messages):
        above = known.messages[above.reply_to]
        seen.add(above.id)
        yield "reply_to", above
    if one.forwarded_post and one.forwarded_post in known.messages:
        yield "forwarded_post", known.messages[one.forwarded_post]
    if one.album and one.album in known.albums:
        for item in known.albums[one.album].items:
            if item.id != one.id and item.id in known.messages:
                yield "album", known.messages[item.id]
    for reply in known.replies.get(one.id, ()):
        if reply in known.messages:
            yield "reply", known.messages[reply]
    sides = known.near.get(one.id, Around())
    for before, after in zip_longest(reversed(sides.before), sides.after):
        yield from [("before", before)] if before else []
        yield from [("after", after)] if after else []
