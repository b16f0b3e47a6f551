"""Tesseract for Russian and English: where its language data is, whether it works here, and one engine per thread.

Reading text is optional, silence is not: when the engine or a language is missing, ``ocr_status`` says what to do,
results say ``missing`` and carry another version, so that installing it later makes those pictures stale.
What does not belong here: which picture is read how (``reading``) and which words are kept (``words``).
"""

import importlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tg_assets.errors import TgAssetsError
from tg_assets.shipped import how_to_install
from tg_assets.vision.detector import detector_tag

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

LANGUAGES = ("rus", "eng")
PSM_PAGE = 3
PSM_LINE = 7
PSM_SPARSE = 11
_HOW_TO = "apt-get install tesseract-ocr-rus tesseract-ocr-eng, or point TESSDATA_PREFIX at rus and eng data"
_HOW_TO_ENGINE = how_to_install("ocr")
_STANDARD_ROOTS = (Path("/usr/share"), Path("/usr/local/share"), Path("/opt/homebrew/share"))


@dataclass(frozen=True)
class OcrStatus:
    """Whether text can be read here. ``languages`` are those found; ``how_to`` is empty when all is well.

    ``detector`` finds lines for Tesseract on memes and photos; empty when it is not installed."""

    available: bool
    languages: tuple[str, ...]
    path: Path | None
    how_to: str
    engine: str
    detector: str = ""

    @property
    def tag(self) -> str:
        """The part of a vision version that says what read the text."""
        if not self.available:
            return "ocr-missing"
        return "+".join(part for part in (self.engine, *self.languages, self.detector) if part)


def tessdata_dirs() -> list[Path]:
    """Directories where language data is looked for, in order: ``TESSDATA_PREFIX``, then the usual places."""
    found = []
    if prefix := os.environ.get("TESSDATA_PREFIX"):
        found += [Path(prefix), Path(prefix) / "tessdata"]
    for root in _STANDARD_ROOTS:
        found += sorted(root.glob("tesseract-ocr/*/tessdata"), reverse=True)
        found += [root / "tesseract-ocr" / "tessdata", root / "tessdata"]
    return found


def ocr_status(search: Sequence[Path] | None = None) -> OcrStatus:
    """Look for the engine and for one directory that has every language. Loads no language data."""
    best: tuple[str, ...] = ()
    where = None
    for directory in tessdata_dirs() if search is None else search:
        languages = tuple(name for name in LANGUAGES if _has(directory, name))
        if len(languages) > len(best):
            best, where = languages, directory
    complete = best == LANGUAGES
    if importlib.util.find_spec("tesserocr") is None:
        how_to = _HOW_TO_ENGINE if complete else f"{_HOW_TO_ENGINE}; {_HOW_TO}"
        return OcrStatus(False, best, where, how_to, "")
    version = f"tesseract-{_tesserocr().tesseract_version().split()[1]}"
    return OcrStatus(complete, best, where, "" if complete else _HOW_TO, version, detector_tag())


class Engine:
    """One Tesseract per thread; loaded when the thread reads its first picture."""

    def __init__(self, status: OcrStatus) -> None:
        if not status.available or status.path is None:
            raise TgAssetsError(f"Text in pictures cannot be read here: {status.how_to}.")
        self._path = status.path
        self._local = threading.local()

    def tsv(self, image: "PILImage", psm: int) -> str:
        """Recognise one greyscale picture; Tesseract's table with a line per word, boxes and confidences."""
        api = self._api()
        api.SetPageSegMode(psm)
        api.SetImage(image)
        # Without a resolution Tesseract guesses one and complains on stderr.
        api.SetSourceResolution(96)
        try:
            return str(api.GetTSVText(0))
        finally:
            api.Clear()

    def _api(self) -> Any:
        api = getattr(self._local, "api", None)
        if api is None:
            api = self._local.api = self._load()
        return api

    def _load(self) -> Any:
        broken = TgAssetsError(f"Tesseract cannot load {LANGUAGES} from {self._path}. Reinstall: {_HOW_TO}.")
        try:
            api = _tesserocr().PyTessBaseAPI(path=str(self._path), lang="+".join(LANGUAGES), psm=PSM_PAGE)
        except RuntimeError:
            raise broken from None
        # A damaged file of one language is skipped without an error, and every text in it would be lost.
        if set(api.GetLoadedLanguages()) != set(LANGUAGES):
            raise broken
        return api


def _tesserocr() -> Any:
    """Import late. Four OpenMP threads for one small picture cost more than they give; callers have threads."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    engine = importlib.import_module("tesserocr")
    # Otherwise layout analysis of a photo prints "box outside rectangle" on stderr, past every logger.
    engine.set_leptonica_log_level(engine.LeptLogLevel.NONE)
    return engine


def _has(directory: Path, language: str) -> bool:
    try:
        return (directory / f"{language}.traineddata").stat().st_size > 0
    except OSError:
        return False
