"""Repair of the invalid JSON that Telegram Desktop is known to write, as a byte filter.

``RepairedStream`` reads a binary stream in blocks and offers the repaired bytes through ``read``, in bounded
memory. Valid JSON passes unchanged, and the result does not depend on how the bytes arrive. Repaired are:

* control characters written as ``\\xNN`` (tdesktop issue 27571) and raw control characters that no JSON may
  hold; both become ``\\u00NN``. Raw tabs and line breaks inside strings are left: Desktop escapes them, and
  outside strings they are legal;
* ``"document_id": video_files/sticker.webm`` without quotes (issue 24961, Desktop 4.1);
* a UTF-8 byte order mark, which editors add.

It also notices git conflict markers, which name their line exactly. What does not belong here: understanding JSON.
"""

import re

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.encoding import Readable

BLOCK_BYTES = 1 << 16
KEY = b'"document_id"'
# An unquoted value longer than this is left alone, so that the look-ahead stays bounded.
MAX_VALUE_BYTES = 1024
MAX_SPACE_BYTES = 64
LOOK_AHEAD = len(KEY) + 2 * MAX_SPACE_BYTES + MAX_VALUE_BYTES + 2

ILLEGAL = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_SPACE = rb"[ \t\r\n]{0,%d}" % MAX_SPACE_BYTES
_START_OF_VALUE = KEY + _SPACE + b":" + _SPACE
_UNQUOTED = rb'([^"\\\x00-\x20{}\[\],:][^"\\\x00-\x1f{}\[\],]{0,%d})(?=[\r\n,}])' % (MAX_VALUE_BYTES - 1)
# Escapes are consumed as pairs, so that a quote or an x after an escaped backslash is never mistaken.
_DEFECT = re.compile(
    rb"\\(?:x([0-9A-Fa-f]{2})|.)|([%s])|%s%s" % (re.escape(ILLEGAL), _START_OF_VALUE, _UNQUOTED), re.DOTALL
)
_SUSPECT = re.compile(_START_OF_VALUE + rb'[^"]')
_JSON_SCALAR = re.compile(rb"(?:true|false|null|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)[ \t]*\Z")
_OPEN_ESCAPE = re.compile(rb"\\(?:x[0-9A-Fa-f]?)?\Z")
_CONFLICT = re.compile(rb"^(?:<{7} |>{7} |={7}\r?$)", re.MULTILINE)
_BOM = b"\xef\xbb\xbf"


class RepairedStream:
    """A readable over ``source`` whose bytes are repaired; ``position`` and ``line`` say how far it has read.

    ``name`` is only used in errors. ``read`` raises ``TgAssetsError`` at a git conflict marker.
    """

    def __init__(self, source: Readable, name: str = "the file", block_bytes: int = BLOCK_BYTES) -> None:
        self._source = source
        self._name = name
        self._block_bytes = max(block_bytes, 1)
        self._carry = b""  # read, not yet repaired
        self._ready = b""  # repaired, not yet handed out
        self._ended = False
        self._line_tail = b""  # start of the last line when it could still be a conflict marker
        self.position = 0
        """Bytes read from the source."""
        self.line = 1
        """Line of ``position``, counted from 1."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` repaired bytes; empty only at the end. Negative means everything."""
        if size < 0:
            parts = []
            while part := self.read(self._block_bytes):
                parts.append(part)
            return b"".join(parts)
        while not self._ready and not self._ended:
            self._fill()
        result, self._ready = self._ready[:size], self._ready[size:]
        return result

    def _fill(self) -> None:
        first = self.position == 0
        block = self._source.read(self._block_bytes)
        while first and block and len(block) < len(_BOM) and (more := self._source.read(self._block_bytes)):
            block += more
        self._ended = not block
        self._refuse_conflicts(block)
        self.position += len(block)
        self.line += block.count(b"\n")
        if first and block.startswith(_BOM):
            block = block[len(_BOM) :]
        data = self._carry + block
        cut = len(data) if self._ended else _safe_cut(data)
        self._ready, self._carry = repair(data[:cut]), data[cut:]

    def _refuse_conflicts(self, block: bytes) -> None:
        data = self._line_tail + block
        whole_lines = len(data) if self._ended else data.rfind(b"\n") + 1
        if (b"<<<<<<< " in data or b">>>>>>> " in data or b"=======" in data) and (
            match := _CONFLICT.search(data[:whole_lines])
        ):
            line = self.line + data.count(b"\n", 0, match.start())
            raise TgAssetsError(
                f"{self._name} holds a git conflict marker at line {line}. Resolve the conflict, or export "
                "the chat again, and import that file."
            )
        # 16 bytes decide whether a line is a marker; of a longer line only a harmless stand-in is kept.
        tail = data[whole_lines:]
        self._line_tail = tail if len(tail) <= 16 else tail[:8] + b"........"


def repair(data: bytes) -> bytes:
    """``data`` repaired; it must not begin or end inside an escape or an unquoted value."""
    if (
        b"\\x" not in data
        and len(data.translate(None, ILLEGAL)) == len(data)
        and not (KEY in data and _SUSPECT.search(data))
    ):
        return data
    return _DEFECT.sub(_repaired, data)


def _repaired(match: re.Match[bytes]) -> bytes:
    whole = match.group()
    if escaped := match.group(1):
        return b"\\u00" + escaped
    if control := match.group(2):
        return b"\\u%04x" % control[0]
    if (value := match.group(3)) and not _JSON_SCALAR.match(value):
        return whole[: match.start(3) - match.start()] + b'"' + value.rstrip() + b'"'
    return whole


def _safe_cut(data: bytes) -> int:
    """Length of the prefix of ``data`` that can be repaired without seeing what follows."""
    cut = len(data)
    key = data.rfind(KEY)
    if key >= 0 and cut - key < LOOK_AHEAD:
        cut = key
    else:
        cut -= next((n for n in range(len(KEY) - 1, 0, -1) if data.endswith(KEY[:n])), 0)
    if match := _OPEN_ESCAPE.search(data, max(0, cut - 3), cut):
        slash = match.start()
        before = slash
        while before > 0 and data[before - 1] == ord("\\"):
            before -= 1
        if (slash - before) % 2 == 0:  # otherwise this backslash is itself the escaped one
            cut = slash
    return cut
