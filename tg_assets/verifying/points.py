"""Points of the vector index as a stage keeps them: by id, and payloads and vectors as its rows give them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.partitions import date_key
from tg_assets.stores.vectors import TenantIndex
from tg_assets.verifying.keeper import Found, Unlike

BATCH = 1000
NEAR = 1e-6
"""How far apart two numbers are at most that are the same: of what is written a server keeps so much."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one ``kind``, as their payload says; if others are named, of any kind but those.

    ``expected`` gives points, as they are written, of the items in ``chunk``.
    """

    index: TenantIndex
    kind: str
    expected: Callable[[Connection], Iterable[Mapping[str, Any]]]
    others: tuple[str, ...] = ()
    store: str = "qdrant"
    wanted: str = "SELECT item_id::text FROM work"

    @property
    def what(self) -> str:
        """Point, and of what."""
        return f"point of {self.kind}"

    def there(self, items: Sequence[str]) -> set[str]:
        """See ``Keeper``."""
        parts = (items[first : first + BATCH] for first in range(0, len(items), BATCH))
        return {point for part in parts for point in self.index.payloads(part, ["tenant_id"])}

    def unlike(self, connection: Connection) -> list[Unlike]:
        """Payloads that differ in anything, and vectors of others that do by more than a millionth."""
        wanted = {str(one["id"]): one for one in self.expected(connection)}
        unlike = []
        for page in self.index.scroll({"has_id": list(wanted)}, vectors=True) if wanted else ():
            for point in page:
                id_ = str(point["id"])
                if point["payload"] != wanted[id_]["payload"]:
                    unlike.append(Unlike(id_, self.what, "different"))
                elif not _alike(point["vector"], wanted[id_]["vector"]):
                    unlike.append(Unlike(id_, f"vectors of {self.kind}", "different"))
        return unlike

    def all(self, feed: str | None, channels: Sequence[str] | None) -> Iterator[list[Found]]:
        """See ``Keeper``."""
        others = {"must_not": [{"key": "kind", "match": {"any": list(self.others)}}]}
        which: list[Mapping[str, Any]] = [others if self.others else {"key": "kind", "match": {"value": self.kind}}]
        if feed is not None:
            which.append({"key": "feed", "match": {"value": feed}})
        for page in self.index.scroll(*which, payload=["feed", "posted_at"]):
            yield [Found(str(point["id"]), *_place(point.get("payload") or {})) for point in page]

    def remove(self, items: Sequence[str]) -> None:
        """See ``Keeper``."""
        self.index.delete([int(one) if one.isdigit() else UUID(one) for one in items])

    def cut(self, relations: Sequence[Mapping[str, Any]]) -> None:
        """A point is written whole."""


def _alike(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return found.keys() == wanted.keys() and all(_close(found[name], vector) for name, vector in wanted.items())


def _close(found: Any, wanted: Any) -> bool:
    """Whether a vector is another one as the server keeps it, dense or sparse."""
    if isinstance(wanted, Mapping):
        mine, theirs = (dict(zip(one["indices"], one["values"], strict=True)) for one in (found, wanted))
        return mine.keys() == theirs.keys() and all(_near(mine[index], value) for index, value in theirs.items())
    return len(found) == len(wanted) and all(map(_near, found, wanted))


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR * max(1.0, abs(other))


def _place(payload: Mapping[str, Any]) -> tuple[str | None, date | None]:
    try:
        return payload.get("feed"), date.fromisoformat(date_key(datetime.fromisoformat(payload["posted_at"])))
    except (KeyError, TypeError, ValueError):
        return payload.get("feed"), None
