"""Strangers' text with everything in it shown: what nobody sees, or what steers a terminal, by its name.

A reader and a model then see the same: a zero-width space, an override of direction or a word in Unicode's tag
characters stands there as ``⟨U+200B⟩``. Selectors and joiners inside emoji say nothing and go. What does not belong
here: markup, and text for an index (``tagging.visible``, which removes).
"""

import re

# Controls but tab and line feed, default-ignorable characters, separators of lines, embeddings, overrides and isolates
# of direction, blanks that look like nothing, halves of surrogate pairs.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_OF_EMOJI = re.compile(r"(?<=[^\w\s])\ufe0f|(?<=[^\w\s])\u200d(?=[^\w\s])|(?<=[0-9#*])\ufe0f(?=\u20e3)")
_MARKS = re.compile("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
                    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)")  # fmt: skip
FEW = 2


def shown(text: str) -> str:
    """``text`` with hidden characters by their names, a long run of them by its length; line breaks stay."""
    there = _OF_EMOJI.sub("", text.replace("\r\n", "\n"))
    there = _MARKS.sub(lambda found: f"{found[1]}⟨{len(found[2])} more marks⟩", there)
    return _HIDDEN.sub(lambda found: _named(found[0]), there)


def _named(run: str) -> str:
    if len(run) <= FEW:
        return "".join(f"⟨U+{ord(one):04X}⟩" for one in run)
    return f"⟨U+{ord(run[0]):04X} and {len(run) - 1} more hidden characters⟩"


def one_line(text: str, longest: int) -> str:
    """The same in one line of at most so many characters; ``…`` where it was cut."""
    flat = " ".join(shown(text).split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
