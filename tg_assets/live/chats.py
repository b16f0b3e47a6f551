"""Whose an event is and where it goes: tenants that exist, and chats, which register themselves when first seen.

A tenant is never made by an event: who is not registered has no rows, and its events become dead letters. One
object lives as long as its reader and remembers what it has looked up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.events.fields import ChatRef, Source
from tg_assets.registry.channels import Chat, register_chat
from tg_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Tenant:
    """A registered tenant."""

    id: UUID
    slug: str


@dataclass(frozen=True, slots=True)
class Known:
    """A registered chat."""

    id: UUID
    tg_channel_id: int
    feed: str
    source: Source
    title: str | None
    username: str | None


class Directory:
    """Tenants and chats by what events call them. ``feeds_in_use`` counts the installation's feeds."""

    def __init__(self, settings: Settings, feeds_in_use: Callable[[], int]) -> None:
        self._settings = settings
        self._feeds_in_use = feeds_in_use
        self._tenants: dict[str, Tenant] = {}
        self._chats: dict[UUID, Known] = {}

    def tenant(self, connection: Connection, name: str) -> Tenant | None:
        """The tenant of a slug or UUID, None when nobody registered it. Opens a transaction of its own."""
        if name not in self._tenants:
            try:
                candidate = UUID(name)
            except ValueError:
                candidate = ids.tenant_id(name)
            with connection.begin():
                connection.execute(text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(candidate)})
                slug = connection.execute(text("SELECT slug FROM tenants")).scalar()
            if slug is None:
                return None
            self._tenants[name] = Tenant(candidate, slug)
        return self._tenants[name]

    def tenants(self) -> list[Tenant]:
        """Tenants met so far."""
        return list({one.id: one for one in self._tenants.values()}.values())

    def chats(self, connection: Connection, tenant: Tenant, seen: set[ChatRef]) -> dict[ChatRef, Known]:
        """Chats as they are registered, inside the tenant's transaction; new ones get their feed here."""
        named = sorted(seen, key=lambda chat: (chat.title or "", chat.username or ""))  # one that has a title wins
        by_id = {ids.channel_id(tenant.id, chat.peer_id, chat.owner_id): chat for chat in named}
        unknown = [one for one in by_id if one not in self._chats]
        if unknown:
            self._look_up(connection, unknown)
        for channel, chat in by_id.items():
            if channel not in self._chats or self._renamed(self._chats[channel], chat):
                self._register(connection, tenant, channel, chat)
        return {chat: self._chats[ids.channel_id(tenant.id, chat.peer_id, chat.owner_id)] for chat in seen}

    def forget(self) -> None:
        """Forget chats: a transaction that registered some was rolled back."""
        self._chats.clear()

    @staticmethod
    def _renamed(known: Known, chat: ChatRef) -> bool:
        title, username = chat.title or known.title, chat.username or known.username
        return (title, username) != (known.title, known.username)

    def _look_up(self, connection: Connection, channels: list[UUID]) -> None:
        rows = connection.execute(
            text(
                """SELECT id, tg_channel_id, feed, source, title, username FROM channels
                   WHERE id = ANY(CAST(:ids AS uuid[]))"""
            ),
            {"ids": [str(one) for one in channels]},
        )
        self._chats.update({row.id: Known(*row) for row in rows})

    def _register(self, connection: Connection, tenant: Tenant, channel: UUID, chat: ChatRef) -> None:
        # Two shards may meet chats of one name at once; the second has to see the first one's feed.
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{tenant.id}/register"}
        )
        named = Chat(chat.tg_channel_id, chat.source, chat.title, chat.username, chat.owner_id)
        register_chat(connection, self._settings, tenant.slug, named, None, self._feeds_in_use())
        self._look_up(connection, [channel])
