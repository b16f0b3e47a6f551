"""Points of the vector index as a stage keeps them: by id, and payloads as its rows give them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.partitions import date_key
from tg_assets.stores.vectors import TenantIndex
from tg_assets.verifying.keeper import Found, Unlike

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one ``kind``, as their payload says; if others are named, of any kind but those.

    ``expected`` gives payloads by id, of the items in ``chunk``.
    """

    index: TenantIndex
    kind: str
    expected: Callable[[Connection], Mapping[str, Mapping[str, Any]]]
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
        """Payloads that differ in anything."""
        expected = self.expected(connection)
        found = self.index.payloads(list(expected))
        unlike = [one for one, payload in expected.items() if found.get(one, payload) != payload]
        return [Unlike(one, self.what, "different") for one in unlike]

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


def _place(payload: Mapping[str, Any]) -> tuple[str | None, date | None]:
    try:
        return payload.get("feed"), date.fromisoformat(date_key(datetime.fromisoformat(payload["posted_at"])))
    except (KeyError, TypeError, ValueError):
        return payload.get("feed"), None
