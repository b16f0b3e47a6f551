"""Results as JSON has them: what a door that speaks JSON sends of any result of this package.

Names of fields in snake case, ids as text, times in ISO 8601 and UTC with a ``Z``, days as ``2026-01-31``; what is not
known is null; bytes are left out, since a door that has them sends them as they are. What does not belong here: results
themselves.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID


def as_json(value: Any) -> Any:
    """A result, or a part of one, as dicts, lists, text, numbers, booleans and None."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        named = ((one.name, getattr(value, one.name)) for one in fields(value))
        return {name: as_json(item) for name, item in named if not isinstance(item, bytes)}
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value
