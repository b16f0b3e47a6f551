"""What the index has of a post or album besides its dense vector: its text, its sparse vectors, its language.

Values in, values out, and all of them can be sent to another process. What does not belong here: the dense vector,
rows, payloads.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tg_assets.index.sparse import SparseVector, document_vectors
from tg_assets.index.text import TextParts, text_short, text_to_embed
from tg_assets.tagging.language import detect


@dataclass(frozen=True, slots=True)
class Given:
    """What is known in words; ``author`` and ``chat`` are names, ``lang`` is None where nobody has looked.

    ``shown`` and ``manner`` are what a picture is looked for by, in both languages; ``beside`` are names of files and
    of whom it was forwarded from.
    """

    parts: TextParts
    author: str | None = None
    chat: str | None = None
    lang: str | None = None
    shown: str = ""
    manner: str = ""
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """``text`` is what is embedded, ``short`` what people are shown of it."""

    text: str
    short: str
    lang: str
    lemmas: SparseVector
    trigrams: SparseVector


def analyse(given: Iterable[Given]) -> list[Document | None]:
    """A document for each, in order; None where there are no words."""
    return [_document(one) for one in given]


def _document(given: Given) -> Document | None:
    text = text_to_embed(given.parts)
    if not text:
        return None
    fields = given.author, given.chat, given.shown, given.manner, given.beside
    lemmas, trigrams = document_vectors(text, *fields)
    return Document(text, text_short(given.parts.post or text), given.lang or detect(text), lemmas, trigrams)
