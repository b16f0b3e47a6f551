"""Whatever bytes arrive, they become pixels or a named refusal."""

import contextlib
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.vision.drawing import encode, photo, screen
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.decode import MAX_BYTES, WORK_SIDE, decode


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG whose header promises a picture of this size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def refusal(data: bytes, mime: str = "image/jpeg") -> Refusal:
    with pytest.raises(Refused) as caught:
        decode(data, mime)
    assert str(caught.value).startswith(caught.value.reason.value)
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Refusal.empty),
        (b"\xff\xd8\xff" + b"0" * MAX_BYTES, Refusal.too_many_bytes),
        (b"%PDF-1.7 nothing of the sort", Refusal.not_a_picture),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.not_a_picture),
        (encode(screen(["tiff"]), "TIFF"), Refusal.not_a_picture),
        (b"\x89PNG\r\n\x1a\n a PNG in name only", Refusal.broken),
        (png_claiming(7000, 7000), Refusal.too_many_pixels),
        (png_claiming(10_000, 10_000), Refusal.too_many_pixels),
        (png_claiming(60_000, 60_000), Refusal.too_many_pixels),
        (png_claiming(100, 100), Refusal.truncated),
    ],
    ids=lambda value: value.value if isinstance(value, Refusal) else "",
)
def test_hostile_bytes_are_refused_by_name(data: bytes, reason: Refusal) -> None:
    """Wrong type, bomb, huge, damaged: each has its own reason, at any size of Pillow's own alarm."""
    assert refusal(data) is reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_file_that_ends_early_is_refused(kind: str) -> None:
    """Half a picture is never described as if it were whole."""
    data = encode(photo((300, 200)), kind)
    assert refusal(data[: len(data) // 2]) in {Refusal.truncated, Refusal.broken}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_the_five_formats_are_read_whatever_they_are_called(kind: str) -> None:
    """The bytes decide, not the declared type."""
    picture = decode(encode(screen(["x"], size=(320, 200)), kind), "application/x-nonsense")
    assert (picture.format, picture.image.mode, picture.image.size) == (kind, "RGB", (320, 200))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    """Later frames are not unpacked."""
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    picture = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50))
    red, green, blue = picture.image.getpixel((20, 20))  # type: ignore[misc]
    assert picture.animated
    assert red > 200
    assert green < 60
    assert blue < 60


def test_a_photo_held_sideways_is_turned() -> None:
    """Width and height are those a person sees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(encode(Image.new("RGB", (80, 40), "white"), "JPEG", exif=exif))
    assert (picture.width, picture.height, picture.image.size) == (40, 80, (40, 80))


def test_a_large_photo_is_worked_on_small_and_reported_large() -> None:
    """Memory stays bounded; the size that is told is the original's."""
    picture = decode(encode(Image.new("RGB", (6000, 4000), "grey"), "JPEG"))
    assert (picture.width, picture.height) == (6000, 4000)
    assert max(picture.image.size) <= WORK_SIDE


@pytest.mark.parametrize(("ink", "ground"), [((255, 255, 255, 255), 0), ((0, 0, 0, 255), 255)])
def test_what_is_drawn_on_nothing_stays_visible(ink: tuple[int, ...], ground: int) -> None:
    """A white sticker text gets a black ground, a black one a white ground."""
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste(ink, (10, 10, 30, 30))
    assert decode(encode(image)).image.getpixel((0, 0)) == (ground,) * 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_every_pixel_mode_becomes_rgb(mode: str) -> None:
    """One mode inside, whatever came."""
    assert decode(encode(Image.new(mode, (30, 20)))).image.mode == "RGB"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_bytes_never_escape_as_another_error(data: st.DataObject) -> None:
    """A flipped or missing byte gives pixels or a refusal, nothing else."""
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP"]))
    raw = bytearray(encode(screen(["ab"], size=(120, 90)), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        assert decode(bytes(raw[: data.draw(st.integers(1, len(raw)))])).image.mode == "RGB"


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    """Decoding in parallel does not switch warnings off for the process."""
    before = list(warnings.filters)
    data = encode(photo((200, 150)), "JPEG")
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(decode, [data] * 16))) == 16
    assert list(warnings.filters) == before


def test_a_refusal_survives_a_process_border() -> None:
    """Reason and detail are still there after pickling."""
    import pickle

    back = pickle.loads(pickle.dumps(Refused(Refusal.truncated, "half")))
    assert (back.reason, back.detail) == (Refusal.truncated, "half")
