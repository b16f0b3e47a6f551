"""Tags of a post: its hashtags, its key phrases, the phrases of its picture's text, the picture's labels.

Tags are only ever derived from the content given, as a reader sees it: whatever a text says ("add the tag …"), it
is text. The same input gives the same tags in the same order on every machine. ``TAGGER_VERSION`` is recorded with
the tags; raising it makes every post stale, so it is raised exactly when results change. What does not belong
here: storing, deciding what is stale, calling a model (``tagger`` brings what models found).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from json import dumps
from math import log2
from typing import Literal

from tg_assets.tagging.cleaning import clean, strip_links
from tg_assets.tagging.language import detect
from tg_assets.tagging.lemmas import fold, lemmas
from tg_assets.tagging.phrases import Phrase, phrases
from tg_assets.tagging.stopwords import DULL_WORDS
from tg_assets.tagging.visible import visible_text

TAGGER_VERSION = "phrases-2"

Origin = Literal["hashtag", "entity", "text", "ocr", "label", "topic"]
"""What a tag comes from. ``topic`` is a name of the taxonomy; every other tag is made of the content's own words."""

MOST_PHRASES = 8
MOST_OCR_PHRASES = 3
MOST_PASSING = 3
"""Plain single words said once: a few are the topic of a short message, many are just its words."""
_SHORTEST_PASSING = 4
LEAST_CONFIDENCE = 0.45
_READ = 4000
"""Characters read of a text: Telegram's longest message is 4,096."""
_LONGEST_NAME = 64
_LINE_END = re.compile(r"[\r\n\u2028\u2029]+")
_WORD_CHARACTER = re.compile(r"[^\W_]")
_HASHTAG = re.compile(r"(?<![\w#&/])#(\w*[^\W\d_]\w*)")


@dataclass(frozen=True, slots=True)
class TagInput:
    """What a post is tagged from. ``hashtags``, with or without ``#``, are looked for in the text when None."""

    text: str = ""
    hashtags: tuple[str, ...] | None = None
    ocr_text: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. ``confidence`` 0…1 ranks tags of one origin; it is not a probability. ``type`` says what an entity is:
    ``person``, ``place`` or ``organisation``."""

    name: str
    confidence: float
    origin: Origin
    type: str | None = None


@dataclass(frozen=True, slots=True)
class TagResult:
    """Tags with unique names, ordered by origin, then confidence, then name; language of the text."""

    tags: tuple[Tag, ...]
    lang: str
    tags_hash: str

    @property
    def names(self) -> list[str]:
        """Names of the tags in their order."""
        return [tag.name for tag in self.tags]


def tags_hash(names: Iterable[str]) -> str:
    """SHA-256 over the JSON of the sorted, unique, non-empty names; non-ASCII characters are kept as they are."""
    unique = sorted({name for name in names if name})
    return sha256(dumps(unique, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1 << 15)
def normal(name: str) -> str:
    """A name as tags have it: folded, without marks around it, cut."""
    return fold(name).strip(" #.,;:!?\"'«»()[]")[:_LONGEST_NAME].strip()


def _confidence(first: Phrase, count: int, words: int) -> float:
    """Length, repetition, being a name and standing early make a phrase likely to be the topic.

    A single plain noun said once scores .35 to .50: enough when it stands early. A word that no dictionary has
    is a typing mistake more often than a term, until it is said twice.
    """
    value = 0.35
    value += 0.2 * (first.length > 1)
    value += 0.15 * min(log2(count), 2.0)
    value += 0.15 * first.named
    value -= 0.15 * (not first.known)
    value += 0.1 * max(0.0, 1 - first.position / 60)
    value += 0.05 * (words <= 40)
    return round(min(value, 0.95), 2)


def _key_phrases(text: str, lang: str, most: int, told: Iterable[str] = ()) -> list[tuple[str, float]]:
    """Names and confidence of the best phrases; none whose words all are in a name of ``told``."""
    found = list(phrases(strip_links(_HASHTAG.sub(" . ", text)), lang))
    words = len(text.split())
    first: dict[str, Phrase] = {}
    count: dict[str, int] = {}
    for phrase in found:
        name = normal(phrase.name)
        if len(name) < 2 or (phrase.length == 1 and (len(name) < 3 or name in DULL_WORDS)):
            continue
        first.setdefault(name, phrase)
        count[name] = count.get(name, 0) + 1
    scored = [(name, _confidence(first[name], count[name], words)) for name in first]
    good = sorted((s for s in scored if s[1] >= LEAST_CONFIDENCE), key=lambda s: (-s[1], first[s[0]].position, s[0]))
    kept: list[tuple[str, float]] = []
    passed = 0
    bags = [set(lemmas(name)) for name in told]
    for name, confidence in good:
        if bags and any(set(lemmas(name)) <= bag for bag in bags):
            continue
        # «генератор» says nothing beside «дизельный генератор»; the better of the two is first.
        if any(f" {name} " in f" {other} " or f" {other} " in f" {name} " for other, _ in kept):
            continue
        passing = first[name].length == 1 and count[name] == 1 and not first[name].named
        if passing and (len(name) < _SHORTEST_PASSING or passed == MOST_PASSING):
            continue
        passed += passing
        kept.append((name, confidence))
        if len(kept) == most:
            break
    return kept


def lines(text: str) -> str:
    """Cleaned text as a reader sees it, in which the end of a line ends a phrase."""
    return clean(_LINE_END.sub(" . ", visible_text(text[:_READ])))


def hashtags_of(given: TagInput, text: str) -> Iterable[Tag]:
    """Hashtags as written; ``text`` is the post's, as ``lines`` gives it."""
    for written in given.hashtags if given.hashtags is not None else tuple(_HASHTAG.findall(text)):
        name = clean(strip_links(visible_text(written[:_READ]))).lower().lstrip("#")[:_LONGEST_NAME].strip()
        yield Tag(name if _WORD_CHARACTER.search(name) else "", 1.0, "hashtag")


def _candidates(given: TagInput, text: str, lang: str, found: Sequence[Tag]) -> Iterable[Tag]:
    yield from hashtags_of(given, text)
    entities = [one for one in found if one.origin == "entity"]
    yield from entities
    for name, confidence in _key_phrases(text, lang, MOST_PHRASES, [one.name for one in entities]):
        yield Tag(name, confidence, "text")
    if ocr := lines(given.ocr_text) if given.ocr_text else "":
        for name, confidence in _key_phrases(ocr, detect(ocr), MOST_OCR_PHRASES):
            yield Tag(name, round(confidence * 0.8, 2), "ocr")
    for label in given.labels:
        yield Tag(normal(strip_links(visible_text(label[:_READ]))), 0.6, "label")
    yield from (one for one in found if one.origin != "entity")


_ORDER: dict[Origin, int] = {"hashtag": 0, "entity": 1, "text": 2, "ocr": 3, "label": 4, "topic": 5}


def tag(given: TagInput, found: Iterable[Tag] = (), text: str | None = None) -> TagResult:
    """Tags of one post, with the entities and topics that models ``found`` in it; never raises on any text.

    ``text`` is what ``lines`` makes of the post's, where that is known.
    """
    text = lines(given.text) if text is None else text
    lang = detect(text)
    return merged(_candidates(given, text, lang, tuple(found)), lang)


def only_hashtags(given: TagInput) -> TagResult:
    """What a post has without anybody's opinion: its hashtags and its language."""
    text = lines(given.text)
    return merged(hashtags_of(given, text), detect(text))


def merged(candidates: Iterable[Tag], lang: str) -> TagResult:
    """Tags put in their order; of equal names the first candidate stays, blank ones go."""
    unique: dict[str, Tag] = {}
    for candidate in candidates:
        if candidate.name and candidate.name not in unique:
            unique[candidate.name] = candidate
    ordered = tuple(sorted(unique.values(), key=lambda t: (_ORDER[t.origin], -t.confidence, t.name)))
    return TagResult(ordered, lang, tags_hash(t.name for t in ordered))
