"""Whether two pictures are the same one, saved anew: a perceptual hash, and a thumbnail that sees another caption.

``imagehash.phash`` with 16×16 frequencies, 256 bits, finds candidates. Measured on 18 photos of a public chat, the
58 sample pictures and 13 grounds with nine captions each (one word exchanged in most pairs):

* the same picture as JPEG of quality 60-85, or at half, 640 or 320 pixels: at most 8 bits; quality 30: 14; WebP of
  quality 50: 20; different pictures: 56 and more, nearly all above 90;
* another caption on the same ground: 0 to 42, median 20-28. So no threshold of the hash alone tells captions apart;
* the greyscale thumbnail of 32×32, mean difference of the worst 2×2 block: same picture at most 12.5 in 99 of 100
  (down to 160 pixels wide), another caption 16.5 and more.

``same`` asks for both. A picture made brighter is another one. One exchanged letter is not seen.
What does not belong here: where hashes are kept and compared.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Fingerprint = tuple[bytes, bytes]
"""``phash`` and ``thumb`` of a picture."""

SIDE = 16
# Bits of 256: candidates for being the same picture. Never enough alone: captions differ by fewer.
SAME = 12
THUMB_SIDE = 32
# Grey levels of 256 in the worst block: between 12.5 (saved anew) and 16.5 (another caption).
SAME_THUMB = 14.0


def phash(image: "PILImage") -> bytes:
    """32 bytes: the perceptual hash of an upright RGB picture."""
    import numpy as np

    # Untyped; scipy, which it needs, takes a third of a second to import.
    bits = importlib.import_module("imagehash").phash(image, hash_size=SIDE).hash
    return np.packbits(bits).tobytes()


def thumb(image: "PILImage") -> bytes:
    """1024 bytes: brightness of 32×32 parts of the picture, row by row."""
    from PIL import Image

    return image.convert("L").resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BOX).tobytes()


def distance(a: bytes, b: bytes) -> int:
    """How many bits differ, 0..256. Raises ``ValueError`` for hashes of different length."""
    if len(a) != len(b):
        raise ValueError(f"hashes of {len(a)} and {len(b)} bytes cannot be compared")
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def difference(a: bytes, b: bytes) -> float:
    """Mean difference of two thumbnails in the 2×2 block where it is greatest, 0..255."""
    import numpy as np

    first, second = (np.frombuffer(data, np.uint8).astype(np.float64) for data in (a, b))
    half = THUMB_SIDE // 2
    return float(np.abs(first - second).reshape(half, 2, half, 2).mean(axis=(1, 3)).max())


def same(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two pairs of hash and thumbnail are of one picture, saved or resized differently."""
    return distance(a[0], b[0]) <= SAME and difference(a[1], b[1]) <= SAME_THUMB
