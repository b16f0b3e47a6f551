"""Sparse vectors: BM25's document half, stable indices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.sparse import (
    K1,
    SparseVector,
    lemma_query,
    lemma_vector,
    trigram_query,
    trigram_vector,
)

EVERY = (lemma_vector, trigram_vector, lemma_query, trigram_query)


def dot(query: SparseVector, document: SparseVector) -> float:
    values = dict(zip(document.indices, document.values, strict=True))
    return sum(weight * values.get(index, 0.0) for index, weight in zip(query.indices, query.values, strict=True))


@given(st.text())
def test_shape(text: str) -> None:
    """Indices ascend, are unique and fit 32 bits; values are positive and below saturation."""
    for make in EVERY:
        vector = make(text)
        assert vector.indices == sorted(set(vector.indices))
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert len(vector.values) == len(vector.indices)
        assert all(0 < value < K1 + 1 for value in vector.values)
        assert vector == make(text)


def test_morphology_and_misspelling() -> None:
    """Another case is found by lemmas; a misspelt word by 3-grams."""
    assert dot(lemma_query("генератор"), lemma_vector("ремонт дизельного генератора")) > 0
    assert dot(lemma_query("двигатель"), lemma_vector("ремонт дизельного генератора")) == 0
    typo = trigram_query("гениратор")
    assert dot(typo, trigram_vector("генератора")) > dot(typo, trigram_vector("двигателя"))


def test_hyphens_and_scripts() -> None:
    """Part of a compound finds it, English forms meet too."""
    assert dot(lemma_query("компилятор"), lemma_vector("новый JIT-компилятор")) > 0
    assert dot(lemma_query("compiler"), lemma_vector("Новые compilers вышли")) > 0


def test_frequency_saturates_and_length_counts_against() -> None:
    """tf grows the value less each time; the same word in a longer text weighs less."""
    once, twice, ten = (dot(lemma_query("сервер"), lemma_vector("сервер " * n)) for n in (1, 2, 10))
    assert once < twice < ten < K1 + 1
    long = dot(lemma_query("сервер"), lemma_vector("сервер " + "другое слово " * 30))
    assert long < once


def test_indices_are_stable() -> None:
    """CRC-32 of the lemma: stored vectors and queries of another process meet."""
    assert lemma_vector("генератора").indices == [3761992507]


@pytest.mark.parametrize("text", ["", "😀", "!!!"])
def test_empty(text: str) -> None:
    """Without words there is no vector."""
    assert all(make(text) == SparseVector([], []) for make in EVERY)


def test_author_and_chat_are_found_beside_the_text() -> None:
    """By their names, and not by making the text longer; without words in the text there is no vector."""
    said = ("берём билеты", "Катя Новак", "Команда маяка")
    for query, document in ((lemma_query, lemma_vector), (trigram_query, trigram_vector)):
        assert dot(query("Катя"), document(*said)) > dot(query("маяк"), document(*said)) > 0
        assert dot(query("Катя"), document(said[0])) == 0
        assert dot(query("билеты"), document(*said)) == dot(query("билеты"), document(said[0]))
        assert dot(query("Katya Novak"), document(*said)) > 0 or query is lemma_query, "in the other script"
        assert document("😀", "Катя", "Маяк") == SparseVector([], [])


def test_a_pictures_words_are_found_beside_the_text() -> None:
    """What it shows before its kind; and what is said in as many words before what is shown."""
    named = ("держите", None, None, "tabby полосатая кошка cat", "photo фото снимок")
    for query, document in ((lemma_query, lemma_vector), (trigram_query, trigram_vector)):
        assert dot(query("кошки"), document(*named)) > dot(query("фото"), document(*named)) > 0
        assert dot(query("cats"), document(*named)) > 0
        assert dot(query("фото"), document("это фото")) > dot(query("фото"), document(*named))
        assert dot(query("держите"), document(*named)) == dot(query("держите"), document(named[0]))


def test_question_words_are_not_looked_for() -> None:
    for query in (lemma_query, trigram_query):
        assert query("when did the generator fail?") == query("generator fail")
        assert query("когда же это было") != SparseVector([], []), "there is nothing else"
