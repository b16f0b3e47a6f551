"""Which of the model's sentences were said: Whisper also writes when there is nothing to hear.

It was trained on subtitles, so noise becomes their usual sentences, or one word without end. The model's own measures
tell most of that; thresholds are those of Whisper's authors (``no_speech_prob`` 0.6, ``avg_logprob`` -1.0,
``compression_ratio`` 2.4 of their ``transcribe``). What does not belong here: the model.
"""

from collections.abc import Iterable
from typing import Protocol

from tg_assets.speech.result import paragraph

NO_SPEECH = 0.6
SURE = -1.0
"""Mean log probability of a window's tokens below which the model was guessing."""
REPETITIVE = 2.4
"""Size of a window's text over its size when compressed, above which it goes round in circles."""


class ModelSegment(Protocol):
    """What the model says of a stretch of sound; times in seconds."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def avg_logprob(self) -> float: ...
    @property
    def no_speech_prob(self) -> float: ...
    @property
    def compression_ratio(self) -> float: ...


def said(segments: Iterable[ModelSegment]) -> list[tuple[float, float, str]]:
    """``(start, end, text)`` of those that were said, in their order; of the same one in a row, the first."""
    kept: list[tuple[float, float, str]] = []
    last = ""
    for segment in segments:
        text = paragraph(segment.text)
        words = _words(text)
        if words and words != last and not _doubtful(segment):
            kept.append((segment.start, segment.end, text))
            last = words
    return kept


def _doubtful(segment: ModelSegment) -> bool:
    return segment.no_speech_prob > NO_SPEECH or segment.avg_logprob < SURE or segment.compression_ratio > REPETITIVE


def _words(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
