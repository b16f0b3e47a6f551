"""The model of named entities finds what slovnet's own evaluation of it finds, however texts are put together."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from razdel import tokenize

from tests.tagging.posts_with_topics import HELD_OUT, TUNED
from tg_assets.tagging import entities, ner

NAMES = [
    "вчера с Владиславом Шапшой в Калужской области", "поехали с Сергеем Петровичем Ивановым в Нижний Новгород",
    "ООО «Ромашка» открыло филиал", "Москва", "МВФ и ЕС", "Катя - из Санкт-Петербурга, д. 10 - 12", "a б", "а " * 400,
    "Министерство обороны, Яндекс. " * 60,
]  # fmt: skip
TEXTS = [text for _, text in (*TUNED, *HELD_OUT)] + NAMES
# Whatever razdel has a rule for, and blanks between.
ALPHABET = "аЯёzQ1٣½ \u00a0-–_.,/\\!?…«:;=)(*№$Δ\u0301\u200b中yaho"


def placed(spans: Iterable[Any]) -> list[tuple[int, int, str]]:
    return [(span.start, span.stop, span.type) for span in spans]


@pytest.fixture(scope="module")
def slovnet() -> Any:
    """The model as slovnet evaluates it."""
    from navec import Navec
    from slovnet import NER

    embeddings, model = (entities._checked(name, expected) for name, expected in entities._FILES.items())
    return NER.load(model).navec(Navec.load(embeddings))


@pytest.mark.parametrize("at_once", [1, 40, ner.AT_ONCE])
def test_spans_are_those_of_slovnet(slovnet: Any, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Alone, a few, or all in one batch."""
    monkeypatch.setattr(ner, "AT_ONCE", at_once)
    found = list(map(placed, ner.Model(slovnet).spans(TEXTS)))
    assert found == [placed(markup.spans) for markup in slovnet.map(TEXTS)]
    assert sum(map(len, found)) > 100


def test_texts_without_tokens_have_no_spans(slovnet: Any) -> None:
    assert list(ner.Model(slovnet).spans(["", " ", "живу в Москве"]))[:2] == [[], []]
    assert list(ner.Model(slovnet).spans([])) == []


@given(st.lists(st.text(ALPHABET, max_size=12), max_size=5).map(" ".join))
def test_tokens_are_those_of_razdel(text: str) -> None:
    assert ner.tokens(text) == [token.text for token in tokenize(text)]


@pytest.mark.parametrize(
    "text", ["10 -", "- 10", "1 - 2", "а- б", "а -б", "1 ,5", "_ а", "yahoo!", "Yahoo !", "=( ((", ""]
)
def test_what_is_beside_a_blank_is_seen_through_it(text: str) -> None:
    assert ner.tokens(text) == [token.text for token in tokenize(text)]


def test_another_models_window_is_refused(slovnet: Any) -> None:
    layers: Sequence[Any] = slovnet.infer.model.encoder.layers
    wide = layers[0].replace(conv=layers[0].conv.replace(padding=2))
    with pytest.raises(ValueError, match="A window of 3 words, 2 beyond the end"):
        ner._Layer(wide)
