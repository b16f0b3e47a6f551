"""What the index has of a unit of a conversation: its lines as one text, its sparse vectors, its lines' texts.

Values in, values out, as in ``document``. What does not belong here: the dense vector, which is made of the lines',
rows, payloads.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tg_assets.index.sparse import SparseVector, document_vectors
from tg_assets.index.text import TextParts, text_short, text_to_embed
from tg_assets.tagging.language import detect

LEAST = 2
"""Lines with words; one alone has a point of its own."""
LINE, WHOLE = 400, 4000
"""Characters of a line, and of a unit, that its vectors of words have."""


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a unit: what is known of it in words, and who said it."""

    parts: TextParts
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A unit's lines in order, and the name of its chat."""

    lines: tuple[Line, ...]
    chat: str | None = None


@dataclass(frozen=True, slots=True)
class TalkDocument:
    """``texts`` are those of the lines as each is embedded, ``short`` is what people are shown."""

    texts: tuple[str, ...]
    short: str
    lang: str
    lemmas: SparseVector
    trigrams: SparseVector


def analyse_talks(given: Iterable[Talk]) -> list[TalkDocument | None]:
    """A document for each, in order; None where fewer than two lines have words."""
    return [_document(one) for one in given]


def _document(talk: Talk) -> TalkDocument | None:
    said = [(line, text) for line in talk.lines if (text := text_to_embed(line.parts))]
    if len(said) < LEAST:
        return None
    whole = "\n".join(text[:LINE] for _, text in said)[:WHOLE]
    authors = " ".join(dict.fromkeys(line.author for line, _ in said if line.author))
    lemmas, trigrams = document_vectors(whole, authors, talk.chat)
    return TalkDocument(tuple(text for _, text in said), text_short(whole), detect(whole), lemmas, trigrams)
