"""What the context of a line adds to finding it: neighbours, and units of conversations, beside the line alone.

Sets: the made-up chats and long dialogues (English and Russian questions), long dialogues that were written line by
line, and, where the data are beside the checkout, posts and questions of a real group that got replies: the question is
taken out, and its replies are what it should find. ``among all``: of these three, in one archive with the others. Legs
and order are those of ``retrieval``; windows are cut by the rule of ``tg_assets.conversations``. ``in the vector`` is
the other way to have neighbours count, which is not taken: their words at half weight in the line's own sparse vectors.
``bm25`` is of words as written, with the author's name and the two lines before and after at half weight.
Run: ``python -m benchmarks context``.
"""

import gzip
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from benchmarks.chats import Chats, chats
from benchmarks.dialogues import dialogues
from benchmarks.golden import Bm25
from benchmarks.ingest import EXPORT
from benchmarks.lines import Legs, Line, Set
from benchmarks.retrieval import DATA, _measure, xquad
from benchmarks.talks import HELD, LOOKED_AT, talk
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index.fusion import best_first
from tg_assets.index.question import asked
from tg_assets.index.ranking import order
from tg_assets.index.text import has_words

PAIRS, MESSAGES, FIRST = 300, 6000, 40_000
ARTICLES = 12


def made(talk: Chats, language: str) -> Set:
    """Of a made-up set the questions in one language."""
    lines = [Line(one.chat, one.author, one.at, one.text) for one in talk.messages]
    return Set(lines, [(one.text, one.evidence) for one in talk.questions if one.language == language])


def replies(begin: int = FIRST, seed: int = 5) -> Set:
    """Questions of a real group, each taken out; what it should find are the longer replies to it.

    They are of ``MESSAGES`` of its export from number ``begin`` on.
    """
    every = orjson.loads(gzip.decompress(EXPORT.read_bytes()))["messages"][begin : begin + MESSAGES]
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


class _Plain:
    """BM25 of lines with their authors, and of five lines at half weight."""

    def __init__(self, of: Set) -> None:
        lines = of.lines
        five = [" ".join(line.text for line in lines[max(0, at - 2) : at + 3]) for at in range(len(lines))]
        self._parts = (Bm25([f"{line.author} {line.text}" for line in lines]), 1.0), (Bm25(five), 0.5)
        self._most = len(lines)

    def search(self, question: str) -> list[tuple[int, float]]:
        said, scores = " ".join(asked(question)), defaultdict[int, float](float)
        for part, share in self._parts:
            for line, score in part.search(said, self._most):
                scores[line] += share * score
        return best_first(scores.items())


def measure(of: Set, embedder: Embedder) -> dict[str, dict[str, float]]:
    """Ratios of BM25, of lines alone, with neighbours' words in their vectors, with neighbours, and with units too."""
    legs, ranked, plain = Legs(of, embedder), defaultdict[str, list[Any]](list), _Plain(of)
    for number, (question, _) in enumerate(of.questions):
        ranked["bm25"].append(plain.search(question))
        for how, found in legs.by_context(number).items():
            ranked[how].append([(int(key), score) for key, score in order(question, found, legs.passage)])
    return {how: _measure(hits, of.questions) for how, hits in ranked.items()}


def among(asked: Sequence[Set], *others: Set) -> Set:
    """Questions of some sets, asked of one archive with the lines of all."""
    lines, questions = list[Line](), list[tuple[str, frozenset[int]]]()
    for number, one in enumerate((*asked, *others)):
        if number < len(asked):
            questions += [(said, frozenset(len(lines) + place for place in right)) for said, right in one.questions]
        lines += one.lines
    return Set(lines, questions)


def passages(language: str) -> Set:
    """XQuAD's of the first articles, as posts of a channel that lie days apart."""
    corpus = xquad(language, language, articles=ARTICLES)
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    lines = [Line("posts", None, begun + timedelta(days=number), text) for number, text in enumerate(corpus.texts)]
    return Set(lines, corpus.questions[1::2])


def sets() -> dict[str, Set]:
    """Every set by its name; seeds that the shares were not chosen on are marked ``held``."""
    found = {
        "chats en": made(chats(), "en"),
        "chats en held": made(chats(12), "en"),
        "chats ru>en held": made(chats(13), "ru"),
        "dialogues en": made(dialogues(), "en"),
        "dialogues en held": made(dialogues(23), "en"),
        "dialogues ru>en held": made(dialogues(22), "ru"),
        **{f"talk {name}": talk(name) for name in LOOKED_AT},
        **{f"talk {name} held": talk(name) for name in HELD},
    }
    if DATA.exists() and EXPORT.exists():
        talks, posts, group = [talk(name) for name in HELD], passages("en"), replies()
        found |= {
            "replies held": group,
            "posts": posts,
            "talks held among all": among(talks, posts, group),
            "posts among all": among([posts], *talks, group),
            "replies held among all": among([group], *talks, posts),
        }
    return found


def run() -> list[dict[str, Any]]:
    """One row per set and ratio."""
    embedder, rows = UseEmbedder(), list[dict[str, Any]]()
    for name, one in sets().items():
        found = measure(one, embedder)
        for ratio in ("hit@1", "hit@10", "nDCG@10"):
            rows.append({"what": name, "ratio": ratio, **{leg: ratios[ratio] for leg, ratios in found.items()}})
    return rows
