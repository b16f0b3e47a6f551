"""Two sparse vectors of a text: lemmas and character 3-grams, as the term-frequency half of BM25.

    value(t) = tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / AVERAGE))

The other half, idf, is the index's (Qdrant ``Modifier.IDF``), so the dot product of a document's vector with a
query's vector of ones is BM25. The average length is a constant: a vector must not change because other
messages arrive. Indices are CRC-32 of the term in UTF-8, stable across processes and machines; terms whose hashes
collide share an index (about one pair in 10,000 at a million terms). What does not belong here: dense vectors,
idf, Qdrant's types.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from tg_assets.tagging.lemmas import lemma, words

# Anserini's defaults. Length counts little (b), because with a constant average a larger b puts one-word
# messages first; on XQuAD ru lemmas alone reach nDCG@10 .885 against .874 with 1.2 and .75.
K1 = 0.9
B = 0.4
AVERAGE_LEMMAS = 24.0
AVERAGE_TRIGRAMS = 150.0


@dataclass(frozen=True, slots=True)
class SparseVector:
    """``indices`` ascending and unique, unsigned 32-bit; ``values`` positive, one for each index."""

    indices: list[int]
    values: list[float]


@lru_cache(maxsize=1 << 17)
def _lemma_index(word: str) -> int:
    return crc32(lemma(word).encode())


@lru_cache(maxsize=1 << 16)
def _trigram_indices(word: str) -> tuple[int, ...]:
    # The blanks mark where the word begins and ends; a word of one letter is one 3-gram.
    padded = f" {word} "
    return tuple(crc32(padded[i : i + 3].encode()) for i in range(len(padded) - 2))


def _document(indices: Iterable[int], average: float) -> SparseVector:
    counts = Counter(indices)
    length = sum(counts.values())
    norm = K1 * (1 - B + B * length / average)
    ordered = sorted(counts)
    return SparseVector(ordered, [counts[i] * (K1 + 1) / (counts[i] + norm) for i in ordered])


def _query(indices: Iterable[int]) -> SparseVector:
    ordered = sorted(set(indices))
    return SparseVector(ordered, [1.0] * len(ordered))


def _trigrams(text: str) -> Iterable[int]:
    return (index for word in words(text) for index in _trigram_indices(word))


def lemma_vector(text: str) -> SparseVector:
    """Lemmas of a document; empty when it has no words."""
    return _document(map(_lemma_index, words(text)), AVERAGE_LEMMAS)


def trigram_vector(text: str) -> SparseVector:
    """Character 3-grams of a document's words; empty when it has no words."""
    return _document(_trigrams(text), AVERAGE_TRIGRAMS)


def lemma_query(text: str) -> SparseVector:
    """Lemmas of a query, each with weight 1."""
    return _query(map(_lemma_index, words(text)))


def trigram_query(text: str) -> SparseVector:
    """Character 3-grams of a query's words, each with weight 1."""
    return _query(_trigrams(text))
