"""Whether a sentence that a model wrote is said by the messages that it cites.

A citation alone shows little: a model that follows an order hidden in a message cites that message. So a sentence
counts only if its words are there: of the words that count half, compared by lemma as search compares them, where the
sentence and the messages have a script in common, else its meaning (a cosine of the default model); every number is in
the messages, their times or the question; every link is in the messages, letter by letter. What the messages
themselves say falsely is not told apart. What does not belong here: asking a model.
"""

import re
from collections.abc import Sequence

from tg_assets.answers.rows import Message
from tg_assets.embedder import Embedder
from tg_assets.index.evidence import Passage, coverage, readable
from tg_assets.index.question import asked
from tg_assets.tagging.cleaning import clean, has_words, strip_links

LEAST_WORDS = 0.5
LEAST_MEANING = 0.3
_NUMBER = re.compile(r"\d+")
_PIECE = re.compile(r"\S+")


def is_supported(sentence: str, cited: Sequence[Message], question: str, embedder: Embedder) -> bool:
    """Whether the sentence, ``clean``, is said by the messages together."""
    if not has_words(sentence) or not cited:
        return False
    told = clean(" ".join(one.words for one in cited))
    return (
        _links(sentence) <= _links(told)
        and set(_NUMBER.findall(sentence)) <= _numbers(told, cited, question)
        and _is_said(sentence, told, cited, embedder)
    )


def _links(text: str) -> set[str]:
    """Pieces of a text with an address in them, without marks around."""
    return {piece.strip(".,;:!?()[]«»\"'") for piece in _PIECE.findall(text) if strip_links(piece) != piece}


def _numbers(told: str, cited: Sequence[Message], question: str) -> set[str]:
    found = set(_NUMBER.findall(told)) | set(_NUMBER.findall(question))
    for one in cited:
        at = one.posted_at
        found |= {form for part in at.timetuple()[:5] for form in (str(part), f"{part:02d}")}
    return found


def _is_said(sentence: str, told: str, cited: Sequence[Message], embedder: Embedder) -> bool:
    wanted = asked(strip_links(sentence))
    names = {name for one in cited for name in (one.author, one.chat) if name}
    passage = Passage(told, " ".join(sorted(names)))
    if readable(wanted, passage):
        return coverage(wanted, passage) >= LEAST_WORDS
    if not has_words(told):
        return False
    vectors = embedder.encode([sentence, *(clean(one.words) for one in cited if has_words(one.words))])
    return max(float(vectors[0] @ vector) for vector in vectors[1:]) >= LEAST_MEANING
