"""Text as a reader sees it: nothing hidden in it, no letter that poses as another.

Tags are made from this form only, so a word that nobody sees is no tag, and no tag looks like another word than it
is. Hidden are default-ignorable characters (zero-width, Unicode tags, variation selectors, fillers) and text that an
override shows backwards. Fancy letters (mathematical, full-width, circled) become plain ones and stacked marks go. A
word of Cyrillic and Latin letters is folded where all letters of one side look like the other's («Cбepбaнк»),
left where the scripts meet once and both are unmistakable («SMSка»), and dropped otherwise; a word that mixes in a
third alphabet is dropped. Letters are compared by shape as printed, from the confusables of Unicode TR 39.
What does not belong here: folding for comparison (``lemmas.fold``).
"""

import re
import unicodedata

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202d\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# A right-to-left override shows what follows backwards until it is ended, or the line is.
_BACKWARDS = re.compile("\u202e[^\u202c\r\n\u2028\u2029]*\u202c?")
_FANCY = re.compile("[\u24b6-\u24e9\uff01-\uff5e\U0001d400-\U0001d7ff\U0001f130-\U0001f149]+")
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")

_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u02af\u1e00-\u1eff"
_CYRILLIC = "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f"
_IS_LATIN, _IS_CYRILLIC = re.compile(f"[{_LATIN}]"), re.compile(f"[{_CYRILLIC}]")
# Greek, Armenian, Cherokee, Coptic, Lisu: alphabets with letters of our shapes.
_THIRD = "\u0370-\u03ff\u0530-\u058f\u13a0-\u13ff\u1f00-\u1fff\u2c80-\u2cff\ua4d0-\ua4ff\uab70-\uabbf"
_IS_THIRD = re.compile(f"[{_THIRD}]")
_RUNS = re.compile(f"[{_LATIN}]+|[{_CYRILLIC}]+")

# A letter, and in the same word, after letters of none of these alphabets, one of another of them.
_MIXED = re.compile(
    "|".join(
        f"[{one}][^\\W\\d_{_LATIN}{_CYRILLIC}{_THIRD}]*[{others}]"
        for one, others in (
            (_LATIN, _CYRILLIC + _THIRD),
            (_CYRILLIC, _LATIN + _THIRD),
            (_THIRD, _LATIN + _CYRILLIC),
        )
    )
)

_TO_LATIN = dict(zip("АВЕКМНОРСТХУІЈЅаеорсухіјѕһԁԛԝӏ", "ABEKMHOPCTXYIJSaeopcyxijshdqwl", strict=True))
# Not «і» and «ј» for Russian text: an «I» inside a Cyrillic word was meant as one («ITотдел»).
_TO_CYRILLIC = dict(zip("ABEKMHOPCTXYaeopcyx", "АВЕКМНОРСТХУаеорсух", strict=True))
_LATIN_TABLE, _CYRILLIC_TABLE = str.maketrans(_TO_LATIN), str.maketrans(_TO_CYRILLIC)
_PLAINLY_CYRILLIC = re.compile(f"(?![{''.join(_TO_LATIN)}])[{_CYRILLIC}]")
_POSING = str.maketrans("ɑɡıȷ", "agij")

# So many Latin letters for each Cyrillic one make a text in which a Cyrillic word of look-alikes poses as Latin.
_LATIN_SHARE = 3
_DROPPED = " , "
"""Ends a phrase, so that the words around a dropped one do not become neighbours."""


def visible_text(text: str) -> str:
    """``text`` as read; line breaks stay. Never longer than before but for marks in place of dropped words."""
    shown = _HIDDEN.sub("", _BACKWARDS.sub(" ", text)).replace("\u2800", " ")
    shown = _FANCY.sub(lambda match: unicodedata.normalize("NFKC", match[0]), shown)
    shown = _MARKS.sub("", unicodedata.normalize("NFC", shown)).translate(_POSING)
    if shown.isascii():
        return shown
    if _MIXED.search(shown):
        shown = _LETTERS.sub(lambda match: _readable(match[0]), shown)
    return _all_latin(shown)


def _readable(word: str) -> str:
    if word.isascii():
        return word
    latin, cyrillic = _IS_LATIN.findall(word), _IS_CYRILLIC.findall(word)
    if _IS_THIRD.search(word):
        return _DROPPED if latin or cyrillic else word
    if not latin or not cyrillic:
        return word
    poses_as_cyrillic = all(letter in _TO_CYRILLIC for letter in latin)
    poses_as_latin = all(letter in _TO_LATIN for letter in cyrillic)
    if poses_as_cyrillic and (not poses_as_latin or len(cyrillic) >= len(latin)):
        return word.translate(_CYRILLIC_TABLE)
    if poses_as_latin:
        return word.translate(_LATIN_TABLE)
    return word if len(_RUNS.findall(word)) == 2 else _DROPPED


def _all_latin(text: str) -> str:
    """A Latin text whose few Cyrillic letters all look Latin («Buy соре») is Latin."""
    if _PLAINLY_CYRILLIC.search(text):
        return text
    cyrillic = _IS_CYRILLIC.findall(text)
    if not cyrillic:
        return text
    if len(_IS_LATIN.findall(text)) < _LATIN_SHARE * len(cyrillic):
        return text
    return text.translate(_LATIN_TABLE)
