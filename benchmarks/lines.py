"""Lines of chats with questions about them, and the legs of a question as search has them, in memory.

Windows are cut by the rule of ``tg_assets.conversations``; threads are not known. What does not belong here: which
lines and questions (``context``), ratios.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import md5

from benchmarks.retrieval import SparseIndex, top
from tg_assets.answers.ranked import LEG_HITS
from tg_assets.conversations.lookup import REACH
from tg_assets.conversations.windows import NEAR
from tg_assets.embedder import Embedder
from tg_assets.index.context import DEEP, MATTER, UNITS, dialogues, own
from tg_assets.index.evidence import Passage
from tg_assets.index.question import asked
from tg_assets.index.sparse import SparseVector, document_vectors, lemma_query, trigram_query
from tg_assets.index.units import first, lifted
from tg_assets.tagging.lemmas import lemma, words

SILENCE = timedelta(minutes=30)
LEGS: Mapping[str, Callable[[str], SparseVector]] = {"lemmas": lemma_query, "trigrams": trigram_query}
HALF = {"lemmas": 0.5, "trigrams": 0.25}
"""What neighbours' words count in the other way to have them count."""
Hits = list[tuple[str, float]]


@dataclass(frozen=True)
class Line:
    """A line of a chat."""

    chat: str
    author: str | None
    at: datetime
    text: str


@dataclass(frozen=True)
class Set:
    """Lines in order of time, and questions with the numbers of the lines that answer them."""

    lines: Sequence[Line]
    questions: Sequence[tuple[str, frozenset[int]]]


@dataclass
class Said:
    """A line as search knows it; of whatever kind its chat is, it is looked whether two talk there."""

    channel_id: str
    author_name: str | None
    sender_tg_id: int | None = None
    source: str = "group"


class Beside:
    """Neighbours of lines with their ``places``, told for each question by whether two talk there, as search does."""

    def __init__(self, places: Mapping[str, Mapping[str, int]], said: Callable[[str], Said]) -> None:
        self.places, self._said = places, cache(said)
        self._talk: dict[str, dict[str, Mapping[str, int]]] = {}
        for line, others in places.items():
            self._talk.setdefault(self._said(line).channel_id, {})[line] = others
        self._near = {chat: {line: list(others) for line, others in of.items()} for chat, of in self._talk.items()}

    def of(
        self, alone: Mapping[str, Hits], about: Mapping[str, Hits]
    ) -> tuple[Mapping[str, Sequence[str]], Mapping[str, Mapping[str, int]]]:
        """Neighbours in groups, and those in dialogues with their places."""
        heard = {line for line, _ in alone["dense"][:LEG_HITS]}.union(
            line for hits in about.values() for line, _ in hits
        )
        of_two = dialogues(map(self._said, sorted(heard)))
        groups = [near for chat, near in self._near.items() if chat not in of_two]
        return ChainMap(*groups), ChainMap(*(self._talk.get(chat, {}) for chat in sorted(of_two)))


class Legs:
    """Legs of a set's questions as search has them, without context and with it."""

    def __init__(self, of: Set, embedder: Embedder) -> None:
        self.of = of
        fields = [document_vectors(line.text, line.author, line.chat) for line in of.lines]
        self._names = [frozenset(map(lemma, words(line.author or ""))) for line in of.lines]
        talks = _talks(of.lines)
        self._beside = Beside(
            {
                str(talk[at]): {str(talk[other]): other - at for other in _beside(at, len(talk))}
                for talk in talks
                for at in range(len(talk))
            },
            lambda line: Said(of.lines[int(line)].chat, of.lines[int(line)].author),
        )
        windows = _windows(talks)
        self._members = {str(at): [str(one) for one in window] for at, window in enumerate(windows)}
        whole = [_joined(of.lines, window) for window in windows]
        self._lines = {name: SparseIndex([one[leg] for one in fields]) for leg, name in enumerate(LEGS)}
        self._units = {name: SparseIndex([one[leg] for one in whole]) for leg, name in enumerate(LEGS)}
        self._fields = fields
        said = embedder.encode([line.text for line in of.lines])
        self._dense = embedder.encode([question for question, _ in of.questions]) @ said.T
        self.passage = cache(self._passage)

    @cached_property
    def _mixed(self) -> dict[str, SparseIndex]:
        """With neighbours' words in the lines' vectors."""
        return {
            name: SparseIndex(_mixed(self.of.lines, self._fields, self._beside.places, leg, HALF[name]))
            for leg, name in enumerate(LEGS)
        }

    def _passage(self, key: str) -> Passage:
        line = self.of.lines[int(key)]
        return Passage(line.text, line.author, line.chat)

    def _found(self, indices: Mapping[str, SparseIndex], said: str, most: int) -> dict[str, Hits]:
        """What words as they are written find."""
        return {
            name: _keyed(indices[name].search(own(query(said)), most)) if said else [] for name, query in LEGS.items()
        }

    def of_question(self, number: int) -> dict[str, Hits]:
        """With all that context adds."""
        return first(self._lifted(number)[-1], LEG_HITS)

    def by_context(self, number: int) -> dict[str, dict[str, Hits]]:
        """By how context counts."""
        question, _ = self.of.questions[number]
        alone, neighbours, units = self._lifted(number)
        mixed = {name: _keyed(self._mixed[name].search(query(question), DEEP)) for name, query in LEGS.items()}
        legs = {
            "alone": alone,
            "in the vector": {"dense": alone["dense"]} | mixed,
            "neighbours": neighbours,
            "and units": units,
        }
        return {how: first(found, LEG_HITS) for how, found in legs.items()}

    def _lifted(self, number: int) -> tuple[dict[str, Hits], dict[str, Hits], dict[str, Hits]]:
        """Alone, with neighbours, with units as well."""
        question, _ = self.of.questions[number]
        alone = {"dense": _keyed(top(self._dense[number], DEEP))}
        alone |= {name: _keyed(self._lines[name].search(query(question), DEEP)) for name, query in LEGS.items()}
        spoken = {name for leg in LEGS for key, _ in alone[leg][:MATTER] for name in self._names[int(key)]}
        matter = " ".join(word for word in asked(question) if lemma(word) not in spoken)
        about = self._found(self._lines, matter, MATTER)
        told = self._found(self._units, " ".join(asked(question)), UNITS)
        near, talk = self._beside.of(alone, about)
        return (
            alone,
            lifted(alone, about, {}, near, {}, talk),
            lifted(alone, about, told, near, self._members, talk),
        )


def _beside(at: int, size: int) -> list[int]:
    return [other for other in range(max(0, at - REACH), min(size, at + REACH + 1)) if other != at]


def _talks(lines: Sequence[Line]) -> list[list[int]]:
    """Numbers of lines between silences, chat by chat."""
    last: dict[str, list[int]] = {}
    found = []
    for number, line in enumerate(lines):
        talk = last.get(line.chat)
        if talk is None or line.at - lines[talk[-1]].at > SILENCE or line.at.date() != lines[talk[-1]].at.date():
            talk = last[line.chat] = []
            found.append(talk)
        talk.append(number)
    return found


def _windows(talks: Iterable[list[int]]) -> list[list[int]]:
    chance = cache(lambda number: md5(str(number).encode(), usedforsecurity=False).digest())
    found = []
    for talk in talks:
        cuts = [
            place
            for place in range(NEAR, len(talk) - NEAR)
            if chance(talk[place]) == min(map(chance, talk[place - NEAR : place + NEAR + 1]))
        ]
        found += [talk[i:j] for i, j in zip([0, *cuts], [*cuts, len(talk)], strict=True)]
    return [window for window in found if len(window) > 1]


def _keyed(hits: Sequence[tuple[int, float]]) -> Hits:
    return [(str(number), score) for number, score in hits]


def _joined(lines: Sequence[Line], window: Sequence[int]) -> tuple[SparseVector, SparseVector]:
    authors = " ".join(dict.fromkeys(lines[one].author or "" for one in window))
    return document_vectors("\n".join(lines[one].text for one in window), authors, lines[window[0]].chat)


def _mixed(
    lines: Sequence[Line],
    fields: Sequence[tuple[SparseVector, SparseVector]],
    near: Mapping[str, Iterable[str]],
    leg: int,
    share: float,
) -> list[SparseVector]:
    bare = [document_vectors(line.text)[leg] for line in lines]
    found = []
    for number in range(len(lines)):
        values = dict(zip(fields[number][leg].indices, fields[number][leg].values, strict=True))
        for other in near[str(number)]:
            for index, value in zip(bare[int(other)].indices, bare[int(other)].values, strict=True):
                values[index] = values.get(index, 0.0) + share * value
        found.append(SparseVector(sorted(values), [values[index] for index in sorted(values)]))
    return found
