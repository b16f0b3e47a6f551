"""A contact sheet: albums with their pictures side by side and what is said of them, as Markdown with data URIs.

Pictures are strangers': they are unpacked by ``vision.prepare``'s worker, and what is put together here are the small
JPEGs that it made. What does not belong here: which albums, and where the sheet is shown.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from tg_assets.sandbox.provider import Refused

THUMBNAIL = 72
"""Longest side of a picture on the sheet, in pixels."""
MOST_ALBUMS, MOST_PICTURES = 8, 10
_GAP, _QUALITY = 3, 60
_IN_A_LINE = 5
_SUMMARY = 300
# GitHub's Markdown makes links of bare addresses, unless something unseen stands in them (U+2060, word joiner).
_ADDRESS = re.compile(r"https?:|www|@", re.IGNORECASE)
_MARKS = {ord(mark): f"&#{ord(mark)};" for mark in "&\\`*_{}[]()<>#+!|~"}

Thumbnail = Callable[[bytes, str, int], bytes]
"""A small JPEG of a picture's bytes, MIME type and longest side; raises ``Refused``."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An album on the sheet: a title for people, its pictures as (bytes, MIME type), its summary and labels."""

    title: str
    pictures: Sequence[tuple[bytes, str]]
    summary: str
    labels: Sequence[str]


def contact_sheet(albums: Sequence[Shown], thumbnail: Thumbnail) -> str:
    """The sheet of the first ``MOST_ALBUMS`` albums, some ten kilobytes each at most."""
    rows = ["| album | pictures | summary | labels |", "|---|---|---|---|"]
    for album in albums[:MOST_ALBUMS]:
        strip = _strip([one for one in (_small(*picture, thumbnail) for picture in album.pictures) if one])
        shown = f"![pictures]({strip})" if strip else "none stored"
        summary = album.summary if len(album.summary) <= _SUMMARY else album.summary[: _SUMMARY - 1] + "…"
        rows.append(f"| {_cell(album.title)} | {shown} | {_cell(summary)} | {_cell(', '.join(album.labels[:8]))} |")
    return "\n".join(rows)


def _small(data: bytes, mime: str, thumbnail: Thumbnail) -> bytes | None:
    try:
        return thumbnail(data, mime, THUMBNAIL)
    except Refused:
        return None


def _strip(thumbnails: Sequence[bytes]) -> str:
    """Pictures side by side in lines, as a data URI; empty without any."""
    from PIL import Image

    if not thumbnails:
        return ""
    images = [Image.open(BytesIO(one), formats=("JPEG",)) for one in thumbnails]
    lines = [images[first : first + _IN_A_LINE] for first in range(0, len(images), _IN_A_LINE)]
    width = max(sum(image.width + _GAP for image in line) for line in lines) - _GAP
    heights = [max(image.height for image in line) for line in lines]
    strip = Image.new("RGB", (width, sum(heights) + _GAP * (len(lines) - 1)), "white")
    top = 0
    for line, height in zip(lines, heights, strict=True):
        left = 0
        for image in line:
            strip.paste(image, (left, top + (height - image.height) // 2))
            left += image.width + _GAP
        top += height + _GAP
    buffer = BytesIO()
    strip.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _cell(text: str) -> str:
    """Text as text: whatever a picture says, it is no Markdown, no link and no HTML."""
    return _ADDRESS.sub("\\g<0>\u2060", " ".join(text.split())).translate(_MARKS)
