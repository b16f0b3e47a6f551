"""What is stored as JSON is what was said, less what PostgreSQL cannot hold."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.jsonb import fit, jsonb, without_nul

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["\x00", "\\u0000", "\\\\u0000\x00", "\\\x00", "u0000", "\ud83d", "\udcff"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_stored(value: Any) -> None:
    """Without NUL and lone surrogates, and otherwise unchanged."""
    stored = orjson.loads(jsonb(value))
    assert "\x00" not in repr(stored).replace("\\\\", "")
    if isinstance(value, str):
        assert stored == "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value) or any(
            "\udc80" <= c <= "\udcff" for c in value
        )


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (rb'"\u0000"', rb'"\ufffd"'),
        (rb'"\\u0000"', rb'"\\u0000"'),
        (rb'"\\\u0000"', rb'"\\\ufffd"'),
        (rb'"\\\\u0000\u0000"', rb'"\\\\u0000\ufffd"'),
        (rb'"\n\u0000\"\\"', rb'"\n\ufffd\"\\"'),
        (b'"no escapes"', b'"no escapes"'),
        (b'"' + rb"\\" * 100_000 + rb'\u0000"', b'"' + rb"\\" * 100_000 + rb'\ufffd"'),
    ],
)
def test_a_written_nul_is_text(written: bytes, stored: bytes) -> None:
    """Of backslashes every second one is escaped, so six characters in a bug report are no NUL."""
    assert without_nul(written) == stored
    assert orjson.loads(stored) == orjson.loads(written).replace("\x00", "\ufffd")


def test_depth_and_numbers_are_bounded() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = [deep]
    assert jsonb(deep).count("[") == 100
    assert jsonb([1 << 63, -(1 << 63), 1 << 64, 10**30]) == (f'[{1 << 63},{-(1 << 63)},"{1 << 64}","{10**30}"]')
    assert fit({"a": float("inf")}) == {"a": float("inf")}
    assert jsonb({"a": float("inf")}) == '{"a":null}'
