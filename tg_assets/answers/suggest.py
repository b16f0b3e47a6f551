"""Search while somebody types: the last word is the beginning of one, which the found posts complete.

No list of words is kept: it would have to be counted, and forgotten, word by word. The 3-grams of a beginning («ген» is
``␣ге ген``) find posts that have a word which begins so, by the index that is there; how words go on is read in those
posts. So nothing is suggested that could not be found, and what was deleted is not suggested. The model is not asked.
What does not belong here: the search for what was typed to its end (``search``).
"""

from dataclasses import dataclass, replace

from tg_assets.answers.archive import Archive
from tg_assets.answers.candidates import Candidates
from tg_assets.answers.ranked import Hit, albums_once, as_hits, weighing
from tg_assets.index.fusion import fuse
from tg_assets.index.sparse import lemma_query, prefix_query
from tg_assets.stores.vectors import LEMMAS, TRIGRAMS, Narrow
from tg_assets.tagging.lemmas import words

LEG_HITS = 40
EVEN = {LEMMAS: 0.5, TRIGRAMS: 0.5}
INCOMPLETE = 0.3
"""What is left of the score of a post in which no word begins as the last one does."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """``words`` are whole words for the last one, most likely first; ``hits`` are posts, best first."""

    words: list[str]
    hits: list[Hit]


def suggest(archive: Archive, typed: str, narrow: Narrow = Narrow(), limit: int = 8) -> Suggestions:  # noqa: B008
    """What may be meant by what was typed so far; nothing for less than two letters."""
    said = words(typed)
    if len("".join(said)) < 2:
        return Suggestions([], [])
    whole = typed[-1:].isspace()
    beginning = "" if whole else said[-1]
    before = " ".join(said if whole else said[:-1])
    bound = archive.narrowed(narrow)
    if bound is None:
        return Suggestions([], [])
    # Units of conversations have no row of their own: what is shown while typing are posts and albums.
    bound = bound if bound.kind else replace(bound, kinds=("post", "album"))
    with archive.vectors.tenant(archive.tenant) as index, archive.reading() as connection:
        asked = lemma_query(before), prefix_query(before, beginning)
        found = index.search(weighing(archive, connection, *asked)(*asked), bound, LEG_HITS)
        rows = Candidates(connection, archive, bound).of({point for hits in found.values() for point, _ in hits})
    seen = {name: [hit for hit in hits if hit[0] in rows] for name, hits in found.items()}
    ranked: list[tuple[str, float]] = []
    complete: dict[str, float] = {}
    for point, score in fuse(seen, EVEN):
        row = rows[point]
        going_on = {word for word in row.passage.said.union(words(row.author_name or "")) if _goes_on(word, beginning)}
        for word in going_on:
            complete[word] = complete.get(word, 0.0) + score
        ranked.append((point, score if going_on or whole else INCOMPLETE * score))
    ranked.sort(key=lambda hit: (-hit[1], hit[0]))
    best = sorted(complete, key=lambda word: (-complete[word], len(word), word))
    return Suggestions(best[:limit], as_hits(rows, albums_once(rows, ranked), typed, limit))


def _goes_on(word: str, beginning: str) -> bool:
    return bool(beginning) and word.startswith(beginning)
