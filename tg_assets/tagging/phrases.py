"""Noun phrases of a text in readable dictionary form: «дизельного генератора» becomes «дизельный генератор».

Russian: adjectives that agree with the noun after them, the noun, and nouns in the genitive («база данных»).
Latin words inside Russian and English text: runs of words that are not stop words. A phrase never crosses
punctuation. Which phrases are worth a tag is decided in ``tags``. Latin text in other languages than English
has no stop words here and gives single words only; other scripts give nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tg_assets.tagging.lemmas import fold, lemma
from tg_assets.tagging.readings import Reading, inflected, readings
from tg_assets.tagging.stopwords import DULL_WORDS, STOP_WORDS

# A word with its inner hyphens, or a mark that ends a phrase. A hyphen with blanks is a dash, a mark.
_TOKEN = re.compile(r"[^\W_]+(?:['.+_-][^\W_]+)*(?:\+\+|\#)?|[^\w\s]|_", re.UNICODE)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_RUSSIAN = re.compile("[а-я-]+")
_LATIN = re.compile(r"[a-z][a-z0-9'.+#-]*")
_LONGEST_WORD = 32
_LONGEST_RUN = 3
_MODIFIERS = frozenset({"ADJF", "PRTF"})
_ADJECTIVAL = ("ый", "ий", "ой", "ся")
# The English lemmatiser knows windows of glass only.
_NO_SINGULAR = frozenset({"windows", "news", "sales", "analytics", "kubernetes", "devops"})
_NO_TOPIC_ALONE = ("ed", "ing", "ly")
_DULL_PHRASES = frozenset({"график работы", "мера поступления", "добрый день", "рабочий день"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """One occurrence: the name to show, how many words, where (index of its first word), how special it is."""

    name: str
    length: int
    position: int
    named: bool
    """A name: by the dictionary, or by a capital letter inside a sentence."""
    known: bool = True
    """False for one word that no dictionary has; its form is a guess."""


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    written: str
    capital: bool
    position: int


def _segments(text: str) -> Iterator[list[_Token]]:
    """Runs of words between marks and stop words' company; a link must be taken out before."""
    run: list[_Token] = []
    position, fresh = 0, True
    for match in _TOKEN.finditer(text):
        raw = match[0]
        if not (raw[0].isalnum()):
            if run:
                yield run
            run, fresh = [], fresh or raw in ".!?…"
            continue
        word = _folded(raw)
        # The first word of a sentence is capital by rule, which says nothing about it.
        capital = raw[0].isupper() and not fresh
        fresh = False
        if len(word) > _LONGEST_WORD or not word:
            if run:
                yield run
            run = []
        else:
            run.append(_Token(word, raw, capital, position))
        position += 1
    if run:
        yield run


@lru_cache(maxsize=1 << 16)
def _folded(raw: str) -> str:
    return fold(raw)


@lru_cache(maxsize=1 << 16)
def _nouns(word: str) -> tuple[Reading, ...]:
    if not _RUSSIAN.fullmatch(word):
        return ()
    found = readings(word)
    # A word that is first of all something else («стали», «уже», «при») is not taken for a noun.
    return tuple(r for r in found if r.part == "NOUN") if found[0].part == "NOUN" else ()


@lru_cache(maxsize=1 << 16)
def _adjectives(word: str) -> tuple[Reading, ...]:
    if not _RUSSIAN.fullmatch(word):
        return ()
    return tuple(
        own
        for own in readings(word)
        if own.lemma not in STOP_WORDS
        and own.lemma.endswith(_ADJECTIVAL)
        and (own.part in _MODIFIERS or (own.part == "NOUN" and own.named))
    )


def _modifier(token: _Token, heads: Sequence[Reading]) -> tuple[Reading, list[Reading]] | None:
    """The adjective reading of the token and the noun readings it agrees with."""
    for own in _adjectives(token.word) if heads else ():
        agreed = [
            head
            for head in heads
            if own.case == head.case
            and own.number == head.number
            and (own.number == "plur" or not head.gender or own.gender == head.gender)
        ]
        if agreed:
            return own, agreed
    return None


def _agreeing(word: str, own: Reading, head: Reading) -> str:
    if head.always_plural or not head.gender:
        return inflected(word, own.lemma, frozenset({"nomn", "plur"}))
    if own.part == "ADJF" and head.gender == "masc":
        return own.lemma
    return inflected(word, own.lemma, frozenset({"nomn", "sing", head.gender}))


def _russian(run: list[_Token], i: int) -> tuple[Phrase, int] | None:
    """The phrase whose noun is at ``i`` and the index after it."""
    heads: Sequence[Reading] = _nouns(run[i].word)
    if not heads:
        return None
    modifiers: list[tuple[str, Reading]] = []
    first = i
    while first > 0 and i - first < 2:
        agreed = _modifier(run[first - 1], heads)
        if agreed is None:
            break
        first -= 1
        modifiers.insert(0, (run[first].word, agreed[0]))
        heads = agreed[1]
    head = heads[0]
    telling = [(word, own) for word, own in modifiers if own.lemma not in DULL_WORDS]
    name = [_agreeing(word, own, head) for word, own in telling] + [head.lemma]
    named = head.named or run[i].capital
    after = i + 1
    while after < len(run) and not modifiers and len(name) < _LONGEST_RUN:
        dependent = next((r for r in _nouns(run[after].word) if r.case == "gent"), None)
        if dependent is None or dependent.lemma in STOP_WORDS or head.lemma in STOP_WORDS:
            break
        name.append(run[after].word)
        named = named or dependent.named
        after += 1
    known = head.known or len(name) > 1
    return Phrase(" ".join(name), len(name), run[first].position, named, known), after


def _plain(run: list[_Token], i: int, single: bool) -> tuple[Phrase, int]:
    """The run of Latin terms that begins at ``i``; its last word in the singular where English knows one."""
    end = i
    while end < len(run) and end - i < (1 if single else _LONGEST_RUN) and _is_term(run[end].word):
        end += 1
    names = [token.word for token in run[i:end]]
    if names[-1].endswith("s") and names[-1] not in _NO_SINGULAR and not (single or run[end - 1].capital):
        names[-1] = lemma(names[-1])
    named = any(token.capital for token in run[i:end])
    return Phrase(" ".join(names), end - i, run[i].position, named), end


@lru_cache(maxsize=1 << 16)
def _is_term(word: str) -> bool:
    if len(word) < 2 or not _LATIN.fullmatch(word) or sum(map(str.isdigit, word)) > 3:
        return False  # an identifier or a hash, when it is full of digits
    return word not in STOP_WORDS and lemma(word) not in STOP_WORDS


def _telling(phrase: Phrase) -> bool:
    if phrase.name in _DULL_PHRASES or all(word in DULL_WORDS for word in phrase.name.split()):
        return False
    return phrase.length > 1 or phrase.named or not (phrase.name.isascii() and phrase.name.endswith(_NO_TOPIC_ALONE))


def phrases(text: str, lang: str) -> Iterator[Phrase]:
    """Noun phrases of a cleaned text without links, in order, each occurrence once."""
    russian = lang in {"ru", "und"} or bool(_CYRILLIC.search(text) and lang != "uk")
    single = lang not in {"ru", "en", "und"} and not russian
    for run in _segments(text):
        i = 0
        while i < len(run):
            found = None
            if russian and not (i + 1 < len(run) and _modifier(run[i], _nouns(run[i + 1].word))):
                found = _russian(run, i)
            if found is None and _is_term(run[i].word):
                found = _plain(run, i, single)
            if found is None:
                i += 1
                continue
            phrase, i = found
            if _telling(phrase):
                yield phrase
