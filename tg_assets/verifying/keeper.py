"""What a store has to answer about the things that a stage keeps in it, one for each item or none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from tg_assets.ledger.stage import Stage, StageOf
from tg_assets.scope import Scope
from tg_assets.verifying.findings import Kind


class Found(NamedTuple):
    """A thing in the store, and the partition that it says it is of, as far as it does."""

    id: str
    feed: str | None
    day: date | None


class Unlike(NamedTuple):
    """An item that the store has otherwise: ``what`` of it is ``kind``. ``relation`` is what has to go where it is too
    much."""

    id: str
    what: str
    kind: Kind
    relation: Mapping[str, Any] | None = None


class Keeper(Protocol):
    """A store's side of a stage, for one tenant."""

    @property
    def store(self) -> str:
        """The store's name."""

    @property
    def what(self) -> str:
        """What it calls one thing."""

    @property
    def wanted(self) -> str:
        """SQL of the ids of those items in ``work`` that should be there if the ledger says ``ok``."""

    def there(self, items: Sequence[str]) -> set[str]:
        """Which of some items are there."""

    def unlike(self, connection: Connection) -> list[Unlike]:
        """What differs of the items in ``chunk``, which are there."""

    def all(self, feed: str | None, channels: Sequence[str] | None) -> Iterator[list[Found]]:
        """Everything of its kind that the tenant has there, page by page; of a feed and its chats only if named."""

    def remove(self, items: Sequence[str]) -> None:
        """Remove things, and what is there because of them alone."""

    def cut(self, relations: Sequence[Mapping[str, Any]]) -> None:
        """Remove what ``unlike`` says is too much and that its stage does not remove when it makes an item again."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stage, by the name that the ledger has for it, with what it keeps in a store, if that is compared."""

    name: str
    of: StageOf
    keeper: Keeper | None = None

    def stage(self, scope: Scope) -> Stage:
        """The stage of a scope."""
        return self.of if isinstance(self.of, Stage) else self.of(scope)
