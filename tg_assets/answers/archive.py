"""What is asked and on whose behalf: a tenant, the accounts whose private chats may be seen, and a list of feeds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.answers.picture_leg import PictureLeg
from tg_assets.embedder import Embedder
from tg_assets.index.rerank import Rerank
from tg_assets.stores.database import Database
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import NOBODY, Narrow, VectorIndex

SEEN = """(c.owner_id = ANY(CAST(:owners AS bigint[]))
           AND (CAST(:feeds AS text[]) IS NULL OR c.feed = ANY(CAST(:feeds AS text[]))))"""
"""Whether a row ``c`` of channels may be seen; its values are ``Archive.seen``."""


# Transactions of this thread by database and tenant: functions that use each other share one, for to connect takes
# longer than most statements. What owners and feeds see is told with each statement, not with a transaction.
_OPEN: ContextVar[Mapping[tuple[str, UUID], Connection]] = ContextVar("transactions", default=MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One tenant's archive as it is opened for somebody; the stores are reached when they are first asked.

    ``owners`` are accounts whose private chats may be seen besides what the tenant shares; ``feeds`` limits
    everything to those feeds, None does not. ``embedder`` gives the model that understands questions, ``rerank`` has
    the last word on the order of results, ``pictures`` asks a model of one's own about pictures, where there is one.
    """

    tenant: UUID
    owners: tuple[int, ...] = ()
    feeds: tuple[str, ...] | None = None
    postgres: Database
    vectors: VectorIndex
    graph: GraphStore
    objects: ObjectStore
    embedder: Callable[[], Embedder]
    rerank: Rerank | None = None
    pictures: PictureLeg | None = None

    @property
    def seen(self) -> dict[str, Any]:
        """Values of ``SEEN``."""
        return {"owners": [NOBODY, *self.owners], "feeds": None if self.feeds is None else list(self.feeds)}

    def narrowed(self, narrow: Narrow) -> Narrow | None:
        """The same for the archive's owners, of no feed but the archive's; None when no feed is left."""
        feeds = narrow.feeds
        if self.feeds is not None:
            feeds = tuple(feed for feed in feeds or self.feeds if feed in self.feeds)
            if not feeds:
                return None
        return replace(narrow, owners=self.owners, feeds=feeds)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees this tenant's rows and changes none; inside of one, the same."""
        key = (self.postgres.url, self.tenant)
        if (outer := _OPEN.get().get(key)) is not None:
            yield outer
            return
        with self.postgres.tenant(self.tenant) as session, session.transaction(read_only=True) as connection:
            before = _OPEN.set({**_OPEN.get(), key: connection})
            try:
                yield connection
            finally:
                _OPEN.reset(before)
