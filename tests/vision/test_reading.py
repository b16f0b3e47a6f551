"""Text in pictures is found: on screens, on memes, in both languages, and in the public export."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.support.data import shared_data
from tests.vision.drawing import meme, photo, screen
from tg_assets.errors import TgAssetsError
from tg_assets.vision.decode import decode
from tg_assets.vision.detector import MODEL, Detector
from tg_assets.vision.lines import MAX_LINES, MOST_PASSES, read_lines
from tg_assets.vision.ocr import Engine, OcrStatus, ocr_status
from tg_assets.vision.reading import Reading, read

# One or two words a person would search for, each seen in the picture by eye. Photo 3240 holds two tilted words
# that are not read; 3352-3356 are photos without text.
PROBES = {
    3239: ("version",),
    3241: ("мирослава",),
    3242: ("снег", "конечно"),
    3243: ("сосредоточен",),
    3244: ("снегопаде",),
    3245: ("экологичность",),
    3246: ("инфантильно",),
    3247: ("свидания",),
    3248: ("фридлянд", "рассказ"),
    3249: ("timed", "errors"),
    3250: ("jvm", "max"),
    3351: ("наступающим", "тебя"),
}
SILENT = {3352, 3353, 3354, 3355, 3356}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(ocr_status())


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.fixture(scope="module")
def export(engine: Engine, detector: Detector) -> tuple[dict[int, Reading], float]:
    """Readings of the eighteen photos by number, and CPU seconds per photo."""
    folder: Path = shared_data("desktop", "qa_load_excerpt", "photos")
    photos = {int(path.name.split("_")[1].split("@")[0]): path.read_bytes() for path in sorted(folder.glob("*.jpg"))}
    assert len(photos) == 18
    start = time.process_time()
    readings = {number: read(decode(data).image, engine.tsv, detector.lines) for number, data in photos.items()}
    return readings, (time.process_time() - start) / len(photos)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_screen_is_read_in_both_languages(engine: Engine, dark: bool) -> None:
    """Russian and Latin lines, numbers beside words."""
    lines = ["Отчёт о продажах за ноябрь", "Revenue grew faster than planned", "Всего 1520 заказов"]
    reading = read(screen(lines, dark=dark), engine.tsv)
    assert reading.text.splitlines()[-3:] == lines
    assert reading.confidence is not None
    assert reading.confidence > 0.8
    assert not reading.caption


def test_small_letters_of_a_small_picture_are_read(engine: Engine) -> None:
    """Small pictures are enlarged first."""
    reading = read(screen(["мелкий шрифт", "tiny letters"], size=(320, 160), points=11), engine.tsv)
    assert "мелкий шрифт" in reading.text
    assert "tiny letters" in reading.text


@pytest.mark.parametrize(
    ("top", "bottom", "seed", "ink"),
    [("КОГДА ПРИШЛА ПЯТНИЦА", "А РЕЛИЗ ЗАВТРА", 1, "white"), ("ONE DOES NOT SIMPLY", "DEPLOY ON FRIDAY", 2, "#ffe600")],
)
def test_a_caption_over_a_photo_is_read(engine: Engine, top: str, bottom: str, seed: int, ink: str) -> None:
    """White or yellow outlined letters, the usual meme: at least four of five longer words."""
    reading = read(meme(top, bottom, seed, ink), engine.tsv)
    wanted = [word for word in f"{top} {bottom}".split() if len(word) > 3]
    found = [word for word in wanted if word in reading.text]
    assert len(found) >= 0.8 * len(wanted), reading.text
    assert reading.caption


def test_coloured_letters_over_a_photo_need_the_detector(engine: Engine, detector: Detector) -> None:
    """Red ones, in either language, are lost to plain Tesseract and read line by line."""
    image = meme("КОГДА ПРИШЛА ПЯТНИЦА", "DEPLOY ON FRIDAY", 2, "#ff3030")
    wanted = ("КОГДА", "ПРИШЛА", "ПЯТНИЦА", "DEPLOY", "FRIDAY")
    with_lines, without = (read(image, engine.tsv, find).text for find in (detector.lines, None))
    assert sum(word in with_lines for word in wanted) >= 4, with_lines
    assert sum(word in without for word in wanted) <= 2, without


def test_a_tilted_line_is_turned_before_it_is_read(engine: Engine, detector: Detector) -> None:
    """Ten degrees, which Tesseract alone does not read, in its place on the picture."""
    flat = screen(["Добро пожаловать домой"], size=(700, 500), points=30)
    image = flat.rotate(10, fillcolor=(250, 250, 250))
    reading = read(image, engine.tsv, detector.lines)
    assert "пожаловать" in reading.text
    (word,) = [word for word in reading.words if "пожаловать" in word.text]
    assert 50 < word.left < 450
    assert 50 < word.top < 300


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_without_text_gives_no_text(engine: Engine, detector: Detector, seed: int) -> None:
    """Noise does not become words that somebody finds later."""
    assert read(photo(seed=seed), engine.tsv).text == ""
    assert read(photo(seed=seed), engine.tsv, detector.lines).text == ""


def test_one_short_word_on_an_empty_screen_is_read(engine: Engine) -> None:
    """Few edges are still a text."""
    assert read(screen(["текст"]), engine.tsv).text == "текст"


def test_a_thin_strip_is_not_a_text(engine: Engine) -> None:
    """Pictures of a few pixels are left alone."""
    assert read(photo((500, 6)), engine.tsv).text == ""


def test_texts_of_the_public_export_are_found(export: tuple[dict[int, Reading], float]) -> None:
    """All twelve probes are found; twelve of eighteen photos give at least three words."""
    readings, _ = export
    for number, probes in PROBES.items():
        words = readings[number].text.lower()
        assert all(probe in words for probe in probes), (number, words)
    rich = [number for number, reading in readings.items() if len(reading.words) >= 3]
    assert len(rich) >= 12, rich


def test_photos_of_the_public_export_stay_silent(export: tuple[dict[int, Reading], float]) -> None:
    """Five photos of painted vans by the sea give no words at all."""
    readings, _ = export
    assert {number: readings[number].text for number in SILENT} == dict.fromkeys(SILENT, "")


def test_reading_stays_affordable(export: tuple[dict[int, Reading], float]) -> None:
    """Aim: half a second of one core per photo; the bound leaves room for a busy machine."""
    _, seconds = export
    assert seconds < 1.5


def test_missing_language_data_is_reported_with_what_to_do(tmp_path: Path) -> None:
    """Absent, and half present: named, never silent."""
    nothing = ocr_status([tmp_path])
    assert (nothing.available, nothing.languages, nothing.path, nothing.tag) == (False, (), None, "ocr-missing")
    (tmp_path / "eng.traineddata").write_bytes(b"x")
    (tmp_path / "rus.traineddata").write_bytes(b"")
    half = ocr_status([tmp_path / "absent", tmp_path])
    assert (half.available, half.languages, half.path) == (False, ("eng",), tmp_path)
    assert "tesseract-ocr-rus" in half.how_to
    with pytest.raises(TgAssetsError, match="tesseract-ocr-rus"):
        Engine(half)


def test_a_missing_engine_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra was not installed."""
    monkeypatch.setattr("tg_assets.vision.ocr.importlib.util.find_spec", lambda name: None)
    status = ocr_status()
    assert not status.available
    assert "'.[ocr]'" in status.how_to


def test_the_detector_is_part_of_the_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed, missing, or of another content: another version each, so that results become stale."""
    whole = ocr_status()
    assert whole.tag.endswith("+rus+eng+ppocr6-small")
    monkeypatch.setattr("tg_assets.vision.detector.MODEL", replace(MODEL, sha256="0" * 64))
    assert ocr_status().tag == whole.tag.removesuffix("+ppocr6-small")
    monkeypatch.undo()
    monkeypatch.setattr("tg_assets.vision.detector.importable", lambda *modules: False)
    assert ocr_status().detector == ""


def test_the_detector_opens_no_connection_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Its package can download models and likes to log; in a process of its own, nothing may happen of that."""
    program = """
import socket
def refuse(*_, **__): raise AssertionError("a connection was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from PIL import Image
from tg_assets.vision.detector import MODEL, Detector
assert Detector().lines(Image.new("RGB", (200, 100), "white")) == []
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("count", [1, 7, 40, 400])
def test_many_lines_are_not_tried_in_all_their_colours(count: int) -> None:
    """A line that is not read surely is tried again and again; a screen full of them would take half a minute."""
    tried = 0

    def unsure(image: Image.Image, psm: int) -> str:
        nonlocal tried
        tried += 1
        return ""

    image = photo((800, 600), seed=3)
    quads = [((10, top), (700, top), (700, top + 20), (10, top + 20)) for top in range(400)][:count]
    assert read_lines(image, quads, unsure, 0) == []
    assert min(count, MAX_LINES) <= tried <= MOST_PASSES
    assert tried > 1


def test_damaged_language_data_is_a_sentence(tmp_path: Path) -> None:
    """Files of the right name that Tesseract cannot load."""
    for name in ("rus", "eng"):
        (tmp_path / f"{name}.traineddata").write_bytes(b"not a model")
    engine = Engine(OcrStatus(True, ("rus", "eng"), tmp_path, "", "tesseract"))
    with pytest.raises(TgAssetsError, match="Reinstall"):
        read(screen(["text"]), engine.tsv)


def test_tessdata_prefix_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's own data wins over the system's."""
    for name in ("rus", "eng"):
        (tmp_path / f"{name}.traineddata").write_bytes(b"x")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert ocr_status().path == tmp_path
