"""Repair touches what is broken, leaves valid JSON alone, and does not depend on how bytes arrive."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.repair import LOOK_AHEAD, RepairedStream

# Pieces that are broken, nearly broken, or look broken, so that random joins hit every seam.
PIECES = st.sampled_from(
    [
        *(rb"\x0B", rb"\x1", rb"\x", b"\\", rb"\\", rb"\"", rb"\n", rb"\u0041", b"x1F", b'"', b"\x0b", b"\x00"),
        *(b'"document_id"', b'"document_id": ', b'"docu', b": ", b"files/sticker (3).webm", b"12", b"true"),
        *(b" ", b"text", "ё".encode(), b'"document_id": video_files/sticker.webm\n', b'"document_id": 55}'),
        *(b"\n", b"}", b","),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("document_id"), inner),
    max_leaves=20,
)


class Chunks(io.RawIOBase):
    """A source that gives its bytes in pieces of the given sizes, as sockets and archives do."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def read(self, size: int = -1) -> bytes:
        wanted = min(size, self._sizes.pop(0) if self._sizes else size)
        result, self._data = self._data[:wanted], self._data[wanted:]
        return result


def repaired(data: bytes, block: int = 1 << 16) -> bytes:
    return RepairedStream(io.BytesIO(data), block_bytes=block).read()


@pytest.mark.parametrize(
    ("broken", "value"),
    [
        (rb'{"text": "a\x0Bb\x1F"}', {"text": "a\x0bb\x1f"}),
        (b'{"text": "a\x0bb"}', {"text": "a\x0bb"}),
        (rb'{"text": "C:\\x0B"}', {"text": "C:\\x0B"}),
        (b'{"document_id": video_files/sticker.webm\n}', {"document_id": "video_files/sticker.webm"}),
        (b'{"document_id": stickers/sticker (3).webp}', {"document_id": "stickers/sticker (3).webp"}),
        (b'{"document_id": files/a.webm, "b": 1}', {"document_id": "files/a.webm", "b": 1}),
        (b'{"document_id": 2018-12/a.webm\r\n}', {"document_id": "2018-12/a.webm"}),
        (
            b'{"document_id": (File not included. Change data exporting settings to download.)\n}',
            {"document_id": "(File not included. Change data exporting settings to download.)"},
        ),
        (b'\xef\xbb\xbf{"id": 1}', {"id": 1}),
    ],
)
def test_known_defects_of_desktop_are_repaired(broken: bytes, value: Any) -> None:
    """Each defect becomes the JSON that was meant, wherever a block ends."""
    for block in (1, 2, 3, 7, 1 << 16):
        assert json.loads(repaired(broken, block)) == value


@pytest.mark.parametrize(
    "valid",
    [
        b'{"document_id": "1"}', b'{"document_id": 55}', b'{"document_id": -1.5e3 }', b'{"document_id": null}',
        b'{"document_id": true, "a": false}', b'{"document_id": {"a": 1}}', rb'{"a": "\"document_id\": x"}',
        rb'{"a": "\\\\x41 \u0000"}', b'{"a": "tab\x7f"}',
    ],
)  # fmt: skip
def test_valid_json_that_looks_broken_is_unchanged(valid: bytes) -> None:
    """Numbers, literals, objects and escaped look-alikes are left alone."""
    for block in (1, 5, 1 << 16):
        assert repaired(valid, block) == valid


@given(JSON, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 40))
def test_valid_json_passes_unchanged(value: Any, ascii_only: bool, indent: int | None, block: int) -> None:
    """Any valid JSON comes out byte for byte as it went in."""
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    assert repaired(data, block) == data


@given(st.lists(PIECES, max_size=30).map(b"".join), st.lists(st.integers(1, 20), max_size=60), st.integers(1, 64))
def test_result_does_not_depend_on_chunks(data: bytes, sizes: list[int], block: int) -> None:
    """Any way of cutting the bytes, including between one character and the next, gives the same result."""
    assert RepairedStream(Chunks(data, sizes), block_bytes=block).read() == repaired(data)  # type: ignore[arg-type]


def test_memory_is_bounded() -> None:
    """No input makes the filter hold back more than a look-ahead and a block."""
    for data in (b"\\" * 100_000, b'"document_id"' * 9_000, b'"document_id": ' + b"a" * 100_000, b'"' * 100_000):
        stream = RepairedStream(io.BytesIO(data), block_bytes=512)
        while stream.read(100):
            assert len(stream._carry) <= LOOK_AHEAD + 512
            assert len(stream._ready) <= 6 * (LOOK_AHEAD + 1024)


@pytest.mark.parametrize("block", [1, 3, 1 << 16])
@pytest.mark.parametrize("marker", [b"<<<<<<< HEAD", b"=======", b">>>>>>> branch"])
def test_conflict_marker_names_its_line(marker: bytes, block: int) -> None:
    """A file with git conflict markers is refused with the line of the first."""
    data = b'{\n "id": 1,\n' + marker + b'\n "id": 2\n}\n'
    with pytest.raises(TgAssetsError, match="conflict marker at line 3"):
        repaired(data, block)


def test_text_with_conflict_markers_is_text() -> None:
    """Inside a string no line begins, so a message about git conflicts is just a message."""
    data = json.dumps({"text": "<<<<<<< HEAD\n=======\n>>>>>>> branch"}, indent=1).encode()
    assert repaired(data) == data


def test_position_and_line_follow_the_source() -> None:
    """They count what was read from the source, not what was written."""
    stream = RepairedStream(io.BytesIO(b'{\n"a": "\\x01"\n}'))
    stream.read()
    assert (stream.position, stream.line) == (15, 3)
