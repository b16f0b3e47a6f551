"""Chats that an account listens to, and what the database knows of them. Everything works inside a tenant's
transaction.

A chat that several accounts of a tenant read is listened to by the first of them by name that is listening; one of
an account's own is listened to by that account. What does not belong here: asking Telegram.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.accounts.limits import MAY_READ
from tg_assets.accounts.store import Account
from tg_assets.events.fields import Source
from tg_assets.history.dialogs import dialog_of
from tg_assets.history.reach import Reachable, allowed, close_way, open_way
from tg_assets.ids import CHANNEL_SHIFT, bare_channel_id, is_channel
from tg_assets.registry.channels import Chat, register_chat
from tg_assets.settings import Settings
from tg_assets.telegram.off_limits import OffLimits

__all__ = ["Chats", "close_way", "deleted_from", "followed", "limits", "newest", "register_private", "rhythms"]

# Of a chat's pauses, so many say what is usual; a chat with fewer messages than two has none.
PAUSES = 200


@dataclass(frozen=True, slots=True)
class Chats:
    """The chats by the marked ids that updates use: users are positive."""

    by_marked: dict[int, list[Reachable]]

    @classmethod
    def of(cls, found: Iterable[Reachable]) -> "Chats":
        """From rows."""
        by_marked: dict[int, list[Reachable]] = {}
        for chat in found:
            by_marked.setdefault(chat.peer_id, []).append(chat)
        return cls(by_marked)

    def __iter__(self) -> Iterator[Reachable]:
        return (chat for chats in self.by_marked.values() for chat in chats)

    def __len__(self) -> int:
        return sum(map(len, self.by_marked.values()))

    def at(self, marked: int) -> Sequence[Reachable]:
        """The registered chats of a marked id: none, one, or the tenant's and the account's own."""
        return self.by_marked.get(marked, ())

    @property
    def channels(self) -> frozenset[int]:
        """Bare ids of channels and supergroups."""
        return frozenset(bare_channel_id(marked) for marked in self.by_marked if is_channel(marked))

    def private(self) -> list[Reachable]:
        """Those whose messages the account numbers."""
        return [chat for chat in self if not chat.contiguous]

    def takes(self, marked: int) -> bool:
        """Whether a new chat of this kind is the account's to listen to: its like were sideloaded."""
        own = [chat for chat in self if chat.owner_id]
        return any((chat.source == "dm") == (marked > 0) for chat in own)


_FOLLOWED = f"""
    SELECT c.id, c.tg_channel_id, c.owner_id, c.source, c.title, c.username, c.feed, CAST(:account AS uuid) AS account,
           u.access_hash
    FROM channels c JOIN accounts a ON a.id = :account
    LEFT JOIN user_channel u ON u.channel_id = c.id AND u.user_id = a.id
    WHERE c.is_active AND c.owner_id IN (0, :telegram_id) AND {MAY_READ}
      AND (u.is_active OR (u.user_id IS NULL AND c.owner_id = :telegram_id))
      AND NOT (c.owner_id = 0 AND EXISTS (
          SELECT FROM user_channel o JOIN accounts a ON a.id = o.user_id
          WHERE o.channel_id = c.id AND o.is_active AND o.user_id = ANY(CAST(:earlier AS uuid[])) AND {MAY_READ}))
"""  # noqa: S608 - a constant


def followed(connection: Connection, account: Account, earlier: Collection[UUID], off_limits: OffLimits) -> Chats:
    """What the account listens to; ``earlier`` are the listening accounts whose names come before its."""
    values = {"account": account.id, "telegram_id": account.telegram_id, "earlier": [str(one) for one in earlier]}
    rows = connection.execute(text(_FOLLOWED), values)
    return Chats.of(allowed((Reachable(*row) for row in rows), off_limits))


def limits(connection: Connection, account: UUID) -> tuple[str, ...] | None:
    """Chats that the account is limited to at this moment."""
    only = connection.execute(text("SELECT only_chats FROM accounts WHERE id = :id"), {"id": account}).scalar()
    return None if only is None else tuple(only)


def newest(connection: Connection, channels: Collection[UUID]) -> dict[UUID, int]:
    """Newest known message id of each chat that has any."""
    rows = connection.execute(
        text("""SELECT channel_id, upper(stored + service + deleted) - 1 AS newest FROM coverage
                WHERE channel_id = ANY(CAST(:channels AS uuid[])) AND NOT isempty(stored + service + deleted)"""),
        {"channels": [str(one) for one in channels]},
    )
    return {row.channel_id: row.newest for row in rows}


def rhythms(connection: Connection, channels: Collection[UUID]) -> dict[UUID, float]:
    """Seconds that 95 of 100 of each chat's last pauses did not reach; chats without a pause are left out."""
    rows = connection.execute(
        text("""
            SELECT c.id, percentile_cont(0.95) WITHIN GROUP (ORDER BY pause) AS usual
            FROM unnest(CAST(:channels AS uuid[])) c(id) CROSS JOIN LATERAL (
                SELECT extract(epoch FROM posted_at - lag(posted_at) OVER (ORDER BY posted_at)) AS pause
                FROM (SELECT posted_at FROM telegram_messages WHERE channel_id = c.id
                      ORDER BY telegram_message_id DESC LIMIT :last) m) p
            WHERE pause IS NOT NULL GROUP BY c.id
        """),
        {"channels": [str(one) for one in channels], "last": PAUSES + 1},
    )
    return {row.id: float(row.usual) for row in rows}


def deleted_from(connection: Connection, owner_id: int, numbers: Collection[int]) -> dict[int, UUID]:
    """In which of an account's private chats messages are that the account numbered."""
    rows = connection.execute(
        text(f"""SELECT t.telegram_message_id, t.channel_id FROM channels c
                 JOIN telegram_messages t ON t.channel_id = c.id AND t.telegram_message_id = ANY(:numbers)
                 WHERE c.owner_id = :owner AND c.peer_id >= -{CHANNEL_SHIFT}"""),  # noqa: S608 - a constant
        {"owner": owner_id, "numbers": list(numbers)},
    )
    return {row.telegram_message_id: row.channel_id for row in rows}


def register_private(
    connection: Connection, settings: Settings, slug: str, account: Account, marked: int, entity: Any
) -> Reachable:
    """Register a private chat that has just begun, in the feed of its like; ``entity`` is what Telegram says of it."""
    source: Source = "dm" if marked > 0 else "persona"
    dialog = dialog_of(entity) if entity is not None else None
    usable = dialog is not None and not getattr(entity, "min", False)
    title, username = (dialog.title, dialog.username) if dialog else (None, None)
    chat = Chat(-marked if marked > 0 else marked, source, title, username, account.telegram_id)
    known = connection.execute(
        text("SELECT feed FROM channels WHERE owner_id = :owner AND peer_id = :id"),
        {"owner": account.telegram_id, "id": marked},
    ).scalar()
    feed = None if known else f"{slug}.{account.name}-{'dm' if source == 'dm' else 'groups'}"
    channel, key = register_chat(connection, settings, slug, chat, feed, 0)
    access_hash = dialog.access_hash if dialog and usable else None
    open_way(connection, account.id, channel, access_hash)
    return Reachable(
        channel, chat.tg_channel_id, account.telegram_id, source, title, username, key, account.id, access_hash
    )
