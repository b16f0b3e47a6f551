"""Words of a text and their dictionary forms, for Russian (pymorphy3) and English (simplemma).

Search and tags share these functions, so that «генератора» in a message meets «генератор» in a query.
The first reading of an ambiguous form is taken: both sides of a comparison do the same. Ukrainian and other
Cyrillic words go through the Russian analyser, whose guess is stable but not always a dictionary form.
What does not belong here: parts of speech (``readings``), stop words, ranking.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from tg_assets.lazy import Lazy
from tg_assets.tagging.cleaning import clean
from tg_assets.tagging.readings import readings

# Letters and digits; an apostrophe stays inside a word (don't, об'єкт), a hyphen divides: «JIT-компилятор» is
# found by «компилятор», and «Санкт-Петербург» by «Санкт Петербург».
_WORD, _PLAIN_WORD = re.compile(r"\w+(?:'\w+)*"), re.compile(r"\w+")
_ACCENTS = re.compile("[\u0300-\u036f]")  # stress marks that have no composed form: за́мок
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_FOLDED = (("ё", "е"), ("’", "'"), ("ʼ", "'"), ("`", "'"))
_LONGEST = 40
"""A longer run of letters is noise («ааааа…», base64); it is cut, so that no analyser works on it."""


def fold(text: str) -> str:
    """Cleaned text in lower case, ё as е, one apostrophe, no stress marks; what words are compared in."""
    folded = _ACCENTS.sub("", unicodedata.normalize("NFC", clean(text).lower()))
    for written, read in _FOLDED:  # one after the other: a table takes ten times as long
        folded = folded.replace(written, read)
    return folded


def words(text: str) -> list[str]:
    """Words of the text in order, folded. Numbers are words."""
    folded = fold(text).replace("_", " ")
    return [word[:_LONGEST] for word in (_WORD if "'" in folded else _PLAIN_WORD).findall(folded)]


def _load_english() -> Callable[[str], str]:
    from simplemma import lemmatize

    def english(word: str) -> str:
        return str(lemmatize(word, lang="en"))

    english("warm")
    return english


_english: Lazy[Callable[[str], str]] = Lazy(_load_english)


@lru_cache(maxsize=1 << 17)
def lemma(word: str) -> str:
    """Dictionary form of one folded word; itself when there is none (numbers, other scripts)."""
    if _CYRILLIC.search(word):
        return fold(readings(word)[0].lemma) or word
    if word.isascii() and not word.isdigit():
        return fold(_english()(word.removesuffix("'s"))) or word
    return word


def lemmas(text: str) -> list[str]:
    """Dictionary form of each of ``words(text)``, in the same order."""
    return [lemma(word) for word in words(text)]
