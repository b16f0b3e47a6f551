"""A model that somebody brings: loaded when it is asked, named by its files, refused with a sentence."""

from pathlib import Path

import pytest
from PIL import Image

from tests.vision import clip_model
from tests.vision.drawing import encode
from tg_assets.errors import TgAssetsError
from tg_assets.vision.clip import FILES, Clip


def plain(colour: str) -> bytes:
    return encode(Image.new("RGB", (64, 40), colour), "JPEG")


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("length", [clip_model.LENGTH, "n"])
def test_words_and_pictures_meet(tmp_path: Path, length: int | str) -> None:
    """Whether the text model wants just so many words or any; vectors have length 1."""
    clip = Clip(clip_model.make(tmp_path, length=length))
    for word, near, far in (("красный", "red", "blue"), ("Blue", "blue", "green")):
        said = clip.text(word)
        assert cosine(said, said) == pytest.approx(1)
        assert cosine(said, clip.image(plain(near))) > 0.95 > 0.5 > cosine(said, clip.image(plain(far)))
    assert clip.text("nothing of it") == [0, 0, 0]
    assert clip.text(" ".join(["red"] * 500)) == clip.text("red"), "cut where the model ends"


def test_chance_lies_between_the_cosines_of_the_configuration(tmp_path: Path) -> None:
    clip = Clip(clip_model.make(tmp_path, unlikely=0.2, likely=0.3))
    assert [clip.chance(one) for one in (-1, 0.2, 0.25, 0.3, 1)] == pytest.approx([0, 0, 0.5, 1, 1])


def test_the_tag_is_the_contents(tmp_path: Path) -> None:
    """The same files elsewhere are the same model; another configuration is another."""
    one, same, other = (
        Clip(clip_model.make(tmp_path / name, **config)).tag
        for name, config in (("one", {}), ("same", {}), ("other", {"likely": 0.8}))
    )
    assert one == same != other


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (clip_model.make(tmp_path) / name).unlink()
    with pytest.raises(TgAssetsError, match=f"has no {name}"):
        Clip(tmp_path)


def test_what_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    """Of a configuration, a file, and a vector of another size."""
    with pytest.raises(TgAssetsError, match=r"clip.json is not usable: size"):
        Clip(clip_model.make(tmp_path, size=1))
    with pytest.raises(TgAssetsError, match="is a vector of 5 numbers"):
        Clip(clip_model.make(tmp_path, dimension=5)).text("red")
    clip = Clip(clip_model.make(tmp_path))
    (tmp_path / "image.onnx").write_bytes(b"nonsense")
    with pytest.raises(TgAssetsError, match=r"image.onnx cannot be loaded \(\w+\)"):
        clip.image(plain("red"))
