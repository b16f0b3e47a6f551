"""Grammatical readings of Russian words (pymorphy3), cached: part of speech, case, number, gender.

A small copy of what the analyser says, because its own objects are slow to ask repeatedly. What does not
belong here: choosing between readings, which needs the neighbours (``phrases``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tg_assets.lazy import Lazy

# A reading below this probability is a homonym that nobody means: «стали» as steel has .01.
_LIKELY = 0.05


def _load() -> Callable[[str], list[Any]]:
    from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

    parse: Callable[[str], list[Any]] = MorphAnalyzer().parse
    parse("слово")
    return parse


_analyser: Lazy[Callable[[str], list[Any]]] = Lazy(_load)


def analysed(word: str) -> list[Any]:
    """pymorphy3's readings of a word, most likely first; the model loads on first use.

    Where a participle and a noun look the same the noun is first: «данные» is data, not a form of «дать», as
    «данных» is by its probabilities, and both must meet.
    """
    found = _analyser()(word)
    if found[0].tag.POS == "PRTF":
        nouns = [p for p in found if p.tag.POS == "NOUN" and p.score >= _LIKELY]
        return nouns + [p for p in found if p not in nouns] if nouns else found
    return found


# Pronouns («такой», «сей») and superlatives («лучший», whose dictionary form is «хороший») name nothing.
_NO_TOPIC = frozenset({"Apro", "Supr"})
_NAMES = frozenset({"Name", "Surn", "Patr", "Geox", "Orgn", "Trad"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a word form; ``case``, ``number``, ``gender`` are OpenCorpora grammemes or ''."""

    lemma: str
    part: str
    case: str
    number: str
    gender: str
    named: bool
    always_plural: bool
    known: bool
    """In the dictionary; otherwise guessed from its ending, and the lemma may be no word at all."""


@lru_cache(maxsize=1 << 16)
def readings(word: str) -> tuple[Reading, ...]:
    """Likely readings of a folded Cyrillic word, most likely first; at least one."""
    found = analysed(word)
    kept = [p for p in found if p.score >= _LIKELY] or found[:1]
    return tuple(
        Reading(
            p.normal_form.replace("ё", "е"),
            *_grammar(p.tag),
            known=any(type(step[0]).__name__ == "DictionaryAnalyzer" for step in p.methods_stack),
        )
        for p in kept
    )


@lru_cache(maxsize=1 << 12)
def _grammar(tag: Any) -> tuple[str, str, str, str, bool, bool]:
    """What a reading has of its tag; there are hundreds of tags, and each is slow to ask."""
    part = "" if _NO_TOPIC & tag.grammemes else str(tag.POS or "")
    case, number, gender = str(tag.case or ""), str(tag.number or ""), str(tag.gender or "")
    return part, case, number, gender, bool(_NAMES & tag.grammemes), "Pltm" in tag


@lru_cache(maxsize=1 << 15)
def inflected(word: str, lemma: str, wanted: frozenset[str]) -> str:
    """The form of ``word`` (read as ``lemma``) that has the wanted grammemes; ``lemma`` when there is none."""
    for reading in analysed(word):
        if reading.normal_form.replace("ё", "е") == lemma:
            form = reading.inflect(wanted)
            if form is not None:
                return str(form.word).replace("ё", "е")
    return lemma
