"""What a language model, or a person, is given to answer from: numbered messages within a budget of tokens.

Every message that is in is whole. What was found comes first, best first; then, round by round, what is nearest to each
of them, until the budget is used. Nothing is in twice, nor the same words twice. Pure: messages in, a bundle out, the
same for the same. What does not belong here: finding and gathering (``context``), how it is written (``markdown``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from tg_assets.answers.rows import Message
from tg_assets.tagging.cleaning import clean

FOUND_SHARE = 0.6
"""Of the budget, what messages that were found may take before those around them; what is left is for either."""


@dataclass(frozen=True, slots=True)
class Source:
    """A message of a bundle. ``label`` is its number there, from 1 on; ``why`` is how it came in: found, reply_to,
    reply, album, forwarded_post, before or after; ``result`` is the rank of the result that it came with, ``score``
    that result's chance."""

    label: int
    result: int
    why: str
    score: float
    message: Message
    album_size: int | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages for a question. ``tokens`` is how long it is as Markdown, as ``how`` says; ``left_out`` are results for
    which there was no room, ``same`` those whose words are there already; ``needed`` is what the best one takes where
    not even that is in."""

    question: str
    fits: bool
    budget: int
    tokens: int
    how: str
    sources: tuple[Source, ...]
    left_out: int
    same: int
    needed: int | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """A result, and what is around it in the order of how much it explains: ``(why, message)``."""

    score: float
    found: Message
    around: tuple[tuple[str, Message], ...]
    album_size: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is in a bundle, before it has numbers: by result, the messages in order of time."""

    results: tuple[tuple[Gathered, tuple[tuple[str, Message], ...]], ...]
    left_out: int
    same: int
    needed: int | None


def choose(gathered: Sequence[Gathered], budget: int, cost: Callable[[Gathered, str, Message], int]) -> Chosen:
    """What of the results, best first, fits into so many tokens; ``cost`` is that of a message of a result."""
    used, ids, words, same = 0, set[UUID](), set[str](), set[int]()
    kept: dict[int, list[tuple[str, Message]]] = {}

    def take(rank: int, why: str, message: Message, most: float) -> bool:
        nonlocal used
        price = cost(gathered[rank], why, message)
        if used + price > most:
            return False
        used += price
        ids.add(message.id)
        words.add(_key(message))
        kept.setdefault(rank, []).append((why, message))
        return True

    def found(most: float) -> list[int]:
        """Take what was found; returns the ranks for which there is no room."""
        left = []
        for rank, one in enumerate(gathered):
            if rank in kept or rank in same:
                continue
            if one.found.id in ids or (_key(one.found) and _key(one.found) in words):
                same.add(rank)
            elif not take(rank, "found", one.found, most):
                left.append(rank)
        return left

    best = cost(gathered[0], "found", gathered[0].found) if gathered else 0
    found(max(budget * FOUND_SHARE, best if best <= budget else 0))  # the best one may take more than its share
    ranks = sorted(kept)
    for turn in zip_longest(*(gathered[rank].around for rank in ranks)):
        for rank, one in zip(ranks, turn, strict=True):
            if one and one[1].id not in ids and (key := _key(one[1])) and key not in words:
                take(rank, one[0], one[1], budget)
    left = found(budget)
    results = tuple((gathered[rank], tuple(sorted(kept[rank], key=_time))) for rank in sorted(kept))
    return Chosen(results, len(left), len(same), None if kept or not gathered else best)


def _key(message: Message) -> str:
    return clean(message.words).casefold()


def _time(one: tuple[str, Message]) -> tuple[object, ...]:
    return one[1].posted_at, one[1].message_id


def numbered(chosen: Chosen) -> tuple[Source, ...]:
    """The messages with their numbers, in the order in which they are written."""
    flat = [
        (rank, one, why, message) for rank, (one, several) in enumerate(chosen.results, 1) for why, message in several
    ]
    return tuple(
        Source(label, rank, why, round(one.score, 3), message, one.album_size if why == "found" else None)
        for label, (rank, one, why, message) in enumerate(flat, 1)
    )
