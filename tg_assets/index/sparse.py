"""Two sparse vectors of a text: lemmas and character 3-grams, as the term-frequency half of BM25.

    value(t) = tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / AVERAGE))

The other half, idf, is in the query (``weighted``), by how many of the texts that the asker may see have a term: so the
dot product of the two is BM25, and a stranger's texts change nothing. Who wrote a text, in which chat, from whom it was
forwarded and what its picture and files are called are fields beside it: their words have a fixed value and do not
count in the length. A query has its words that count, and at half weight those words in the other script. The average
length is a constant: a vector must not change because other messages arrive.
Indices are CRC-32 of the term in UTF-8, stable across processes and machines;
terms whose hashes collide share an index (about one pair in 10,000 at a million terms). What does not belong here:
dense vectors, counting (``stores.word_counts``), Qdrant's types.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import log
from zlib import crc32

from tg_assets.index.question import asked, in_other_script
from tg_assets.tagging.lemmas import lemma, words

# Anserini's defaults. Length counts little (b), because with a constant average a larger b puts one-word
# messages first; on XQuAD ru lemmas alone reach nDCG@10 .885 against .874 with 1.2 and .75.
K1 = 0.9
B = 0.4
AVERAGE_LEMMAS = 24.0
AVERAGE_TRIGRAMS = 150.0
AUTHOR = 2.5
"""Value of an author's name, above any word of the text: most questions about chats ask what somebody said. With less,
the fusion falls behind the better of its legs on the chats of ``benchmarks``."""
CHAT = 0.4
"""Value of a word of the chat's title; every message of the chat has it."""
SHOWN = 1.0
"""Value of a word for what a picture shows, about that of a word in a short text: what is said comes first, and what is
only shown is found. Chosen with ``benchmarks.pictures``."""
MANNER = 0.4
"""Value of a word for a picture's kind or colours, which thousands have."""
BESIDE = 1.0
"""Value of a word in the name of a file, or of whom a post was forwarded from, as that of what a picture shows."""
OTHER_SCRIPT = 0.5


@dataclass(frozen=True, slots=True)
class SparseVector:
    """``indices`` ascending and unique, unsigned 32-bit; ``values`` positive, one for each index."""

    indices: list[int]
    values: list[float]


@lru_cache(maxsize=1 << 16)
def _trigram_indices(word: str) -> tuple[int, ...]:
    # The blanks mark where the word begins and ends; a word of one letter is one 3-gram.
    padded = f" {word} "
    return tuple(crc32(padded[i : i + 3].encode()) for i in range(len(padded) - 2))


@lru_cache(maxsize=1 << 17)
def _lemma_indices(word: str) -> tuple[int, ...]:
    return (crc32(lemma(word).encode()),)


def _vector(values: Mapping[int, float]) -> SparseVector:
    ordered = sorted(values)
    return SparseVector(ordered, [values[i] for i in ordered])


def _document(
    said: Sequence[str], names: Iterable[tuple[str, float]], indices: Callable[[str], tuple[int, ...]], average: float
) -> SparseVector:
    counts = Counter(chain.from_iterable(map(indices, said)))
    length = counts.total()
    norm = K1 * (1 - B + B * length / average)
    values = {index: count * (K1 + 1) / (count + norm) for index, count in counts.items()}
    if values:
        fields = {index: value for word, value in names for index in indices(word)}
        for index, value in fields.items():
            values[index] = values.get(index, 0.0) + value
    return _vector(values)


@lru_cache(maxsize=1 << 14)
def _names(
    author: str | None, chat: str | None, shown: str | None, manner: str | None, beside: str | None
) -> tuple[tuple[str, float], ...]:
    """Words of the fields beside a text, each with its value; the author's last, whose value stands."""
    fields = ((manner, MANNER), (chat, CHAT), (beside, BESIDE), (shown, SHOWN), (author, AUTHOR))
    return tuple((word, value) for field, value in fields for word in words(field or ""))


def _query(text: str, indices: Callable[[str], tuple[int, ...]]) -> SparseVector:
    wanted = asked(text)
    others = [other for word in wanted if (other := in_other_script(word))]
    values = {index: OTHER_SCRIPT for word in others for index in indices(word)}
    return _vector(values | {index: 1.0 for word in wanted for index in indices(word)})


def document_vectors(
    text: str,
    author: str | None = None,
    chat: str | None = None,
    shown: str | None = None,
    manner: str | None = None,
    beside: str | None = None,
) -> tuple[SparseVector, SparseVector]:
    """Lemmas of a document and the fields beside it, and character 3-grams of the same words.

    The fields are its author's name, its chat's title, what its picture shows, of what manner the picture is, and
    names of its files and of whom it was forwarded from. Both are empty when the document has no words.
    """
    said, names = words(text), _names(author, chat, shown, manner, beside)
    return (
        _document(said, names, _lemma_indices, AVERAGE_LEMMAS),
        _document(said, names, _trigram_indices, AVERAGE_TRIGRAMS),
    )


def lemma_vector(text: str, *fields: str | None) -> SparseVector:
    """The first of ``document_vectors``."""
    return document_vectors(text, *fields)[0]


def trigram_vector(text: str, *fields: str | None) -> SparseVector:
    """The second of ``document_vectors``."""
    return document_vectors(text, *fields)[1]


def lemma_query(text: str) -> SparseVector:
    """Lemmas of a query's words that count, each with weight 1."""
    return _query(text, _lemma_indices)


def trigram_query(text: str) -> SparseVector:
    """Character 3-grams of the same words."""
    return _query(text, _trigram_indices)


def prefix_query(text: str, beginning: str) -> SparseVector:
    """Character 3-grams of whole words that count, and of a folded beginning of one, which does not end."""
    padded = f" {beginning}"
    begun = {crc32(padded[i : i + 3].encode()): 1.0 for i in range(len(padded) - 2)}
    whole = trigram_query(text)
    return _vector(dict(zip(whole.indices, whole.values, strict=True)) | begun)


def weighted(query: SparseVector, having: Mapping[int, int], documents: int) -> SparseVector:
    """A query whose weights are multiplied by idf, as BM25 has it and Qdrant's ``Modifier.IDF`` (Lucene's formula).

    ``having`` says how many of ``documents`` texts have each term; none, where it does not say.
    """
    idf = (log(1 + (max(documents - n, 0) + 0.5) / (n + 0.5)) for n in (having.get(i, 0) for i in query.indices))
    return SparseVector(query.indices, [value * rare for value, rare in zip(query.values, idf, strict=True)])
