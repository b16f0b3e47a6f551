"""Values of any JSON come out whole, fit to be stored, in work that is linear, and errors quote nothing."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telegram.test_repair import JSON, Chunks
from tg_assets.telegram import json_cursor
from tg_assets.telegram.encoding import Utf8Stream
from tg_assets.telegram.json_cursor import ABSURD_NUMBER, TOO_DEEP, TOO_LONG, JsonCursor, Value
from tg_assets.telegram.json_window import READ_BYTES, BadJson


def cursor(data: bytes | str) -> JsonCursor:
    return JsonCursor(io.BytesIO(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data))


def values(data: bytes | str) -> list[Value]:
    """What a list holds."""
    found = cursor(data)
    return [found.value() for _ in found.items()]


@given(st.lists(JSON, max_size=4), st.booleans(), st.sampled_from([None, 1]), st.lists(st.integers(1, 30), max_size=50))
def test_values_are_what_json_says(given: list[Any], ascii_only: bool, indent: int | None, sizes: list[int]) -> None:
    """Whatever the layout, and however the bytes arrive; passing over values ends at the same place."""
    data = json.dumps(given, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    found = JsonCursor(Chunks(data, sizes))
    for wanted, _ in zip(given, found.items(), strict=True):
        value, problem, _ = found.value()
        if problem is None and "\\u" not in json.dumps(wanted):
            assert value == wanted
    passing = JsonCursor(Chunks(data, sizes))
    for _ in passing.items():
        passing.skip()
    assert (found.peek(), passing.peek()) == ("", "")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('{"text": "gift", "text": ""}', {"text": "gift"}),
        ('{"text": "", "text": "gift"}', {"text": "gift"}),
        ('{"text": null, "text": [], "text": ["gift"], "text": {}}', {"text": ["gift"]}),
        ('{"text": "one", "text": "two"}', {"text": "one"}),
        ('{"a": 0, "a": 5, "b": false, "b": true}', {"a": 0, "b": False}),
        ('{"a": {"b": "", "b": 1}, "a": ""}', {"a": {"b": 1}}),
        ('{"text": "", "text": ""}', {"text": ""}),
    ],
)
def test_of_a_doubled_key_the_first_value_that_says_something_counts(written: str, value: Any) -> None:
    """Desktop writes the text of a gift, and then an empty one for the message."""
    assert values(f"[{written}]") == [Value(value)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"a\u0000b"', "a\ufffdb"),
        (r'"a\\u0000b"', "a\\u0000b"),
        (r'"C:\\u0000\\\\u0000 \\\u0000"', "C:\\u0000\\\\u0000 \\\ufffd"),
        (r'"lone \ud83d and \udc00"', "lone \ufffd and \ufffd"),
        (r'"\ud83d\ude00 \uD83D\uDE00"', "😀 😀"),
        (r'{"k\u0000": ["\udfff"]}', {"k\ufffd": ["\ufffd"]}),
        ('"a\tb\nc"', "a\tb\nc"),
    ],
)
def test_only_what_nobody_can_store_is_replaced(written: str, value: Any) -> None:
    """A real NUL and half an emoji; a written one stays the six characters that it is."""
    assert values(f"[{written}]") == [Value(value)]


def test_broken_bytes_are_told() -> None:
    """A cut emoji is one U+FFFD, and only its value is concerned."""
    found = values(b'["ok", "cut \xf0\x9f\x98 end", {"a": "\xff\xfe", "b": "\xd0\x96"}, "\xef\xbf\xbd"]')
    assert found == [Value("ok"), Value("cut \ufffd end", None, True), Value({"a": "\ufffd", "b": "Ж"}, None, True),
                     Value("\ufffd")]  # fmt: skip


@pytest.mark.parametrize("number", ["1e400", "-1E999", "NaN", "Infinity", "-Infinity", "1" * 40, "9" * 6000,
                                    str(1 << 64), str(-(1 << 63) - 1)])  # fmt: skip
def test_an_absurd_number_costs_its_value(number: str) -> None:
    """It stands there as text; what comes behind it is read."""
    (found, behind) = values(f'[{{"id": 5, "n": [{number}]}}, {{"id": 6}}]')
    assert found == Value({"id": 5, "n": [number[:40]]}, ABSURD_NUMBER)
    assert behind == Value({"id": 6})


@pytest.mark.parametrize("number", [0, -1, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63), (1 << 64) - 1, 1.5, 1e300])
def test_numbers_that_64_bits_hold_are_exact(number: float) -> None:
    assert values(f"[{number!r}]") == [Value(number)]


@pytest.mark.parametrize("levels", [101, 500, 5000, 200_000])
def test_what_is_nested_like_an_attack_costs_its_value(levels: int) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        found = values("[" + opened * levels + "1" + closed * levels + ', {"id": 6}]')
        assert found == [Value(None, TOO_DEEP), Value({"id": 6})]
    assert values("[" + "[" * 100 + "]" * 100 + "]")[0].problem is None


LIMIT = 1 << 17


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values may be shorter here, so that what is too long is quickly made; still longer than a block."""
    monkeypatch.setattr(json_cursor, "VALUE_MAX", LIMIT)


LONG = {
    "escapes": '"' + r"\n" * LIMIT + '"',
    "quotes": '"' + r"\"" * LIMIT + '"',
    "backslashes": '"' + "\\\\" * LIMIT + '"',
    "plain": '"' + "a" * 2 * LIMIT + '"',
    "emoji": '"' + "😀" * LIMIT + ' "',
    "list": "[" + "1," * LIMIT + "1]",
    "key": '{"' + "k" * 2 * LIMIT + '": 1}',
    "digits": "1" * 2 * LIMIT,
}


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("kind", LONG)
def test_what_is_too_long_is_named_and_passed_over(kind: str) -> None:
    assert values(f'[{LONG[kind]}, "behind"]') == [Value(None, TOO_LONG), Value("behind")]


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("length", [LIMIT // 2, 20 * LIMIT])
def test_work_is_linear(kind: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in characters that the scanner and the patterns were given: a few times the text, whatever is in it."""
    work = 0
    scanner = json_cursor.json.JSONDecoder

    class Counting(scanner):  # type: ignore[misc, valid-type]
        def __init__(self, **hooks: Any) -> None:
            super().__init__(**hooks)
            scan = self.scan_once

            def counted(text: str, at: int) -> Any:
                nonlocal work
                work += len(text) - at
                return scan(text, at)

            self.scan_once = counted

    monkeypatch.setattr(json_cursor.json, "JSONDecoder", Counting)
    unit = LONG[kind]
    body = (unit * (length // len(unit) + 1))[:length] if kind != "digits" else "1" * length
    data = ("[" + json.dumps(body) + ', "behind"]').encode()
    blocks = Blocks(data)
    found = JsonCursor(blocks)
    assert [found.value().value for _ in found.items()][-1] == "behind"
    assert work <= 4 * min(len(data), 2 * LIMIT) + 4 * READ_BYTES
    assert blocks.given == len(data)


class Blocks(io.BytesIO):
    """Counts what it gives."""

    given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        self.given += len(block)
        return block


@given(st.recursive(st.text('a"\\{}[]:, \n1e', max_size=8), lambda inner: st.lists(inner).map(repr), max_leaves=8))
@settings(max_examples=200)
def test_what_is_no_json_is_an_error_at_its_place(written: str) -> None:
    """Never anything but ``BadJson``, with words of our own or of the scanner."""
    try:
        values("[" + written)
    except BadJson as problem:
        check_problem(problem)


def check_problem(problem: BadJson) -> None:
    assert problem.line >= 1
    assert problem.detail.count("'") in (0, 2)


def test_errors_say_where() -> None:
    with pytest.raises(BadJson) as caught:
        values('[1,\n 2,\n {"a" 5}]')
    assert (caught.value.line, caught.value.byte, caught.value.cut) == (3, 14, False)
    with pytest.raises(BadJson) as caught:
        values('[1,\n "ж')
    assert (caught.value.line, caught.value.byte, caught.value.cut) == (2, 8, True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("sizes", [[], [1] * 40, [3, 2, 1]])
def test_unicode_encodings_are_told_by_how_a_file_begins(encoding: str, sizes: list[int]) -> None:
    text = '{"a": "ё 😀"}'
    stream = Utf8Stream(Chunks(text.encode(encoding), list(sizes)))
    data = b"".join(iter(lambda: stream.read(7), b""))
    assert data.removeprefix(b"\xef\xbb\xbf").decode() == text


def test_half_a_character_of_utf_16_is_replaced() -> None:
    stream = Utf8Stream(io.BytesIO('{"a": "😀"}'.encode("utf-16")[:-7]))
    assert b"".join(iter(lambda: stream.read(64), b"")).decode().startswith('{"a": "')
