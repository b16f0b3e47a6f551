"""How well search does by what people said of its results: where today what they said «this is it» of stands.

A question counts if anything was called it that the archive still shows; of several that were, the best place counts.
What does not belong here: keeping what is said (``judgements``), ranking by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.albums import albums_by_id
from tg_assets.answers.archive import Archive
from tg_assets.answers.ranked import Hit, ranked
from tg_assets.answers.rows import messages_by_id
from tg_assets.index.text import has_words

DEPTH = 100
"""Results of a question that are looked through."""
PLACES = (1, 5, 10)

# The last word on each result, whoever's it was.
_SAID = """
    SELECT question, array_agg(result_id) FILTER (WHERE is_it) AS meant,
           array_agg(result_id) FILTER (WHERE NOT is_it) AS not_meant
    FROM (SELECT DISTINCT ON (question, result_id) question, result_id, is_it FROM judgements
          ORDER BY question, result_id, judged_at DESC, token) said
    GROUP BY question ORDER BY question
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with where it stands: ``place`` is that of the best result that is it, from 1, None beyond ``DEPTH``.

    ``above`` are results before it (of none: among the first ten) of which was said that they are not it.
    """

    question: str
    place: int | None
    meant: tuple[UUID, ...]
    above: int


@dataclass(frozen=True, slots=True)
class Score:
    """Of some questions: the share 0…1 with a hit among the first so many, and the mean of 1/place (MRR)."""

    questions: int
    hits: Mapping[int, float]
    mrr: float


def judged_questions(archive: Archive) -> list[tuple[str, tuple[UUID, ...], tuple[UUID, ...]]]:
    """Questions with results that were called it, as far as the archive shows them, and with those that are not."""
    with archive.reading() as connection:
        rows = connection.execute(text(_SAID)).all()
        shown = _shown(connection, archive, [one for row in rows for one in row.meant or ()])
    kept = ((row.question, tuple(one for one in row.meant or () if one in shown), tuple(row.not_meant or ()))
            for row in rows if has_words(row.question))  # fmt: skip
    return [one for one in kept if one[1]]


def places(archive: Archive, questions: Sequence[tuple[str, tuple[UUID, ...], tuple[UUID, ...]]]) -> Iterator[Judged]:
    """Ask each question again: a search for each."""
    for question, meant, not_meant in questions:
        hits = ranked(archive, question, limit=DEPTH)
        place = next((number for number, hit in enumerate(hits, 1) if _is(hit, meant)), None)
        above = hits[: place - 1] if place else hits[: PLACES[-1]]
        yield Judged(question, place, meant, sum(_is(hit, not_meant) for hit in above))


def score(judged: Sequence[Judged]) -> Score:
    """Of no question nothing is right: all are 0."""
    found = [one.place for one in judged if one.place is not None]
    count = len(judged) or 1
    hits = {depth: sum(place <= depth for place in found) / count for depth in PLACES}
    return Score(len(judged), hits, sum(1 / place for place in found) / count)


def _is(hit: Hit, ids: Sequence[UUID]) -> bool:
    return hit.id in ids or hit.post in ids or any(copy.id in ids for copy in hit.copies)


def _shown(connection: Connection, archive: Archive, ids: Sequence[UUID]) -> set[UUID]:
    wanted = list(dict.fromkeys(ids))
    messages = messages_by_id(connection, archive, wanted).values()
    return {one.id for one in messages if one.deleted_at is None} | set(albums_by_id(connection, archive, wanted))
