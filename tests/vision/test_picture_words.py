"""What pictures are called in two languages: whole for our models, of use for what other models say."""

import pytest

from tg_assets.index.sparse import MANNER, SHOWN
from tg_assets.tagging.lemmas import lemmas
from tg_assets.vision.colours import _HUES
from tg_assets.vision.names import TABLE, named, read
from tg_assets.vision.objects import COCO, LABELS
from tg_assets.vision.picture_words import COLOURS, KINDS, is_russian, picture_words, why_its_picture
from tg_assets.vision.result import Classification

LOCAL = {"provider": "local", "classification": "photo", "scene": "light"}


def every_label() -> set[str]:
    """What our models may say, as they spell it."""
    path = LABELS.path()
    assert path, "the extra vision is not installed"
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 1000
    return {line.split(",")[0].strip().lower() for line in lines} | {name for name in COCO if name != "."}


def test_all_that_our_models_say_has_a_russian_name() -> None:
    """And nothing is written twice in one entry; Russian is Russian."""
    missing = {label for label in every_label() if not any(name.russian for name in named(label))}
    assert missing == set()
    for entry in read(TABLE.read_text("utf-8")):
        assert len(set(entry.english)) == len(entry.english), entry
        assert not any(is_russian(name) for name in entry.english), entry
        assert all(is_russian(name) for name in entry.russian), entry


def test_kinds_and_colours_are_all_there() -> None:
    assert set(KINDS) == set(Classification.__args__)
    assert {name for _, name in _HUES} | {"black", "white", "grey", "brown"} <= set(COLOURS)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("golden retriever", "золотистый ретривер собака dog animal"),
        ("tabby", "кошка кот cat животное"),
        ("sports car", "машина автомобиль car"),
        ("cellular telephone", "телефон смартфон phone"),
        ("beacon", "маяк lighthouse building"),
        ("laptop", "ноутбук компьютер computer"),
    ],
)
def test_wider_words_are_there(label: str, words: str) -> None:
    """What people type is seldom what a model says."""
    assert set(lemmas(words)) <= set(lemmas(picture_words({**LOCAL, "labels": [label]}).shown_text))


@pytest.mark.parametrize(
    ("label", "has", "lacks"),
    [
        ("fluffy golden retriever", "fluffy ретривер собака", "кошка"),
        ("two dogs on a beach", "собака пляж", "кошка"),
        ("рыжий кот на диване", "cat sofa рыжий", "dog"),
        ("hot dog", "хот-дог еда", "собака"),
        ("squirrel", "белка", "собака"),
        ("parrot", "попугай птица", "жако ара какаду"),
        ("попугай", "parrot bird", "macaw"),
        ("landscape", "пейзаж природа", "портрет"),
        ("quokka", "quokka", "животное"),
    ],
)
def test_labels_of_other_models_are_free_text(label: str, has: str, lacks: str) -> None:
    """The longest names in them count; what nobody knows is kept as it is."""
    found = set(lemmas(picture_words({"provider": "openai", "labels": [label]}).shown_text))
    assert set(lemmas(has)) <= found
    assert not set(lemmas(lacks)) & found


def test_a_colour_is_no_fruit() -> None:
    """Unless a model saw the fruit; and a wide picture of ours is no scenery."""
    seen = {**LOCAL, "labels": ["photo", "landscape", "mid-tone", "orange"], "dominant_colors": ["orange"]}
    assert picture_words(seen).shown == ()
    assert "оранжевый" in picture_words(seen).manner_text
    fruit = picture_words({**seen, "context": {"scores": {"orange": 0.9}}})
    assert "апельсин" in fruit.shown_text


def test_a_picture_is_told_in_the_readers_language() -> None:
    names = picture_words({
        **LOCAL, "labels": ["photo", "landscape", "blue", "tabby"], "objects": ["cat"], "dominant_colors": ["blue"],
    })  # fmt: skip
    assert names.told(russian=True) == "фото; кошка, полосатая кошка; синий"
    assert names.told(russian=False) == "photo; cat, tabby; blue"
    text = "Photo 640×480, mostly blue, showing cat, tabby, no readable text."
    assert why_its_picture(names, "синяя кошка", text) == names.told(russian=True)
    assert why_its_picture(names, "animals", text) == names.told(russian=False)
    assert why_its_picture(names, "blue cat", text) is None, "the text says so itself"
    assert why_its_picture(names, "собака", text) is None


def test_nothing_is_known_of_nothing() -> None:
    """Nor of what another worker wrote in a shape of its own."""
    for vision in (None, {}, {"labels": None, "objects": "cat", "context": None}, {"labels": [3, None, ""]}):
        assert not picture_words(vision)
    assert picture_words({}).told(russian=True) == ""


def test_albums_have_labels_only() -> None:
    names = picture_words({"labels": ["screenshot", "text", "grey", "church"], "is_meme": False, "ocr": {"text": "x"}})
    assert {"скриншот", "экран", "серый", "текст"} <= set(lemmas(names.manner_text))
    assert "церковь" in names.shown_text


@pytest.mark.parametrize("table", ["[cat = кот\ntabby кот", "[cat = кот < animal]", "cat =", "= кот"])
def test_a_bad_line_is_named(table: str) -> None:
    with pytest.raises(ValueError, match=r"names.txt, line \d"):
        read(table)


def test_what_is_shown_counts_more_than_the_manner() -> None:
    assert 0 < MANNER < SHOWN
