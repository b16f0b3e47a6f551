"""The colours a picture mostly consists of, by name.

Pillow's median cut gives a dozen colours; each is named by hue, saturation and brightness, equal names are joined
and small shares dropped. What does not belong here: what kind of picture it is.
"""

import colorsys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MAX_NAMED = 5
MIN_SHARE = 0.04
_QUANTISED = 12
# Upper bounds of hue in degrees, in the order of the colour wheel.
_HUES = (
    (15, "red"),
    (42, "orange"),
    (68, "yellow"),
    (160, "green"),
    (190, "cyan"),
    (255, "blue"),
    (290, "purple"),
    (340, "pink"),
    (361, "red"),
)


@dataclass(frozen=True)
class Colour:
    """A named colour, the hex value of its largest part and its share of the picture, 0..1."""

    name: str
    hex: str
    share: float


def colour_name(red: int, green: int, blue: int) -> str:
    """English name of an sRGB colour (0..255 each)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    chroma = (max(red, green, blue) - min(red, green, blue)) / 255
    if lightness < 0.12:
        return "black"
    if chroma < 0.1 or saturation < 0.12:
        return "white" if lightness > 0.9 else "grey"
    name = next(name for bound, name in _HUES if hue * 360 < bound)
    if name in ("orange", "red") and lightness < 0.4 and saturation < 0.8:
        return "brown"
    return name


def dominant(image: "PILImage") -> list[Colour]:
    """Up to five colours of an RGB picture, the largest share first."""
    from PIL import Image

    small = image.resize((96, 96), Image.Resampling.BOX)
    quantised = small.quantize(_QUANTISED, method=Image.Quantize.MEDIANCUT)
    palette = quantised.getpalette() or []
    total = small.width * small.height
    named: dict[str, tuple[int, str]] = {}
    for count, index in sorted(quantised.getcolors() or [], key=lambda pair: (-int(pair[0]), pair[1])):
        start = 3 * int(str(index))
        red, green, blue = palette[start : start + 3]
        name = colour_name(red, green, blue)
        known, code = named.get(name, (0, f"#{red:02x}{green:02x}{blue:02x}"))
        named[name] = (known + int(count), code)
    ranked = sorted(named.items(), key=lambda item: (-item[1][0], item[0]))
    kept = [Colour(name, code, round(count / total, 3)) for name, (count, code) in ranked]
    return [colour for place, colour in enumerate(kept) if place == 0 or colour.share >= MIN_SHARE][:MAX_NAMED]
