"""The committed sample is what its generator writes, and `expected.json` tells the truth about it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pymorphy3
import pytest
from PIL import Image
from razdel import tokenize

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "samples" / "export"
SIZES = {"photo_file_size", "file_size"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    command = [sys.executable, "-m", "samples.generate", str(out / "export"), "--expected", str(out / "expected.json")]
    subprocess.run(command, cwd=ROOT, check=True, timeout=900)
    return out


@pytest.fixture(scope="module")
def chats() -> dict[str, dict[str, Any]]:
    root = json.loads((EXPORT / "result.json").read_text("utf-8"))
    return {chat["name"]: chat for chat in root["chats"]["list"]}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((ROOT / "samples" / "expected.json").read_text("utf-8"))


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def without_sizes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_sizes(item) for key, item in value.items() if key not in SIZES}
    return [without_sizes(item) for item in value] if isinstance(value, list) else value


def text_of(message: dict[str, Any]) -> str:
    words = "".join(part["text"] for part in message.get("text_entities", []))
    question = message.get("poll", {})
    return " ".join([words, question.get("question", ""), *(a["text"] for a in question.get("answers", []))])


def test_committed_export_is_what_the_generator_writes(made: Path) -> None:
    """Byte for byte; where another build of an image library rounds differently, the same picture."""
    ours, theirs = files(EXPORT), files(made / "export")
    assert sorted(ours) == sorted(theirs)
    assert (made / "expected.json").read_bytes() == (ROOT / "samples" / "expected.json").read_bytes()
    differing = [name for name in ours if ours[name].read_bytes() != theirs[name].read_bytes()]
    for name in differing:
        if name == "result.json":
            left, right = (without_sizes(json.loads(side[name].read_text("utf-8"))) for side in (ours, theirs))
            assert left == right
            assert len(differing) > 1, "result.json differs although every picture is the same"
        else:
            with Image.open(ours[name]) as left, Image.open(theirs[name]) as right:
                a, b = (np.asarray(image.convert("RGB"), dtype=float) for image in (left, right))
            assert a.shape == b.shape, name
            assert np.abs(a - b).mean() < 2, name


def test_export_stays_small() -> None:
    """It is committed, so it stays below 2.5 MB."""
    assert sum(path.stat().st_size for path in files(EXPORT).values()) < 2_500_000


def test_counts_agree_with_the_export(chats: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    forwards: Counter[str] = Counter()
    assert set(chats) == set(expected["chats"])
    for name, wanted in expected["chats"].items():
        messages = chats[name]["messages"]
        kinds = Counter(message["type"] for message in messages)
        ids = [message["id"] for message in messages]
        assert ids == sorted(set(ids))
        replies = [m["reply_to_message_id"] for m in messages if "reply_to_message_id" in m]
        media = [m.get("photo") or m.get("file", "") for m in messages if m["type"] == "message"]
        here = Counter(m["forwarded_from"] for m in messages if "forwarded_from" in m)
        forwards += here
        assert {"message": wanted["messages"], "service": wanted["service"]}.items() <= kinds.items()
        assert kinds["unsupported"] == wanted["unsupported"]
        assert len(replies) == wanted["replies"]
        assert sum(target not in ids for target in replies) == wanted["replies_outside"]
        assert here == wanted["forward_sources"]
        assert sum(here.values()) == wanted["forwards"]
        assert sum(path.endswith((".jpg", ".png")) for path in media) == wanted["pictures_present"]
        assert sum(path.startswith("(") for path in media) == wanted["media_absent"]
        assert sum("edited" in m for m in messages) == wanted["edits"]
        assert all((EXPORT / path).is_file() for path in media if path and not path.startswith("("))
    (top, count), (_, second) = forwards.most_common(2)
    assert {"name": top, "count": count} == expected["top_forward_source"]
    assert count > second


def test_albums_follow_each_other_within_a_second(chats: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    """An album's pictures have consecutive ids, at most a second between neighbours, one caption, the first's."""
    for name, wanted in expected["chats"].items():
        by_id = {message["id"]: message for message in chats[name]["messages"]}
        assert len(wanted["album_ids"]) == wanted["albums"]
        for album in wanted["album_ids"]:
            assert album == list(range(album[0], album[0] + len(album)))
            assert 2 <= len(album) <= 10
            items = [by_id[one] for one in album]
            times = [int(item["date_unixtime"]) for item in items]
            assert all(0 <= b - a <= 1 for a, b in pairwise(times))
            assert items[0]["text"]
            assert not any(item["text"] for item in items[1:])


def lemmas(text: str, morph: pymorphy3.MorphAnalyzer) -> set[str]:
    words = [token.text.lower().replace("ё", "е") for token in tokenize(text)]
    return {morph.parse(word)[0].normal_form.rstrip("s") for word in words if len(word) > 2}


def test_probes_have_one_best_answer(chats: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    """A text probe shares most lemmas with its message alone; an OCR probe shares few with any message."""
    morph = pymorphy3.MorphAnalyzer()
    texts = {
        (name, message["id"]): lemmas(text_of(message), morph)
        for name, chat in chats.items()
        for message in chat["messages"]
    }
    for probe in expected["probes"]:
        asked = lemmas(probe["query"], morph)
        answer = (probe["chat"], probe["message_id"])
        scores = {key: len(asked & found) for key, found in texts.items()}
        others = max(score for key, score in scores.items() if key != answer)
        if probe["via"] == "text":
            assert scores[answer] > others, probe
        else:
            assert scores[answer] == 0, probe
            assert others <= len(asked) / 2, probe


def test_quirks_are_there(chats: dict[str, dict[str, Any]]) -> None:
    messages = [message for chat in chats.values() for message in chat["messages"]]
    assert [set(m) for m in messages if m["type"] == "unsupported"] == [{"id", "type"}]
    assert sum(m["type"] == "message" and m["from"] is None for m in messages) == 1
    kinds = [part["type"] for m in messages for part in m.get("text_entities", [])]
    assert kinds.count("formatted_date") == 1
    texts = {text_of(m).strip() for m in messages}
    assert len(texts) > 250


@pytest.mark.parametrize("language", ["rus+eng"])
def test_pictures_of_ocr_probes_are_legible(
    chats: dict[str, dict[str, Any]], expected: dict[str, Any], language: str
) -> None:
    """Tesseract reads what the probes ask for."""
    import tesserocr

    data = next(iter(Path("/usr/share/tesseract-ocr").glob("*/tessdata/rus.traineddata")), None)
    if data is None:
        pytest.fail("There is no Tesseract language data here: `tg-assets doctor` says which package has it.")
    morph = pymorphy3.MorphAnalyzer()
    for probe in expected["probes"]:
        if probe["via"] != "ocr":
            continue
        message = next(m for m in chats[probe["chat"]]["messages"] if m["id"] == probe["message_id"])
        with Image.open(EXPORT / (message.get("photo") or message["file"])) as image:
            read = tesserocr.image_to_text(image.convert("RGB"), lang=language, path=str(data.parent))
        asked = lemmas(probe["query"], morph)
        assert len(asked & lemmas(read, morph)) >= len(asked) * 0.6, (probe, read)
