"""JSON as PostgreSQL stores it: the one place that makes it from what strangers' files, events and models say.

``jsonb`` holds no NUL character and no half of a surrogate pair, and nothing here writes a number beyond 64 bits or
levels without end. A *written* ``\\u0000`` (a backslash and five more characters, as in a message about one) is text
like any other. What does not belong here: reading JSON, SQL.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

# What is nested deeper is an attack on whoever recurses over it later; Telegram nests 10 deep.
MAX_DEPTH = 100

# Bytes that were no UTF-8 come in runs, and each run was one character.
_UNFIT = re.compile("[\udc80-\udcff]+|[\x00\ud800-\udfff]")


def jsonb(value: Any) -> str:
    """A JSON value as text that PostgreSQL accepts, whatever is in it."""
    try:
        return without_nul(orjson.dumps(value)).decode()
    except TypeError:  # a lone surrogate, a number of more than 64 bits, nested too deep
        return orjson.dumps(fit(value)).decode()


def without_nul(data: bytes) -> bytes:
    """JSON whose strings hold U+FFFD in place of NUL characters; linear, whatever the backslashes."""
    if b"\\u0000" not in data:
        return data
    # Backslashes come in pairs from the left, so what follows a pair is escaped by none of its.
    return b"\\\\".join([part.replace(b"\\u0000", b"\\ufffd") for part in data.split(b"\\\\")])


def fit(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy of a JSON value that can be stored; what is deeper than ``depth`` is cut off."""
    if isinstance(value, str):
        return fit_text(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else str(value)[:40]
    if not depth:
        return None
    if isinstance(value, list | tuple):
        return [fit(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        return {fit_text(str(key)): fit(item, depth - 1) for key, item in value.items()}
    return fit_text(str(value))


def fit_text(text: str) -> str:
    """Text with U+FFFD in place of what UTF-8 or PostgreSQL cannot hold."""
    return _UNFIT.sub("\ufffd", text)
