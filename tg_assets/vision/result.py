"""The vision result: what any vision provider, ours or an outside worker, says about one picture.

Shapes and limits are the contract's. Lists are trimmed, lower-cased, freed of repeats and cut to their limit
here, so a talkative provider is not an error; a wrong kind or score is. Text that came out of a picture is data:
control characters (Postgres refuses a NUL) are removed. What does not belong here: how a result is made, stored or
turned into tags.
"""

import hashlib
import json
import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, computed_field

Classification = Literal["photo", "meme", "document", "screenshot", "infographic", "other"]
AnalysisReason = Literal["new", "retry", "cache_hit", "fallback", "skipped"]

MAX_LABELS = 20
MAX_OBJECTS = 10
MAX_COLOURS = 5


def clean_text(value: str) -> str:
    """``value`` in NFC without control characters and lone surrogates; line breaks and tabs stay."""
    kept = "".join(char for char in value if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", kept).strip()


def _clean(value: object) -> object:
    """``clean_text`` over every string of a JSON value."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): _clean(item) for key, item in value.items()}
    return value


def _words(limit: int) -> BeforeValidator:
    """Normalise a list of names: lower case, no repeats, first ``limit`` kept in their order."""

    def normalise(value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        names = [clean_text(item).lower() if isinstance(item, str) else item for item in value]
        return list(dict.fromkeys(name for name in names if name != ""))[:limit]

    return BeforeValidator(normalise)


CleanStr = Annotated[str, BeforeValidator(_clean)]
Score = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Ocr(BaseModel):
    """Text read in the picture. ``confidence`` is 0..1, the mean over the words that were kept."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: CleanStr
    engine: CleanStr
    confidence: Score | None = None


class VisionResult(BaseModel):
    """What is known about one picture. Fields that the contract does not name are ignored on input."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    classification: Classification
    description: Annotated[CleanStr, Field(min_length=5)]
    is_meme: bool = False
    labels: Annotated[list[str], _words(MAX_LABELS)] = []
    objects: Annotated[list[str], _words(MAX_OBJECTS)] = []
    scene: CleanStr | None = None
    ocr: Ocr | None = None
    nsfw_score: Score | None = None
    aesthetic_score: Score | None = None
    dominant_colors: Annotated[list[str], _words(MAX_COLOURS)] = []
    context: Annotated[dict[str, JsonValue], BeforeValidator(_clean)] = {}
    provider: CleanStr
    model: CleanStr
    vision_version: CleanStr
    tokens_used: Annotated[int, Field(ge=0)] = 0
    analysis_reason: AnalysisReason = "new"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def features_hash(self) -> str:
        """Always computed from this result, never believed from input."""
        return features_hash(self)

    @property
    def ocr_text(self) -> str:
        """The text read in the picture, empty when there is none."""
        return self.ocr.text if self.ocr else ""


def features_hash(result: VisionResult) -> str:
    """sha256 (64 hex) over what later stages use: kind, description, labels, objects, OCR text, scene.

    Time, cost, colours, engine and version stay out: tagging again is due only when this value or the version
    changed.
    """
    used = {
        "classification": result.classification,
        "description": result.description,
        "is_meme": result.is_meme,
        "labels": result.labels,
        "objects": result.objects,
        "ocr_text": result.ocr_text,
        "scene": result.scene or "",
    }
    canonical = json.dumps(used, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
