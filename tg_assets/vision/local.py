"""The built-in vision provider: text, colours and kind of a picture, without a network and without a model.

It says only what it can know: the description is a template sentence, ``objects`` stays empty, ``nsfw_score`` and
``aesthetic_score`` are null. Labels come from measurements, never from words in the picture, so a picture cannot
label itself. What does not belong here: the rules themselves (``kinds``, ``colours``, ``reading``).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tg_assets.vision.ocr import Engine, OcrStatus, ocr_status
from tg_assets.vision.result import VisionResult

if TYPE_CHECKING:
    from tg_assets.vision.colours import Colour
    from tg_assets.vision.decode import Picture
    from tg_assets.vision.kinds import Look
    from tg_assets.vision.reading import Reading
    from tg_assets.vision.result import Classification

# Raise it when a rule changes what a picture gets: every stored result then is stale.
RULES_VERSION = 1
DESCRIBED_TEXT = 200
_CYRILLIC_SHARE = 0.2


class LocalVision:
    """Rules and Tesseract. Safe to call from several threads; each gets its own engine.

    ``tessdata`` limits where language data is looked for; by default the usual places are.
    """

    name = "local"
    model = "rules"

    def __init__(self, tessdata: Sequence[Path] | None = None) -> None:
        self._tessdata = tessdata

    @cached_property
    def status(self) -> OcrStatus:
        """Whether this provider reads text; found out once."""
        return ocr_status(self._tessdata)

    @cached_property
    def version(self) -> str:
        """``local@<rules>+<engine>``: an engine or language installed later is another version."""
        return f"local@{RULES_VERSION}+{self.status.tag}"

    @cached_property
    def _reader(self) -> Engine:
        return Engine(self.status)

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Describe one picture. Raises ``PictureRefused`` when it cannot be decoded safely."""
        from tg_assets.vision.colours import dominant
        from tg_assets.vision.decode import decode
        from tg_assets.vision.kinds import classify, measure
        from tg_assets.vision.reading import NOTHING, read

        picture = decode(image, mime)
        look = measure(picture.image)
        colours = dominant(picture.image)
        reading = read(picture.image, self._reader.tsv) if self.status.available else NOTHING
        kind = classify(look, reading, *picture.image.size)
        return VisionResult.model_validate(
            {
                "classification": kind,
                "description": _sentence(picture, kind, look, colours, reading, self.status.available),
                "is_meme": kind == "meme",
                "labels": _labels(picture, kind, look, colours, reading),
                "scene": look.scene,
                "ocr": self._ocr(reading),
                "dominant_colors": [colour.name for colour in colours],
                "context": {
                    "ocr": self._ocr_note(reading),
                    "width": picture.width,
                    "height": picture.height,
                    "format": picture.format,
                    "animated": picture.animated,
                    "colors_hex": {colour.name: colour.hex for colour in colours},
                },
                "provider": self.name,
                "model": self.model,
                "vision_version": self.version,
            }
        )

    def _ocr(self, reading: "Reading") -> dict[str, object] | None:
        if not reading.text:
            return None
        return {"text": reading.text, "engine": self.status.engine, "confidence": reading.confidence}

    def _ocr_note(self, reading: "Reading") -> str:
        if not self.status.available:
            return f"missing: {self.status.how_to}"
        return "found" if reading.text else "none found"


def _sentence(
    picture: "Picture",
    kind: "Classification",
    look: "Look",
    colours: Sequence["Colour"],
    reading: "Reading",
    can_read: bool,
) -> str:
    """What is known, as one English sentence, with the beginning of the text."""
    noun = "Picture" if kind == "other" else kind.capitalize()
    hues = " and ".join(colour.name for colour in colours[:2])
    start = f"{noun} {picture.width}×{picture.height}, {look.scene}, mostly {hues}"
    if not can_read:
        return f"{start}; text was not looked for."
    if not reading.text:
        return f"{start}, no readable text."
    flat = " ".join(reading.text.split())
    if len(flat) > DESCRIBED_TEXT:
        flat = flat[:DESCRIBED_TEXT].rsplit(" ", 1)[0] + "…"
    return f"{start}, with text: {flat}"


def _labels(
    picture: "Picture", kind: "Classification", look: "Look", colours: Sequence["Colour"], reading: "Reading"
) -> list[str]:
    labels: list[str] = [] if kind == "other" else [kind]
    if look.drawn and kind == "other":
        labels.append("graphic")
    ratio = picture.width / picture.height
    labels.append("square" if 0.95 <= ratio <= 1.05 else "landscape" if ratio > 1 else "portrait")
    labels.append(look.scene)
    if picture.animated:
        labels.append("animated")
    if reading.letters:
        cyrillic = sum("\u0400" <= char <= "\u04ff" for char in reading.text)
        labels += ["text", "cyrillic text" if cyrillic >= _CYRILLIC_SHARE * reading.letters else "latin text"]
    return labels + [colour.name for colour in colours[:3]]
