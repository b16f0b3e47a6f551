"""From bytes that somebody sent to pixels that are safe to work on.

The bytes decide, not their declared type: only five formats are tried, sizes are checked before anything is
unpacked, and whatever cannot be decoded whole is refused by name. Animations give their first frame; what is sent as a
PDF, and is one, its first page.
Only a worker (``sandbox``) calls ``decode``. What does not belong here: looking at the picture.
"""

import io
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision import pdf

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
# Nothing later looks at more detail than this; a 40-megapixel photo is shrunk while its JPEG is unpacked.
WORK_SIDE = 2560

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")
# Warning filters are process-wide: two threads that change them at once would restore each other's state.
_FILTERS = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """Upright RGB pixels, at most ``WORK_SIDE`` on a side; ``width`` and ``height`` are those of the original."""

    image: "PILImage"
    width: int
    height: int
    format: str
    animated: bool


def weigh(data: bytes) -> None:
    """Raises ``Refused`` for nothing and for more than ``MAX_BYTES``; looks at nothing else."""
    if not data:
        raise Refused(Refusal.empty, "no bytes")
    if len(data) > MAX_BYTES:
        raise Refused(Refusal.too_many_bytes, f"{len(data)} bytes, at most {MAX_BYTES} are read")


def decode(data: bytes, mime: str = "") -> Picture:
    """Decode one picture. ``mime`` is what the sender called it; of a picture it only shows in messages.

    Raises ``Refused``; running out of memory and the like pass through, they are worth a retry.
    """
    weigh(data)
    if mime == pdf.MIME:
        page = pdf.first_page(data, WORK_SIDE)
        return Picture(page, *page.size, "PDF", False)
    from PIL import Image, UnidentifiedImageError

    try:
        with _FILTERS, warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decode(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(Refusal.too_many_pixels, f"more than {MAX_PIXELS} pixels") from None
    except UnidentifiedImageError:
        if _looks_allowed(data):
            raise Refused(Refusal.broken, "starts like a picture, its header is damaged") from None
        called = f" (sent as {mime[:60]})" if mime else ""
        raise Refused(Refusal.not_a_picture, f"not one of {', '.join(FORMATS)}{called}") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        reason = Refusal.truncated if "truncated" in str(error).lower() else Refusal.broken
        raise Refused(reason, f"{type(error).__name__}: {str(error)[:120]}") from None


def _decode(data: bytes) -> Picture:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise Refused(Refusal.too_many_pixels, f"{width}x{height}, at most {MAX_PIXELS} pixels")
        kind = opened.format or ""
        animated = bool(getattr(opened, "is_animated", False))
        if animated:
            opened.seek(0)
        opened.draft("RGB", (WORK_SIDE, WORK_SIDE))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    if (upright.width < upright.height) != (opened.width < opened.height):
        width, height = height, width
    flat = _flatten(upright)
    flat.thumbnail((WORK_SIDE, WORK_SIDE))
    flat.info.clear()  # Pillow would write a sender's comment into every JPEG made from it
    return Picture(flat, width, height, kind, animated)


def _flatten(image: "PILImage") -> "PILImage":
    """RGB pixels; transparent parts become white, or black when what is visible is itself light."""
    from PIL import Image, ImageStat

    if image.mode.startswith("I") or image.mode == "F":
        scale = 1 / 256 if image.mode.startswith("I") else 1.0
        image = image.convert("F").point(lambda value: value * scale).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    visible = alpha.point(lambda value: 255 if value > 127 else 0)
    light = bool(visible.getbbox()) and ImageStat.Stat(rgba.convert("L"), visible).mean[0] > 200
    ground = Image.new("RGBA", rgba.size, (0, 0, 0, 255) if light else (255, 255, 255, 255))
    return Image.alpha_composite(ground, rgba).convert("RGB")


def _looks_allowed(data: bytes) -> bool:
    return data.startswith(_SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
