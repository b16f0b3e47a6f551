"""What the context of a line adds to finding it: neighbours, and units of conversations, beside the line alone.

Sets: the made-up chats and long dialogues (English and Russian questions), and, where the export is beside the
checkout, questions of a real group that got replies: the question is taken out, and its replies are what it should
find. Legs and order are those of ``retrieval``; windows are cut by the rule of ``tg_assets.conversations``. ``in the
vector`` is the other way to have neighbours count, which is not taken: their words at half weight in the line's own
sparse vectors.
Run: ``python -m benchmarks context``.
"""

import gzip
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from typing import Any

import orjson

from benchmarks.chats import Chats, chats
from benchmarks.dialogues import dialogues
from benchmarks.ingest import EXPORT
from benchmarks.retrieval import SparseIndex, _measure, top
from tg_assets.conversations.lookup import REACH
from tg_assets.conversations.windows import NEAR
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index.context import DEEP, MATTER, UNITS, own
from tg_assets.index.evidence import Passage
from tg_assets.index.question import asked
from tg_assets.index.ranking import order
from tg_assets.index.sparse import SparseVector, document_vectors, lemma_query, trigram_query
from tg_assets.index.text import has_words
from tg_assets.index.units import lifted
from tg_assets.tagging.lemmas import lemma, words

SILENCE = timedelta(minutes=30)
LEGS: Mapping[str, Callable[[str], SparseVector]] = {"lemmas": lemma_query, "trigrams": trigram_query}
PAIRS, MESSAGES, FIRST = 300, 6000, 40_000
HALF = {"lemmas": 0.5, "trigrams": 0.25}
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


def made(talk: Chats, language: str) -> Set:
    """Of a made-up set the questions in one language."""
    lines = [Line(one.chat, one.author, one.at, one.text) for one in talk.messages]
    return Set(lines, [(one.text, one.evidence) for one in talk.questions if one.language == language])


def replies(seed: int = 5) -> Set:
    """Questions of a real group, each taken out; what it should find are the longer replies to it."""
    every = orjson.loads(gzip.decompress(EXPORT.read_bytes()))["messages"][FIRST : FIRST + MESSAGES]
    said = {one["id"]: (one, _flat(one["text"])) for one in every if one.get("type") == "message"}
    answers = defaultdict(list)
    for number, (one, text) in said.items():
        if (to := one.get("reply_to_message_id")) in said and len(text) > 25 and has_words(text):
            answers[to].append(number)
    asking = [one for one in answers if "?" in said[one][1] and 4 <= len(asked(said[one][1])) <= 15]
    random.Random(seed).shuffle(asking)
    held = set(asking[:PAIRS])
    kept = [number for number, (_, text) in said.items() if number not in held and has_words(text)]
    place = {number: at for at, number in enumerate(kept)}
    lines = [
        Line("group", one.get("from"), datetime.fromtimestamp(int(one["date_unixtime"]), UTC), text[:2000])
        for one, text in map(said.__getitem__, kept)
    ]
    found = [(said[one][1], frozenset(place[to] for to in answers[one] if to in place)) for one in asking[:PAIRS]]
    return Set(lines, [one for one in found if one[1]])


def _flat(text: Any) -> str:
    return text if isinstance(text, str) else "".join(one if isinstance(one, str) else one["text"] for one in text)


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


def measure(of: Set, embedder: Embedder) -> dict[str, dict[str, float]]:
    """Ratios of the lines alone, with neighbours' words in their vectors, with neighbours, and with units as well."""
    fields = [document_vectors(line.text, line.author, line.chat) for line in of.lines]
    names = [frozenset(map(lemma, words(line.author or ""))) for line in of.lines]
    talks = _talks(of.lines)
    near: dict[str, list[str]] = {}
    for talk in talks:
        for at, number in enumerate(talk):
            near[str(number)] = [str(one) for one in (*talk[max(0, at - REACH) : at], *talk[at + 1 : at + 1 + REACH])]
    windows = _windows(talks)
    members = {str(at): [str(one) for one in window] for at, window in enumerate(windows)}
    whole = [_joined(of.lines, window) for window in windows]
    lines = {name: SparseIndex([one[leg] for one in fields]) for leg, name in enumerate(LEGS)}
    units = {name: SparseIndex([one[leg] for one in whole]) for leg, name in enumerate(LEGS)}
    mixed = {name: SparseIndex(_mixed(of.lines, fields, near, leg, HALF[name])) for leg, name in enumerate(LEGS)}
    dense = embedder.encode([one for one, _ in of.questions]) @ embedder.encode([line.text for line in of.lines]).T
    look = cache(lambda key: Passage(of.lines[int(key)].text, of.lines[int(key)].author, of.lines[int(key)].chat))
    ranked: dict[str, list[Any]] = defaultdict(list)
    for number, (question, _) in enumerate(of.questions):
        alone = {"dense": _keyed(top(dense[number], 100))}
        alone |= {name: _keyed(lines[name].search(query(question), DEEP)) for name, query in LEGS.items()}
        spoken = {name for hits in alone.values() for key, _ in hits[:MATTER] for name in names[int(key)]}
        matter = " ".join(word for word in asked(question) if lemma(word) not in spoken)
        about = {
            name: _keyed(lines[name].search(own(query(matter)), MATTER)) if matter else []
            for name, query in LEGS.items()
        }
        told = {name: _keyed(units[name].search(own(query(question)), UNITS)) for name, query in LEGS.items()}
        legs = {
            "alone": alone,
            "in the vector": {"dense": alone["dense"]}
            | {name: _keyed(mixed[name].search(query(question))) for name, query in LEGS.items()},
            "neighbours": lifted(alone, about, {}, near, {}),
            "and units": lifted(alone, about, told, near, members),
        }
        for name, found in legs.items():
            best = order(question, {leg: hits[:100] for leg, hits in found.items()}, look)
            ranked[name].append([(int(key), score) for key, score in best])
    return {name: _measure(hits, of.questions) for name, hits in ranked.items()}


def _keyed(hits: Sequence[tuple[int, float]]) -> Hits:
    return [(str(number), score) for number, score in hits]


def _joined(lines: Sequence[Line], window: Sequence[int]) -> tuple[SparseVector, SparseVector]:
    authors = " ".join(dict.fromkeys(lines[one].author or "" for one in window))
    return document_vectors("\n".join(lines[one].text for one in window), authors, lines[window[0]].chat)


def _mixed(
    lines: Sequence[Line],
    fields: Sequence[tuple[SparseVector, SparseVector]],
    near: Mapping[str, Sequence[str]],
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


def sets() -> dict[str, Set]:
    """Every set by its name; seeds that the shares were not chosen on are marked ``held``."""
    found = {
        "chats en": made(chats(), "en"),
        "chats en held": made(chats(12), "en"),
        "chats ru>en held": made(chats(13), "ru"),
        "dialogues en": made(dialogues(), "en"),
        "dialogues en held": made(dialogues(23), "en"),
        "dialogues ru>en held": made(dialogues(22), "ru"),
    }
    return found | ({"replies held": replies()} if EXPORT.exists() else {})


def run() -> list[dict[str, Any]]:
    """One row per set and ratio."""
    embedder, rows = UseEmbedder(), list[dict[str, Any]]()
    for name, one in sets().items():
        found = measure(one, embedder)
        for ratio in ("hit@1", "hit@10", "nDCG@10"):
            rows.append({"what": name, "ratio": ratio, **{leg: ratios[ratio] for leg, ratios in found.items()}})
    return rows
