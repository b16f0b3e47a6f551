"""Lenient readers of a stored Telethon message: parts of it, counters, peers; never an exception.

What is missing or of another type than Telegram's schema says is empty. What does not belong here: single strings
and numbers (``fields``), anything that knows a kind of message.
"""

from datetime import UTC, datetime
from typing import Any

from tg_assets.telegram.fields import INT32, integer, moment

Raw = dict[str, Any]


def part(value: Any, name: str) -> Raw:
    """The object under ``name``; empty without."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def parts(value: Any, name: str) -> list[Raw]:
    """The objects in the list under ``name``."""
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def kind_of(value: Raw) -> str:
    """Name of the constructor, which Telethon writes as ``_``."""
    kind = value.get("_")
    return kind if isinstance(kind, str) else ""


def count(value: Any) -> int:
    """A counter as an integer column holds it; 0 when there is none."""
    number = integer(value)
    return min(number, INT32) if number and number > 0 else 0


def when(value: Any) -> datetime | None:
    """An instant in UTC, from ISO 8601 or from seconds since 1970."""
    return moment(value, value, UTC) if value else None


def words(value: Any) -> Any:
    """Text of a ``TextWithEntities``, or of what used to be a plain string."""
    return value.get("text") if isinstance(value, dict) else value
