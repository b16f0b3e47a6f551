"""Files made to hurt whoever unpacks them, built in code."""

import os
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.vision.drawing import encode, photo, screen
from tg_assets.sandbox.provider import Refusal


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, data: bytes, *extra: bytes) -> bytes:
    """A PNG that claims this size, with these uncompressed bytes for pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(data, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    """A GIF that claims a canvas of this size for one pixel."""
    data = bytearray(encode(Image.new("P", (1, 1)), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def frames(kind: str) -> bytes:
    """Three frames, the first red."""
    first, *rest = (Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue"))
    return encode(first, kind, save_all=True, append_images=rest, duration=50)


def palette() -> bytes:
    """A palette with a transparent entry."""
    return encode(Image.new("P", (60, 40), 3), "PNG", transparency=3)


def sideways() -> bytes:
    """A photo that its EXIF turns by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(photo((80, 40)), "JPEG", exif=exif)


def half(data: bytes) -> bytes:
    """What is left of a file after its download broke."""
    return data[: len(data) // 2]


# What makes what arrives, and why that is refused; None: it is described. Made when it is asked for: it takes seconds.
CORPUS: dict[str, tuple[Callable[[], bytes], Refusal | None]] = {
    "PNG of 50000x50000": (lambda: png(50_000, 50_000, bytes(1000)), Refusal.too_many_pixels),
    "PNG of 2 kB that is 150 MB": (lambda: png(7_000, 7_000, bytes(7_000 * 21_001)), Refusal.too_many_pixels),
    "PNG of 5900x5900 nearly allowed": (lambda: png(5_900, 5_900, bytes(5_900 * 17_701)), None),
    "PNG with more data than pixels": (lambda: png(50, 50, bytes(30_000_000)), None),
    "PNG with a text of 50 MB": (
        lambda: png(50, 50, bytes(50 * 151), chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(50_000_000)))),
        Refusal.broken,
    ),
    "GIF with a huge canvas": (lambda: gif(65_535, 65_535), Refusal.too_many_pixels),
    "JPEG cut": (lambda: half(encode(photo((300, 200)), "JPEG")), Refusal.truncated),
    "PNG cut": (lambda: half(encode(screen(["text"]), "PNG")), Refusal.truncated),
    "HTML": (lambda: b"<!doctype html><script>alert(1)</script>", Refusal.not_a_picture),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.not_a_picture),
    "PDF": (lambda: b"%PDF-1.7\n1 0 obj\n", Refusal.not_a_picture),
    "EXE": (lambda: b"MZ\x90\0" + bytes(200), Refusal.not_a_picture),
    "EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", Refusal.not_a_picture),
    "PSD": (lambda: b"8BPS\0\x01" + bytes(300), Refusal.not_a_picture),
    "TIFF": (lambda: encode(photo((30, 20)), "TIFF"), Refusal.not_a_picture),
    "ICO": (lambda: encode(photo((32, 32)), "ICO"), Refusal.not_a_picture),
    "nothing": (lambda: b"", Refusal.empty),
    "1x1": (lambda: encode(Image.new("RGB", (1, 1))), None),
    "30000x1": (lambda: encode(Image.new("RGB", (30_000, 1))), None),
    "1x30000": (lambda: encode(Image.new("RGB", (1, 30_000))), None),
    "animated GIF": (lambda: frames("GIF"), None),
    "animated WEBP": (lambda: frames("WEBP"), None),
    "animated PNG": (lambda: frames("PNG"), None),
    "CMYK JPEG": (lambda: encode(photo((80, 60)).convert("CMYK"), "JPEG"), None),
    "16-bit PNG": (lambda: encode(Image.new("I;16", (40, 30), 30_000)), None),
    "palette with transparency": (palette, None),
    "EXIF rotation": (sideways, None),
    "ICC garbage": (lambda: encode(photo((80, 60)), "JPEG", icc_profile=os.urandom(5_000)), None),
}
