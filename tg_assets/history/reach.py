"""Chats that can be read, and the account that reads each. Everything works inside a tenant's transaction.

An account's way to a chat is its row in ``user_channel``. A way that Telegram has closed stays there with the
reason, so that it is not tried again and people see why. What does not belong here: asking Telegram.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.events.fields import Source
from tg_assets.ids import CHANNEL_SHIFT


@dataclass(frozen=True, slots=True)
class Reachable:
    """A registered chat and an account that reads it. ``tg_channel_id`` is marked; ``owner_id`` 0 if shared."""

    id: UUID
    tg_channel_id: int
    owner_id: int
    source: Source
    title: str | None
    username: str | None
    feed: str
    account: UUID
    access_hash: int | None

    @property
    def contiguous(self) -> bool:
        """Whether the chat numbers its own messages; others take their ids from the whole account."""
        return self.tg_channel_id < -CHANNEL_SHIFT

    def peer(self) -> Any:
        """What requests name it by."""
        from telethon.tl.types import InputPeerChannel, InputPeerChat, InputPeerUser

        if self.source == "dm":
            return InputPeerUser(-self.tg_channel_id, self.access_hash or 0)
        if self.contiguous:
            return InputPeerChannel(-self.tg_channel_id - CHANNEL_SHIFT, self.access_hash or 0)
        return InputPeerChat(-self.tg_channel_id)


_REACHABLE = """
    SELECT DISTINCT ON (c.id) c.id, c.tg_channel_id, c.owner_id, c.source, c.title, c.username, c.feed, a.id AS account,
           u.access_hash
    FROM channels c JOIN user_channel u ON u.channel_id = c.id JOIN accounts a ON a.id = u.user_id
    WHERE c.id = ANY(CAST(:channels AS uuid[])) AND c.is_active AND u.is_active AND a.is_active
      AND c.owner_id IN (0, a.telegram_id)
      AND EXISTS (SELECT FROM account_sessions s WHERE s.account_id = a.id)
    ORDER BY c.id, a.flood_until NULLS FIRST, a.name
"""


def reachable(connection: Connection, channels: Sequence[UUID]) -> list[Reachable]:
    """Those of the chats that some account reads, each with the account that Telegram lets ask soonest."""
    rows = connection.execute(text(_REACHABLE), {"channels": [str(one) for one in channels]})
    return [Reachable(*row) for row in rows]


def open_way(connection: Connection, account: UUID, channel: UUID, access_hash: int | None) -> None:
    """Note that an account reads a chat."""
    connection.execute(
        text("""INSERT INTO user_channel AS u (tenant_id, user_id, channel_id, access_hash)
                VALUES (current_tenant(), :account, :channel, :access_hash)
                ON CONFLICT (tenant_id, user_id, channel_id) DO UPDATE SET
                    access_hash = excluded.access_hash, is_active = true, problem = NULL
                WHERE (u.access_hash, u.is_active, u.problem) IS DISTINCT FROM (excluded.access_hash, true, NULL)"""),
        {"account": account, "channel": channel, "access_hash": access_hash},
    )


def close_way(connection: Connection, account: UUID, channel: UUID, problem: str) -> None:
    """Note that an account cannot read a chat any more, and why."""
    connection.execute(
        text("""UPDATE user_channel SET is_active = false, problem = :problem
                WHERE user_id = :account AND channel_id = :channel"""),
        {"account": account, "channel": channel, "problem": problem},
    )
