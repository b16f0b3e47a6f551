"""The same picture saved anew is recognised; another caption on it is not."""

import io
import itertools
from dataclasses import replace

import pytest
from PIL import Image

from tests.vision.drawing import encode, meme, photo, screen
from tg_assets.vision.decode import decode
from tg_assets.vision.prepare import prepare
from tg_assets.vision.similar import SAME, difference, distance, phash, same, thumb

PICTURES = {
    "photo": photo(seed=3),
    "meme": meme("КОГДА ПРИШЛА ПЯТНИЦА", "А РЕЛИЗ ЗАВТРА"),
    "screen": screen(["Отчёт о продажах", "Revenue grew faster"]),
}
CAPTIONS = [
    ("ONE DOES NOT SIMPLY", "DEPLOY ON FRIDAY"),
    ("ONE DOES NOT SIMPLY", "DEPLOY ON MONDAY"),
    ("КОГДА ПРИШЛА ПЯТНИЦА", "А РЕЛИЗ ЗАВТРА"),
    ("КОГДА ПРИШЛА СУББОТА", "А РЕЛИЗ ЗАВТРА"),
    ("", "МЯУ"),
    ("", ""),
]


def prints(image: Image.Image) -> tuple[bytes, bytes]:
    return phash(image), thumb(image)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    ("kind", "quality", "side"),
    [("JPEG", 85, 800), ("JPEG", 60, 800), ("JPEG", 80, 400), ("JPEG", 80, 320), ("WEBP", 75, 640)],
)
def test_a_picture_saved_anew_is_the_same(name: str, kind: str, quality: int, side: int) -> None:
    """Another encoding, another size."""
    image = PICTURES[name].copy()
    image.thumbnail((side, side))
    assert same(prints(PICTURES[name]), prints(decode(encode(image, kind, quality=quality)).image))


@pytest.mark.parametrize("seed", range(4))
def test_another_caption_is_another_picture(seed: int) -> None:
    """One exchanged word is enough, though the hashes alone are as close as those of one picture."""
    made = [prints(meme(*caption, seed=seed)) for caption in CAPTIONS]
    pairs = list(itertools.combinations(made, 2))
    assert not [pair for pair in pairs if same(*pair)]
    assert min(distance(a[0], b[0]) for a, b in pairs) <= SAME


def test_different_pictures_are_far_apart() -> None:
    """Several times the threshold."""
    hashes = [phash(image) for image in (*PICTURES.values(), photo(seed=8), photo(seed=9))]
    assert min(distance(a, b) for a, b in itertools.combinations(hashes, 2)) > 3 * SAME


def test_distance_counts_bits_of_equal_hashes() -> None:
    """And refuses what cannot be compared."""
    assert (distance(b"\x00\xff", b"\x01\xff"), difference(bytes(1024), bytes([9]) * 1024)) == (1, 9.0)
    with pytest.raises(ValueError, match="2 and 1 bytes"):
        distance(b"ab", b"a")


def test_what_is_passed_on_is_only_the_picture() -> None:
    """No position, no comment, no trailing bytes; upright, small enough, with its fingerprints."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a secret place"
    data = encode(photo((900, 600)), "JPEG", exif=exif, comment=b"a secret word") + b"a secret tail"
    made = prepare(data, "image/jpeg", 300)
    image = Image.open(io.BytesIO(made.jpeg))
    assert b"secret" not in made.jpeg
    assert (image.format, image.mode, image.size, dict(image.getexif())) == ("JPEG", "RGB", (200, 300), {})
    assert (made.width, made.height, made.format, made.animated) == (600, 900, "JPEG", False)
    assert (made.phash, made.thumb) == prints(decode(data).image)
    assert prepare(data, "image/jpeg", 300, prints=False) == replace(made, phash=b"", thumb=b"")
