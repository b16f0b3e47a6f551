"""Hits gathered by a value of their payload, as ``points/query/groups`` answers."""

from collections.abc import Iterable
from typing import Any

from tg_assets.backends.qdrant_server.filters import Json

GroupId = str | int


def values_at(payload: Json | None, key: str) -> list[GroupId]:
    """Texts and whole numbers at a dotted key; of a list, each. Other values make no group."""
    value: Any = payload
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    found = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(one for one in found if isinstance(one, (str, int)) and not isinstance(one, bool)))


def gather(hits: Iterable[tuple[Json, list[GroupId]]], size: int, limit: int) -> list[Json]:
    """The first ``limit`` groups in the order of their best hits, each with its first ``size``."""
    groups: dict[GroupId, list[Json]] = {}
    for hit, values in hits:
        for value in values:
            if value not in groups and len(groups) == limit:
                continue
            members = groups.setdefault(value, [])
            if len(members) < size:
                members.append(hit)
    return [{"id": value, "hits": members} for value, members in groups.items()]
