"""The transcript's shape, and what makes it another one."""

from typing import Any

import pytest
from pydantic import ValidationError

from tg_assets.speech.result import Segment, Transcript

GIVEN: dict[str, Any] = {
    "text": "Крыша цела.",
    "lang": "ru",
    "lang_probability": 0.9,
    "seconds": 6.61,
    "segments": [{"start": 0.0, "end": 6.5, "text": "Крыша цела."}],
    "provider": "local",
    "model": "whisper-base",
    "speech_version": "local@1",
}


def transcript(**changes: object) -> Transcript:
    return Transcript.model_validate({**GIVEN, **changes})


def test_a_transcript_survives_json() -> None:
    """As text and as a JSON column; nothing is added."""
    one = transcript()
    assert Transcript.model_validate_json(one.model_dump_json()) == one
    assert one.model_dump(mode="json") == GIVEN


@pytest.mark.parametrize(
    "changes",
    [
        {"lang": "Russian"}, {"lang_probability": 1.1}, {"seconds": -1.0}, {"seconds": "6"}, {"seconds": float("nan")},
        {"provider": ""}, {"text": None}, {"words": []}, {"segments": [{"start": 2.0, "end": 1.0, "text": "а"}]},
        {"segments": [{"start": 0.0, "end": 1.0, "text": " "}]}, {"segments": "а"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_a_transcript_is_refused(changes: dict[str, object]) -> None:
    """Other types, ranges and fields."""
    with pytest.raises(ValidationError):
        transcript(**changes)


def test_text_is_one_clean_paragraph() -> None:
    """No control characters, no line breaks, composed letters."""
    heard = "  Ма\u0438\u0306\x00\n\nи\u200a июнь\t\x1b[31m "
    assert transcript(text=heard).text == "Май и июнь [31m"
    assert Segment(start=0.0, end=1.0, text=heard).text == "Май и июнь [31m"


def test_only_text_and_language_make_another_hash() -> None:
    """What later stages do not use, leaves it."""
    known = transcript().text_hash
    assert len(known) == 64
    same: dict[str, Any] = {"seconds": 1.0, "segments": [], "provider": "x", "model": "y", "speech_version": "z"}
    for name, value in {**same, "lang_probability": None}.items():
        assert transcript(**{name: value}).text_hash == known
    for name, value in {"text": "Крыша", "lang": "uk"}.items():
        assert transcript(**{name: value}).text_hash != known
