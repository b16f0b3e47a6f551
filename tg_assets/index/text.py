"""The text of a post that is embedded, and the short text stored beside its vector.

Order and cuts are the contract's (``docs``: "Text to embed"): changing one makes every stored vector stale. What
does not belong here: the embedding model, sparse vectors, where the parts come from.
"""

from dataclasses import dataclass

from tg_assets.tagging.cleaning import clean, has_words, says

__all__ = ["SHORT", "TextParts", "has_words", "parts_to_embed", "text_short", "text_to_embed"]

SHORT = 500
"""Characters of ``text_short`` in the payload."""


@dataclass(frozen=True, slots=True)
class TextParts:
    """Everything known in words about one post or album; absent parts are empty."""

    post: str = ""
    speech: str = ""
    """What is said in a voice or video note."""
    vision: str = ""
    """Description of the picture."""
    ocr: str = ""


_CUTS = (("post", 2000), ("speech", 2000), ("vision", 500), ("ocr", 300))
_LONGEST = dict(_CUTS)["post"]
UNCUT = min(longest for _, longest in _CUTS)
"""A text of fewer characters is whole."""


def text_to_embed(parts: TextParts) -> str:
    """The parts cleaned, cut, without case-insensitive repeats, joined by a blank.

    Empty when there is not one word in them (links and emoji only): the model returns a vector for anything,
    also for nothing, and such a vector is everybody's neighbour.
    """
    if parts.speech or parts.vision or parts.ocr:
        text = " ".join(part for _, part in parts_to_embed(parts))
    else:
        text = _cut(parts.post, _LONGEST)
    return text if says(text) else ""


def parts_to_embed(parts: TextParts) -> list[tuple[str, str]]:
    """Names of the parts that ``text_to_embed`` joins, each with what it takes of it."""
    kept: dict[str, tuple[str, str]] = {}
    for name, longest in _CUTS:
        if (known := getattr(parts, name)) and (part := _cut(known, longest)):
            kept.setdefault(part.casefold(), (name, part))
    return list(kept.values())


def _cut(text: str, longest: int) -> str:
    return clean(text)[:longest].rstrip()


def text_short(text: str | None) -> str:
    """The first 500 characters, cleaned."""
    return _cut(text or "", SHORT)
