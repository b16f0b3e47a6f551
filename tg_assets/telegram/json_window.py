"""The part of a JSON text that is in memory while it is read from a stream: decoded, with its place in the whole.

A block and what a value has left unread before it. Bytes that are no UTF-8 stand in it as lone surrogates, so that
whoever takes a value sees them. What does not belong here: values (``json_cursor``).
"""

import codecs
import re

from tg_assets.telegram.encoding import Readable

READ_BYTES = 1 << 16
BROKEN = re.compile("[\udc80-\udcff]+")
_SPACE = re.compile(r"[ \t\n\r]*")


class BadJson(Exception):
    """``detail`` says what is wrong in words that quote nothing; ``cut`` that the text ends too early."""

    def __init__(self, detail: str, byte: int, line: int, cut: bool) -> None:
        super().__init__(detail)
        self.detail, self.byte, self.line, self.cut = detail, byte, line, cut


class JsonWindow:
    """``_text`` of the stream, read up to ``_at``."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at = "", 0
        self._ended = False
        self._suspect = False  # ``_text`` has escapes, or bytes that were no UTF-8
        self._passed_bytes, self._passed_lines = 0, 1  # what lies before ``_text``

    @property
    def place(self) -> tuple[int, int]:
        """Byte and line where the cursor is."""
        return self._place(self._at)

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            if self._at < len(self._text) and (one := self._text[self._at]) > " ":
                return one
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _accept(self, wanted: str) -> bool:
        if self.peek() != wanted:
            return False
        self._at += 1
        return True

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise self._bad(f"{wanted!r} is missing", self._at)

    def _more(self) -> bool:
        """Read at least as much as is still unread, so that a value is scanned again only when it has doubled."""
        passed = self._text[: self._at]
        self._passed_bytes += len(passed.encode("utf-8", "surrogateescape"))
        self._passed_lines += passed.count("\n")
        parts = [self._text[self._at :]]
        wanted = max(READ_BYTES, len(parts[0]))
        while wanted > 0 and not self._ended:
            block = self._stream.read(READ_BYTES)
            self._ended = not block
            parts.append(self._utf8.decode(block, final=self._ended))
            wanted -= len(block)
        self._text, self._at = "".join(parts), 0
        self._suspect = "\\u" in self._text or (not self._text.isascii() and BROKEN.search(self._text) is not None)
        return len(self._text) > len(parts[0])

    def _bad(self, detail: str, at: int, cut: bool | None = None) -> BadJson:
        cut = self._ended and at >= len(self._text) if cut is None else cut
        byte, line = self._place(len(self._text) if cut else at)
        return BadJson(detail.removesuffix(" starting at").rstrip(":"), byte, line, cut)

    def _place(self, at: int) -> tuple[int, int]:
        before = self._text[:at]
        passed = len(before.encode("utf-8", "surrogateescape"))
        return self._passed_bytes + passed, self._passed_lines + before.count("\n")
