"""The vision result keeps the contract's shapes whatever a provider sends."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.providers import HandlerProvider
from tg_assets.vision.provider import VisionProvider
from tg_assets.vision.result import VisionResult, features_hash

KEYS = {
    "classification", "description", "is_meme", "labels", "objects", "scene", "ocr", "nsfw_score", "aesthetic_score",
    "dominant_colors", "context", "provider", "model", "vision_version", "features_hash", "tokens_used",
    "analysis_reason",
}  # fmt: skip


def make(**changes: Any) -> VisionResult:
    base: dict[str, Any] = {
        "classification": "photo",
        "description": "A made-up picture",
        "provider": "fake",
        "model": "fake",
        "vision_version": "fake@1",
    }
    return VisionResult.model_validate(base | changes)


def test_the_json_has_exactly_the_names_of_the_contract() -> None:
    """Users query by these names."""
    assert set(make().model_dump(mode="json")) == KEYS


def test_json_there_and_back_is_the_same_result() -> None:
    """What is stored is what was made, with the same hash."""
    result = make(labels=["Кот", "cat"], ocr={"text": "привет", "engine": "x", "confidence": 0.5})
    back = VisionResult.model_validate_json(result.model_dump_json())
    assert back == result
    assert back.features_hash == result.features_hash


def test_lists_are_lower_cased_without_repeats_and_cut() -> None:
    """Twenty labels, ten objects, five colours."""
    names = [f" Name{i} " for i in range(40)]
    result = make(labels=["CAT", "cat", "", *names], objects=names, dominant_colors=names)
    assert result.labels[:2] == ["cat", "name0"]
    assert (len(result.labels), len(result.objects), len(result.dominant_colors)) == (20, 10, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"classification": "selfie"},
        {"description": "abc"},
        {"description": "a\x00\x00\x00b "},
        {"nsfw_score": 1.2},
        {"aesthetic_score": float("nan")},
        {"tokens_used": -1},
        {"analysis_reason": "because"},
        {"ocr": {"text": "x", "engine": "y", "confidence": 96}},
    ],
)
def test_what_breaks_the_contract_is_refused(changes: dict[str, Any]) -> None:
    """A wrong kind or a score out of range is an error of the provider."""
    with pytest.raises(ValidationError):
        make(**changes)


def test_no_control_character_reaches_the_database() -> None:
    """Postgres refuses a NUL in jsonb; text from pictures may hold anything."""
    result = make(
        description="A pict\x00ure\x1b[31m",
        labels=["a\x00b"],
        ocr={"text": "li\x00ne\none\ud800", "engine": "x"},
        context={"no\x00te": ["va\x00lue", {"deep": "\x07"}]},
    )
    assert "\\u0000" not in json.dumps(result.model_dump(mode="json"))
    assert result.ocr_text == "line\none"


def test_the_hash_changes_only_with_what_later_stages_use() -> None:
    """Time, cost, engine and version must not make a post be tagged again."""
    base = make(labels=["a"], ocr={"text": "t", "engine": "one", "confidence": 0.9})
    same = make(
        labels=["a"], ocr={"text": "t", "engine": "two", "confidence": 0.1}, tokens_used=9, vision_version="fake@2",
        analysis_reason="cache_hit", dominant_colors=["red"], context={"x": 1}, nsfw_score=0.1,
    )  # fmt: skip
    assert features_hash(base) == features_hash(same) == base.features_hash
    others = [
        make(labels=["b"]), make(is_meme=True), make(scene="dark"), make(objects=["cat"]), make(classification="other"),
        make(ocr={"text": "u", "engine": "one"}), make(description="Another picture"),
    ]  # fmt: skip
    assert len({base.features_hash, *(other.features_hash for other in others)}) == len(others) + 1


def test_a_forged_hash_is_not_believed() -> None:
    """The hash is computed here, whoever sent the result."""
    assert make(features_hash="0" * 64).features_hash == make().features_hash


def test_the_fake_provider_passes_calls_to_its_handler() -> None:
    """Tests of other parts need no real pictures."""
    provider = HandlerProvider(lambda image, mime: make(description=f"{mime} {len(image)}"))
    seam: VisionProvider = provider
    assert seam.describe(b"123", "image/png").description == "image/png 3"
    assert provider.calls == 1
