"""A place in a JSON text that is read from a stream: whole values are taken one at a time, large containers entered.

Memory is one value of at most ``VALUE_MAX`` characters and one block; work is linear in the length of the text,
whatever is in it. Values come out fit to be stored: of a doubled key the first value that says something counts, NUL
characters, lone surrogates and broken bytes become U+FFFD. What is nothing to store (a number that is none or that
64 bits cannot hold, nesting like an attack, a value that is too long) is named beside the value, so that it costs one
message and not the file. What does not belong here: exports, files, databases.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tg_assets.jsonb import MAX_DEPTH, fit
from tg_assets.telegram.encoding import Readable
from tg_assets.telegram.json_window import BROKEN, JsonWindow

# Telegram's longest text is 4,096 characters; with its entities, a poll and buttons that is some 100,000.
VALUE_MAX = 1 << 20

TOO_LONG = f"longer than {VALUE_MAX:,} characters"
TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
ABSURD_NUMBER = "a number that is none, or too large to hold"

_IN_STRING = re.compile(r'(?:[^"\\]+|\\.)*', re.DOTALL)
_BRACKET_OR_QUOTE = re.compile(r'["\[\]{}]')
_SCALAR = re.compile(r'[^\s,:"\[\]{}]*')
# Escapes whose meaning no database stores (or the halves of what is one character), and bytes that were no UTF-8.
_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# An escape pair or a word that ends with the block may still be whole in the text.
_LONGEST_TOKEN = 16
_WORDS = ("true", "false", "null", "-", "NaN", "Infinity")


class Value(NamedTuple):
    """A value as it can be stored, what is wrong with it, and whether bytes of it were no UTF-8."""

    value: Any
    problem: str | None = None
    broken: bool = False


class JsonCursor(JsonWindow):
    """Reads the JSON text of ``stream``. Every method may raise ``BadJson``, and what the stream raises."""

    def __init__(self, stream: Readable) -> None:
        super().__init__(stream)
        self._absurd = False
        # Not ``raw_decode``, which is this and a call more for every message.
        self._scan = json.JSONDecoder(
            object_pairs_hook=merged,
            parse_int=self._integer,
            parse_float=self._float,
            parse_constant=self._constant,
            strict=False,
        ).scan_once  # type: ignore[attr-defined]

    def members(self) -> Iterator[str]:
        """Keys of the object that begins here. Whoever asks for the next has taken or skipped the value."""
        self._expect("{")
        if self._accept("}"):
            return
        while True:
            if self.peek() != '"':
                raise self._bad("a name in quotes is missing", self._at)
            key = self.value().value
            self._expect(":")
            yield key if isinstance(key, str) else ""
            if self._accept("}"):
                return
            self._expect(",")

    def items(self) -> Iterator[None]:
        """Once for each item of the list that begins here, as ``members``."""
        self._expect("[")
        if self._accept("]"):
            return
        while True:
            yield
            if self._accept("]"):
                return
            self._expect(",")

    def value(self) -> Value:
        """Take the value that begins here."""
        if not self.peek():
            raise self._bad("a value is missing", self._at)
        while True:
            self._absurd = False
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError:
                return self._unread(TOO_DEEP)
            except StopIteration as missing:
                end = self._open("a value is missing", missing.value)
            except json.JSONDecodeError as error:
                end = self._open(error.msg, error.pos)
            if end - self._at > VALUE_MAX:
                return self._unread(TOO_LONG)
            if end < len(self._text) or self._ended:
                return self._taken(value, end)
            self._more()

    def _open(self, detail: str, at: int) -> int:
        """End of what there is of a value that goes on behind the block; raises BadJson when it does not."""
        is_open = at > len(self._text) - _LONGEST_TOKEN or detail.startswith("Unterminated")
        if is_open and (not self._ended or len(self._text) - self._at > VALUE_MAX):
            return len(self._text)
        rest = self._text[at:].strip() if is_open else ""
        begun = not rest or (rest[0] == "\\" and '"' not in rest) or any(word.startswith(rest) for word in _WORDS)
        cut = is_open and (begun or detail.startswith("Unterminated"))
        raise self._bad(detail, at, cut=cut) from None

    def skip(self) -> None:
        """Pass over the value that begins here, keeping and judging nothing but its quotes and brackets."""
        first = self.peek()
        if not first:
            raise self._bad("a value is missing", self._at)
        if first not in '"[{':
            self._skip_scalar()
            return
        depth = 0
        while True:
            found = _BRACKET_OR_QUOTE.search(self._text, self._at)
            self._at = found.end() if found else len(self._text)
            if found is None:
                if not self._more():
                    raise self._bad("a bracket is missing", self._at)
                continue
            if found.group() == '"':
                self._skip_string()
            else:
                depth += 1 if found.group() in "[{" else -1
            if depth == 0:
                return

    def _skip_string(self) -> None:
        """Pass over the rest of a string whose first quote has been passed."""
        while True:
            found = _IN_STRING.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) and self._text[self._at] == '"':
                self._at += 1
                return
            if not self._more():
                raise self._bad("a quote is missing", len(self._text))

    def _skip_scalar(self) -> None:
        start = self._at
        while True:
            found = _SCALAR.match(self._text, self._at)
            end = found.end() if found else self._at
            if end == start:
                raise self._bad("a value is missing", self._at)
            self._at = end
            if self._at < len(self._text) or not self._more():
                return
            start = -1

    def _taken(self, value: Any, end: int) -> Value:
        """A value that was parsed, made fit to be stored."""
        text, start = self._text, self._at
        self._at = end
        problem = ABSURD_NUMBER if self._absurd else None
        if text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            return Value(None, TOO_DEEP)
        broken = False
        if self._suspect:
            broken = BROKEN.search(text, start, end) is not None
            if broken or _ESCAPE.search(text, start, end):
                value = fit(value)
        return Value(value, problem, broken)

    def _unread(self, problem: str) -> Value:
        self.skip()
        return Value(None, problem)

    def _integer(self, digits: str) -> int | str:
        # Short ones first: the limit is that of 64 bits with or without a sign, whoever wrote them.
        if len(digits) < 19 or (len(digits) <= 20 and -(1 << 63) <= int(digits) < 1 << 64):
            return int(digits)
        return self._constant(digits)

    def _float(self, digits: str) -> float | str:
        value = float(digits)
        return value if math.isfinite(value) else self._constant(digits)

    def _constant(self, word: str) -> str:
        """What stands for a number that is none."""
        self._absurd = True
        return word[:40]


def merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a doubled key the first value that says something, as Desktop writes a gift's text and then ""."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    for key, value in pairs:
        if key not in found or (_is_empty(found[key]) and not _is_empty(value)):
            found[key] = value
    return found


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _depth(value: Any) -> int:
    """Levels of lists and objects, without recursion."""
    depth, level = 0, [value]
    while level:
        level = [one for one in level if isinstance(one, dict | list)]
        depth += bool(level)
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth
