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
    reply, album, forwarded_post, before or after. ``passage`` counts the pieces of chats that the bundle is made of,
    best first; ``score`` is the chance of what was found, None of what is around it."""

    label: int
    passage: int
    why: str
    score: float | None
    message: Message
    album_size: int | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages for a question. ``tokens`` is how long it is as Markdown, as ``how`` says; ``left_out`` are results for
    which there was no room, ``same`` those that are there already, or whose words are; ``needed`` is what the best one
    takes where not even that is in."""

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
    """What is in a bundle, before it has numbers: passages, each with its messages in order of time, the reason of each
    and the result that it came with."""

    passages: tuple[tuple[tuple[str, Message, Gathered], ...], ...]
    left_out: int
    same: int
    needed: int | None


def choose(gathered: Sequence[Gathered], budget: int, cost: Callable[[Gathered, str, Message], int]) -> Chosen:
    """What of the results, best first, fits into so many tokens; ``cost`` is that of a message of a result."""
    used, ids, words, same = 0, set[UUID](), set[str](), set[int]()
    kept: dict[int, list[tuple[str, Message, Gathered]]] = {}
    # A result that stands near a better one is put there: a conversation is read in its order.
    home = _homes(gathered)

    taken = set[int]()

    def take(rank: int, why: str, message: Message, most: float) -> bool:
        nonlocal used
        price = cost(gathered[rank], why, message)
        if used + price > most:
            return False
        used += price
        ids.add(message.id)
        words.add(_key(message))
        kept.setdefault(home[rank], []).append((why, message, gathered[rank]))
        taken.update([rank] if why == "found" else [])
        return True

    def found(most: float) -> list[int]:
        """Take what was found; returns the ranks for which there is no room."""
        left = []
        for rank, one in enumerate(gathered):
            if rank in taken or rank in same:
                continue
            if one.found.id in ids or (_key(one.found) and _key(one.found) in words):
                same.add(rank)
            elif not take(rank, "found", one.found, most):
                left.append(rank)
        return left

    best = cost(gathered[0], "found", gathered[0].found) if gathered else 0
    found(max(budget * FOUND_SHARE, best if best <= budget else 0))  # the best one may take more than its share
    ranks = sorted(taken)
    for turn in zip_longest(*(gathered[rank].around for rank in ranks)):
        for rank, one in zip(ranks, turn, strict=True):
            if one and one[1].id not in ids and (key := _key(one[1])) and key not in words:
                take(rank, one[0], one[1], budget)
    left = found(budget)
    passages = tuple(tuple(sorted(kept[rank], key=_time)) for rank in sorted(kept))
    return Chosen(passages, len(left), len(same), None if kept or not gathered else best)


def _homes(gathered: Sequence[Gathered]) -> list[int]:
    """By rank, that of the best result that has it around, or its own."""
    homes, around = list[int](), dict[UUID, int]()
    for rank, one in enumerate(gathered):
        homes.append(around.get(one.found.id, rank))
        for _, near in one.around:
            around.setdefault(near.id, homes[rank])
    return homes


def _key(message: Message) -> str:
    return clean(message.words).casefold()


def _time(one: tuple[str, Message, Gathered]) -> tuple[object, ...]:
    return one[1].posted_at, one[1].message_id


def numbered(chosen: Chosen) -> tuple[Source, ...]:
    """The messages with their numbers, in the order in which they are written."""
    flat = [(place, *one) for place, several in enumerate(chosen.passages, 1) for one in several]
    return tuple(
        Source(label, place, why, round(one.score, 3), message, one.album_size)
        if why == "found"
        else Source(label, place, why, None, message)
        for label, (place, why, message, one) in enumerate(flat, 1)
    )
