"""Strangers' text as it is, without what would steer a terminal.

Escapes (C0 and C1 controls), characters that turn the direction of what follows, halves of surrogate pairs.
"""

import re

# Everything but tab and line feed below 32; DEL and C1; line and paragraph separators; embeddings, overrides and
# isolates of direction (the marks LRM, RLM and ALM steer only themselves, and belong to some scripts).
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(said: str) -> str:
    """Text that a terminal only shows: in place of what would steer it, or of half a surrogate pair, stands U+FFFD."""
    return _STEERING.sub("\ufffd", said.replace("\r\n", "\n"))


def escaped(said: str) -> str:
    """The same for JSON: what would steer a terminal is written as JSON writes it, so nothing is lost."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", said)
