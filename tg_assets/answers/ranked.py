"""Search: the index's legs in one round trip each, lifted by context, fused, and the rows behind the best points.

A score is the chance that the result is what was meant (``index.evidence``), so that results of two searches compare
and the best of nothing is not much. Private chats are found only for the archive's owners. What does not belong here:
ranking itself (``tg_assets.index``), rows (``candidates``), what a result carries (``search``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Connection

from tg_assets.answers.archive import Archive
from tg_assets.answers.candidates import Candidate, Candidates
from tg_assets.answers.pieces import Piece, marked, pieces
from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.index.conditions import Question, moved, recent, understand
from tg_assets.index.context import Found, Weigh, look
from tg_assets.index.copies import collapse
from tg_assets.index.evidence import FAIR
from tg_assets.index.fusion import best_first
from tg_assets.index.ranking import alone, order
from tg_assets.index.snippet import snippet
from tg_assets.index.sparse import SparseVector, lemma_query, trigram_query, weighted
from tg_assets.stores.collections import Collection, maker
from tg_assets.stores.vectors import LEMMAS, NOBODY, TRIGRAMS, Narrow
from tg_assets.stores.word_counts import frequencies
from tg_assets.tagging.lemmas import words
from tg_assets.vision.picture_words import picture_words, why_its_picture

LEG_HITS = 100


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place of a result's text."""

    id: UUID
    posted_at: datetime
    feed: str
    chat: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One found post, album or conversation; ``posted_at`` is aware UTC, ``id`` the post's, the album's or the unit's.

    A conversation's message, link and snippet are those of its best line.
    """

    id: UUID
    kind: str
    score: float
    posted_at: datetime
    feed: str
    chat: str | None
    author: str | None
    snippet: str
    """With ``~~`` around what is crossed out."""
    tags: list[str]
    link: str | None
    telegram_message_id: int | None
    post: UUID
    """Of a conversation the line that was found, else ``id``."""
    picture: str | None = None
    """What its picture shows, in the question's language, where a word of the question is of the picture alone."""
    conversation: UUID | None = None
    """The unit that was found with it, if any."""
    copies: tuple[Copy, ...] = ()
    """Where else the same text is."""
    pieces: tuple[Piece, ...] = ()
    """The snippet by who wrote it: a person, or a model that heard, described or read."""


def ranked(
    archive: Archive,
    query: str,
    narrow: Narrow = Narrow(),  # noqa: B008 - frozen
    limit: int = 10,
    now: datetime | None = None,
    half_life: timedelta | None = None,
) -> list[Hit]:
    """Best posts, albums and lines of conversations for a query in any language of the models.

    Owners and feeds are the archive's: ``narrow`` can name fewer feeds, nothing else. ``now``, aware, is what «вчера»
    is told by, without it this moment in UTC. With a ``half_life`` new ones come before old ones
    (``conditions.recent``). Of ``narrow.ids`` each is judged by itself. Raises TgAssetsError for a query without words.
    """
    if not words(query):
        raise TgAssetsError("A search needs at least one word.")
    bound = archive.narrowed(narrow)
    if bound is None:
        return []
    now = now or datetime.now(UTC)
    question = understand(query, now)
    about = question.about
    dense = cache(partial(_dense, about, archive.embedder()))
    judged, most = (alone, len(bound.ids)) if bound.ids else (order, LEG_HITS)
    with archive.vectors.tenant(archive.tenant) as index, archive.reading() as connection:
        candidates = Candidates(connection, archive, bound)
        weigh = weighing(archive, connection, lemma_query(about), trigram_query(about))
        search = partial(look, about, dense, weigh, index, candidates.of, connection, most=most)
        found, then = search(narrow=bound), _then(question, bound)
        if then:  # what is of the days that the question names, besides what is found at any time
            found = found.joined(search(narrow=then, floor=found.floor))
        looked = archive.pictures(query, archive.tenant, bound) if archive.pictures else {}
        # Rows of all hits, since some may be gone meanwhile: what nobody may see is not evidence either.
        rows = candidates.of({point for hits in found.legs.values() for point, _ in hits} | looked.keys())
    seen = {name: [hit for hit in hits if hit[0] in rows] for name, hits in found.legs.items()}
    chances = dict(judged(about, seen, lambda point: rows[point].passage))
    for point, chance in looked.items():
        if point in rows:
            chances[point] = max(chance, chances.get(point, 0.0))
    ordered = best_first(chances.items())
    best = moved(question, ordered, lambda point: rows[point].author_name, lambda point: rows[point].posted_at)
    if half_life is not None:
        best = recent(best, lambda point: rows[point].posted_at, now, half_life)
    if archive.rerank is not None:
        best = archive.rerank.order(query, best, lambda point: rows[point].whole)
    if not (bound.pictures or bound.ids):  # of which each counts
        best = albums_once(rows, best)
    return as_hits(rows, _each_once(best, found), about, limit, found)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def now_in(zone: str | None) -> datetime:
    """This moment in a zone that has an IANA name, without one in UTC. Raises TgAssetsError for a name that is none."""
    if zone is None:
        return datetime.now(UTC)
    if zone not in _zones():
        raise TgAssetsError("There is no such zone: zones have names like Asia/Tokyo.")
    return datetime.now(ZoneInfo(zone))


def as_hits(
    rows: Mapping[str, Candidate], best: Sequence[tuple[str, float]], query: str, limit: int, found: Found | None = None
) -> list[Hit]:
    """The first results as people see them, with the places of their copies.

    Two pictures that are described alike are no copies: what counts is what was written, spoken or read in them.
    """

    return [
        _hit(rows[point], score, query, [rows[copy] for copy in copies], found)
        for point, score, copies in collapse(best, lambda point: (rows[point].kind, rows[point].written), limit)
    ]


def fits(hits: Sequence[Hit]) -> bool:
    """Whether the best of the results is at all likely to be what was meant."""
    return bool(hits) and hits[0].score >= FAIR


def weighing(archive: Archive, connection: Connection, lemmas: SparseVector, trigrams: SparseVector) -> Weigh:
    """Makes legs of a query's lemmas and 3-grams, or of some of them.

    They are weighed by how rare they are in what these owners may see.
    """
    had = frequencies(connection, [NOBODY, *archive.owners], lemmas.indices, trigrams.indices)

    def weigh(lemmas: SparseVector, trigrams: SparseVector) -> dict[str, Any]:
        made = {
            LEMMAS: weighted(lemmas, had.lemmas, had.documents),
            TRIGRAMS: weighted(trigrams, had.trigrams, had.documents),
        }
        return {name: {"indices": leg.indices, "values": leg.values} for name, leg in made.items() if leg.indices}

    return weigh


def _then(question: Question, narrow: Narrow) -> Narrow | None:
    """The search limited to the days that a question names; None when it names none, or none that it may see."""
    if question.span is None or question.now is None:
        return None
    since, until = question.span.bounds(question.zone)
    since, until = max(since, narrow.since or since), min(until, narrow.until or until)
    return replace(narrow, since=since, until=until) if since < until else None


def albums_once(rows: Mapping[str, Candidate], best: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """An album that was found stands where it or the best of its messages would, and they beside it do not."""
    albums = {rows[point].album: point for point, _ in best if rows[point].kind == "album"}
    kept: dict[str, float] = {}
    for point, score in best:
        kept.setdefault(albums.get(rows[point].album, point), score)
    return list(kept.items())


def _each_once(best: Sequence[tuple[str, float]], found: Found) -> list[tuple[str, float]]:
    """Without all but the best of the lines that were found as a unit's only."""
    kept, units = list[tuple[str, float]](), set[UUID]()
    for point, score in best:
        unit = found.unit.get(point)
        if point not in found.itself and unit is not None:
            if unit.id in units:
                continue
            units.add(unit.id)
        kept.append((point, score))
    return kept


def _dense(query: str, chosen: Embedder, collection: Collection | None) -> list[float] | None:
    """The question's vector by the model of the index, which may be another than the one that was chosen since."""
    embedder = maker(collection, chosen)
    vector: list[float] | None = embedder.encode([query])[0].tolist() if embedder else None
    return vector


def _hit(row: Candidate, score: float, query: str, copies: Sequence[Candidate], found: Found | None) -> Hit:
    cut, post = snippet(row.whole, query), UUID(row.id)
    shown = pieces(row.parts, cut, row.runs)
    unit = found.unit.get(row.id) if found else None
    is_units = unit is not None and found is not None and row.id not in found.itself
    return Hit(
        unit.id if unit is not None and is_units else post,
        "conversation" if is_units else row.kind,
        score,
        row.posted_at,
        row.feed,
        row.title,
        row.author_name,
        marked(cut, shown),
        list(row.tags or ()),
        row.link,
        row.telegram_message_id,
        post,
        why_its_picture(picture_words(row.picture), query, row.whole),
        unit.id if unit else None,
        tuple(Copy(UUID(copy.id), copy.posted_at, copy.feed, copy.title, copy.link) for copy in copies),
        shown,
    )
