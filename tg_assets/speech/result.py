"""What was said in one recording, as any speech provider reports it.

Text that was heard is data: it is put in NFC, freed of control characters and made one paragraph here. What does not
belong here: how it is made or stored.
"""

import hashlib
import json
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tg_assets.vision.result import clean_text

_SPACES = re.compile(r"\s+")


def paragraph(value: str) -> str:
    """``value`` in NFC, on one line, without control characters."""
    return clean_text(_SPACES.sub(" ", value))


Paragraph = Annotated[str, AfterValidator(paragraph)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Segment(BaseModel):
    """A stretch of speech, in seconds from the start of the recording."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start: Seconds
    end: Seconds
    text: Annotated[Paragraph, Field(min_length=1)]

    @model_validator(mode="after")
    def _forwards(self) -> "Segment":
        if self.end < self.start:
            raise ValueError("it ends before it starts")
        return self


class Transcript(BaseModel):
    """Empty ``text`` means that nobody speaks; ``lang`` then is null. Unknown fields and other types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: Paragraph
    lang: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None
    """ISO 639 code, as Whisper names languages."""
    lang_probability: Share | None
    seconds: Seconds
    """Length of the recording, silence included."""
    segments: list[Segment]
    provider: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    speech_version: Annotated[str, Field(min_length=1)]

    @property
    def text_hash(self) -> str:
        """sha256 (64 hex) over what later stages use: text and language. Times, length and engine stay out."""
        used = {"lang": self.lang, "text": self.text}
        canonical = json.dumps(used, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
