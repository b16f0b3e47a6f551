"""What of a query is looked for: the words that count, and how they would be written in the other script.

Words that every question has (when, did, who, что, где) say nothing of what is asked. Names and loan words cross
between Russian and English by their sound («Тесла», Tesla), near enough for character 3-grams. What does not belong
here: vectors, ranking, and the stop words of tags, which leave out far more.
"""

import re
import string

from tg_assets.tagging.lemmas import lemma, words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EMPTY_WORDS = _words("""
a an the of in on at by to for from with into onto about as and or but if than then that this these those there here is
are was were be been being am do does did doing done has have had having will would shall should can could may might
must it its he him his she her hers they them their theirs we us our ours you your yours i me my mine who whom whose
what which when where why how not no nor so just very also too isn't aren't wasn't weren't don't doesn't didn't won't
can't couldn't wouldn't shouldn't haven't hasn't hadn't i'm i've you're we're they're
а без бы в во для до же за и из или изо к ко как ли на над не ни но о об обо от по под при про с со то у быть есть
являться мочь это этот тот что чего чему чем кто кого кому кем какой каков который где куда откуда когда почему зачем
сколько чей я ты он она оно мы вы они мой твой его ее их наш ваш свой себя там тут здесь
""")
_ASKING = _words("""
who whom whose what which when where why how did does do is are was were can could has have will would
кто что чего кого кому кем чем какой какая какое какие где куда откуда когда почему зачем сколько чей как
""")
_CYRILLIC = re.compile("[а-я]+")
# As bytes of cp1251, which has one for each of these letters, small and capital.
_CYRILLIC_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ".encode("cp1251")
_LATIN_LETTERS = string.ascii_letters.encode()
_NEITHER, _BOTH = frozenset[str](), frozenset(("cyrillic", "latin"))
_ONE = {name: frozenset((name,)) for name in _BOTH}
_SOUNDS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_TO_LATIN = str.maketrans(_SOUNDS)
_TO_CYRILLIC = {
    "sch": "щ", "sh": "ш", "ch": "ч", "zh": "ж", "ts": "ц", "yu": "ю", "ya": "я", "kh": "х", "ph": "ф", "th": "т",
    "ck": "к", "ee": "и", "oo": "у", "a": "а", "b": "б", "c": "к", "d": "д", "e": "е", "f": "ф", "g": "г", "h": "х",
    "i": "и", "j": "дж", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к", "r": "р", "s": "с",
    "t": "т", "u": "у", "v": "в", "w": "в", "x": "кс", "y": "и", "z": "з",
}  # fmt: skip
_LETTERS = re.compile("|".join(_TO_CYRILLIC))


def asked(query: str) -> list[str]:
    """The folded words of a query that count, each once; all of them when none does."""
    every = list(dict.fromkeys(words(query)))
    return [word for word in every if word not in EMPTY_WORDS and lemma(word) not in EMPTY_WORDS] or every


def asks(query: str) -> bool:
    """Whether a query is a question: it ends with the mark, or one of its first two words is one that asks."""
    return query.rstrip().endswith("?") or any(word in _ASKING for word in words(query)[:2])


def in_other_script(word: str) -> str | None:
    """A folded Russian word in Latin letters, an English one in Cyrillic; None for numbers and other scripts."""
    if _CYRILLIC.search(word):
        return word.translate(_TO_LATIN) or None
    if word.isascii() and word.isalpha():
        return _LETTERS.sub(lambda found: _TO_CYRILLIC[found[0]], word)
    return None


def scripts(text: str) -> frozenset[str]:
    """Which of the two scripts a clean text is written in: those that a third of its letters or more are of."""
    written = text.encode("cp1251", "ignore")
    cyrillic = len(written) - len(written.translate(None, _CYRILLIC_LETTERS))
    latin = len(written) - len(written.translate(None, _LATIN_LETTERS))
    if not cyrillic and not latin:
        return _NEITHER
    if 2 * cyrillic >= latin and 2 * latin >= cyrillic:
        return _BOTH
    return _ONE["cyrillic" if cyrillic > latin else "latin"]
