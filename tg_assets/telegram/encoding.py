"""A file's bytes as UTF-8, whatever Unicode encoding an editor saved it in.

UTF-16 and UTF-32 are told by their byte order mark, UTF-16 also by the brace that every export begins with; all else
passes as it is. Memory is one block. What does not belong here: bytes that are broken UTF-8 (``json_cursor``).
"""

import codecs
from typing import Protocol

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"{\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
)
_LONGEST = 4


class Readable(Protocol):
    """Anything that gives up to ``size`` bytes at a time, and none at its end."""

    def read(self, size: int, /) -> bytes: ...


class Utf8Stream:
    """``source`` as UTF-8. What no character of the source's encoding can be becomes U+FFFD."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._begun = False
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, size: int, /) -> bytes:
        """Some bytes (of another encoding up to twice ``size``); empty only at the end."""
        if self._begun and self._decoder is None:
            return self._source.read(size)
        while True:
            block = self._source.read(size) if self._begun else self._begin(size)
            if self._decoder is None:
                return block
            said = self._decoder.decode(block, final=not block).encode("utf-8", "replace")
            if said or not block:
                return said

    def _begin(self, size: int) -> bytes:
        """The first block, at least as long as a byte order mark where there is so much."""
        self._begun = True
        block = self._source.read(max(size, _LONGEST))
        while 0 < len(block) < _LONGEST and (more := self._source.read(_LONGEST)):
            block += more
        for mark, encoding in _MARKS:
            if block.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                break
        return block
