"""How much a text speaks to a query: the share of its words that are there, and the chance that it is what was meant.

    chance = 1 / (1 + exp(-(bias + words · coverage + meaning · cosine)))

The numbers come from logistic regressions on halves of XQuAD (Russian, English, one over the other, archives in both)
and of the made-up chats in ``benchmarks``, with questions asked of archives that cannot answer them; on the other
halves of the archives in both, of results with a chance of .6 or more 86 of a hundred were right, of those below .1
four. They hold for the default embedding model. Where question and text have no script in common, words cannot meet
and meaning alone counts. What does not belong here: the order of results (``fusion``).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp

from tg_assets.index.question import in_other_script, scripts
from tg_assets.tagging.lemmas import lemma, words

STRONG, FAIR = 0.5, 0.1
"""From which chance on a result is called so; below, it is weak."""
_SAME_SCRIPT = (-7.6, 8.6, 5.5)
_OTHER_SCRIPT = (-6.0, 0.0, 11.0)
_NEAR = 0.6
"""From which likeness on two words may be the same one misspelt, or in another script."""
_SHORT = 3
_LENGTHS = 4
"""Words whose lengths differ by this much are not compared."""


@dataclass(frozen=True)
class Passage:
    """A text as coverage looks at it: what was said, by whom and where, and what its picture is called.

    Everything is made when first looked at: of a few hundred hits a search compares the words of a few. Words that
    the picture is ``called`` by are of whatever language and meet whole words only.
    """

    text: str
    by: str | None = None
    chat: str | None = None
    called: str = ""

    @cached_property
    def said(self) -> frozenset[str]:
        """The words of the text alone."""
        return frozenset(words(self.text))

    @cached_property
    def words(self) -> frozenset[str]:
        """Those of the text and of the names beside it."""
        return self.said.union(_names(self.by or ""), _names(self.chat or ""))

    @cached_property
    def pieces(self) -> frozenset[str]:
        """Character 3-grams of the words."""
        return frozenset().union(*map(_pieces, self.words))

    @cached_property
    def scripts(self) -> frozenset[str]:
        """Of the text alone."""
        return scripts(self.text)

    @cached_property
    def picture(self) -> frozenset[str]:
        """What the picture is called."""
        return frozenset(words(self.called)) if self.called else frozenset()

    @property
    def author(self) -> frozenset[str]:
        """The author's words with their lemmas."""
        return _with_lemmas(self.by or "")

    @property
    def asks(self) -> bool:
        """Whether it asks something (``learned``)."""
        return self.text.rstrip(" )»\"'😀🙂").endswith("?")

    @cached_property
    def lemmas(self) -> frozenset[str]:
        """Of the words and of what the picture is called."""
        return frozenset(map(lemma, self.words | self.picture))

    def shows(self, word: str) -> bool:
        """Whether the picture is called so, in any form; of a hundred hits only words with that letter are read."""
        return any(other[0] == word[0] and lemma(other) == lemma(word) for other in self.picture)


@lru_cache(maxsize=1 << 12)
def _names(name: str) -> frozenset[str]:
    return frozenset(words(name))


@lru_cache(maxsize=1 << 12)
def _with_lemmas(name: str) -> frozenset[str]:
    return _names(name).union(map(lemma, _names(name)))


@lru_cache(maxsize=1 << 16)
def _pieces(word: str) -> frozenset[str]:
    padded = f" {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


_scripts = lru_cache(maxsize=1 << 10)(scripts)
"""Of a question, which is compared with hundreds of texts."""


@lru_cache(maxsize=1 << 15)
def _likeness(one: str, other: str) -> float:
    ours, theirs = _pieces(one), _pieces(other)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def _covered(word: str, passage: Passage) -> float:
    if word in passage.words or lemma(word) in passage.lemmas:
        return 1.0
    if len(word) <= _SHORT:
        return 0.0
    best = 0.0
    for form in _written(word):
        ours = _pieces(form)
        shared = len(ours & passage.pieces)
        if 2 * shared < _NEAR * (len(ours) + shared):  # no word can have enough of them
            continue
        near = (_likeness(form, other) for other in passage.words if -_LENGTHS < len(form) - len(other) < _LENGTHS)
        best = max(best, *near, 0.0)
    return best if best >= _NEAR else 0.0


@lru_cache(maxsize=1 << 10)
def _written(word: str) -> tuple[str, ...]:
    """How a word asked for may be written: so, and in the other script."""
    return tuple(form for form in (word, in_other_script(word)) if form and len(form) > _SHORT)


def coverage(asked: list[str], passage: Passage) -> float:
    """Share of the asked words that the passage has, 0…1; nearly the same word counts nearly as much."""
    return sum(_covered(word, passage) for word in asked) / len(asked) if asked else 0.0


def readable(asked: list[str], passage: Passage) -> bool:
    """Whether question and text have a script in common, so that words can meet; a number asks in any.

    A picture is called something in every script: it is enough that half of the words asked for are of it.
    """
    written = _scripts(" ".join(asked))
    if not written or written & passage.scripts:
        return True
    return bool(passage.picture) and 2 * sum(map(passage.shows, asked)) >= len(asked)


def chance(asked: list[str], passage: Passage, cosine: float) -> float:
    """Chance that the passage answers, 0…1; ``cosine`` is that of the dense vectors."""
    bias, by_words, by_meaning = _SAME_SCRIPT if readable(asked, passage) else _OTHER_SCRIPT
    return 1 / (1 + exp(-(bias + by_words * coverage(asked, passage) + by_meaning * cosine)))


def verdict(score: float) -> str:
    """A word for a chance."""
    return "strong" if score >= STRONG else "fair" if score >= FAIR else "weak"
