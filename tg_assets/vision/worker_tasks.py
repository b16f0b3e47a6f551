"""What the built-in provider does in its worker: one picture in, what can be known about it out.

The description is a template sentence. Labels come from measurements and from an image model, never from words in
the picture, so a picture cannot label itself. What does not belong here: the rules themselves (``kinds``,
``colours``, ``reading``), the worker's limits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tg_assets.sandbox.worker import Task
from tg_assets.vision.colours import dominant
from tg_assets.vision.decode import decode
from tg_assets.vision.detector import Detector
from tg_assets.vision.kinds import classify, measure
from tg_assets.vision.objects import Models, Recognised, objects_tag
from tg_assets.vision.ocr import Engine, ocr_status
from tg_assets.vision.reading import NOTHING, read

if TYPE_CHECKING:
    from tg_assets.vision.colours import Colour
    from tg_assets.vision.decode import Picture
    from tg_assets.vision.kinds import Measurements
    from tg_assets.vision.reading import Reading
    from tg_assets.vision.result import Classification

DESCRIBED_TEXT = 200
SHOWN = 4
_CYRILLIC_SHARE = 0.2


class Analyser:
    """Engines that are loaded once; ``tessdata`` as for ``LocalVision``."""

    def __init__(self, tessdata: Sequence[Path] | None) -> None:
        self._status = ocr_status(tessdata)
        self._engine = Engine(self._status) if self._status.available else None
        self._find = Detector().lines if self._engine and self._status.detector else None
        self._models = Models() if objects_tag() else None

    def analyse(self, data: bytes, mime: str) -> dict[str, Any]:
        """Fields of a ``VisionResult`` without provider, model and version. Raises ``Refused``."""
        picture = decode(data, mime)
        measured = measure(picture.image)
        colours = dominant(picture.image)
        reading = read(picture.image, self._engine.tsv, self._find) if self._engine else NOTHING
        kind = classify(measured, reading, *picture.image.size)
        # The models learned from photos; they call a chart an oscilloscope (0.99).
        recognised = Recognised({}, {})
        if self._models and not measured.drawn:
            recognised = self._models.recognise(picture.image)
        return {
            "classification": kind,
            "description": _sentence(picture, kind, measured, colours, recognised, reading, self._engine is not None),
            "is_meme": kind == "meme",
            "labels": [*_labels(picture, kind, measured, colours, reading), *recognised.labels],
            "objects": list(recognised.objects),
            "scene": measured.scene,
            "ocr": self._ocr(reading),
            "dominant_colors": [colour.name for colour in colours],
            "context": {
                "ocr": self._ocr_note(reading),
                "width": picture.width,
                "height": picture.height,
                "format": picture.format,
                "animated": picture.animated,
                "colors_hex": {colour.name: colour.hex for colour in colours},
                "scores": {**recognised.labels, **recognised.objects},
            },
        }

    def _ocr(self, reading: "Reading") -> dict[str, object] | None:
        if not reading.text:
            return None
        return {"text": reading.text, "engine": self._status.engine, "confidence": reading.confidence}

    def _ocr_note(self, reading: "Reading") -> str:
        if not self._engine:
            return f"missing: {self._status.how_to}"
        return "found" if reading.text else "none found"


def tasks(tessdata: list[str] | None) -> Task:
    """What the worker does with one picture."""
    analyser = Analyser(None if tessdata is None else [Path(path) for path in tessdata])
    return lambda header, data: (analyser.analyse(data, header["mime"]), b"")


def _sentence(
    picture: "Picture",
    kind: "Classification",
    measured: "Measurements",
    colours: Sequence["Colour"],
    recognised: Recognised,
    reading: "Reading",
    can_read: bool,
) -> str:
    """What is known, as one English sentence, with the beginning of the text."""
    noun = "Picture" if kind == "other" else kind.capitalize()
    hues = " and ".join(colour.name for colour in colours[:2])
    start = f"{noun} {picture.width}×{picture.height}, {measured.scene}, mostly {hues}"
    if names := list(dict.fromkeys((*recognised.objects, *recognised.labels)))[:SHOWN]:
        start += f", showing {', '.join(names)}"
    if not can_read:
        return f"{start}; text was not looked for."
    if not reading.text:
        return f"{start}, no readable text."
    flat = " ".join(reading.text.split())
    if len(flat) > DESCRIBED_TEXT:
        flat = flat[:DESCRIBED_TEXT].rsplit(" ", 1)[0] + "…"
    return f"{start}, with text: {flat}"


def _labels(
    picture: "Picture",
    kind: "Classification",
    measured: "Measurements",
    colours: Sequence["Colour"],
    reading: "Reading",
) -> list[str]:
    labels: list[str] = [] if kind == "other" else [kind]
    if measured.drawn and kind == "other":
        labels.append("graphic")
    ratio = picture.width / picture.height
    labels.append("square" if 0.95 <= ratio <= 1.05 else "landscape" if ratio > 1 else "portrait")
    labels.append(measured.scene)
    if picture.animated:
        labels.append("animated")
    if reading.letters:
        cyrillic = sum("\u0400" <= char <= "\u04ff" for char in reading.text)
        labels += ["text", "cyrillic text" if cyrillic >= _CYRILLIC_SHARE * reading.letters else "latin text"]
    return labels + [colour.name for colour in colours[:3]]
