"""Chats that can be read, and the account that reads each. Everything works inside a tenant's transaction.

An account's way to a chat is its row in ``user_channel``. A way that Telegram has closed stays there with the
reason, so that people see why; it is tried again only by who is asked for that very chat, and by the sweep. What does
not belong here: asking Telegram.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.accounts.limits import MAY_READ
from tg_assets.events.fields import Source
from tg_assets.ids import bare_channel_id, is_channel, peer_id, private_name
from tg_assets.telegram.off_limits import OffLimits


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
    def peer_id(self) -> int:
        """Marked id of its peer, which tells the kind, too."""
        return peer_id(self.tg_channel_id, self.source)

    @property
    def shown(self) -> str:
        """What logs and metadata call it."""
        return shown(self.id, self.source, self.owner_id, self.title, self.tg_channel_id)

    @property
    def contiguous(self) -> bool:
        """Whether the chat numbers its own messages; others take their ids from the whole account."""
        return is_channel(self.tg_channel_id)

    def peer(self) -> Any:
        """What requests name it by."""
        from telethon.tl.types import InputPeerChannel, InputPeerChat, InputPeerUser

        if self.source == "dm":
            return InputPeerUser(self.peer_id, self.access_hash or 0)
        if self.contiguous:
            return InputPeerChannel(bare_channel_id(self.tg_channel_id), self.access_hash or 0)
        return InputPeerChat(-self.tg_channel_id)


def shown(channel: UUID, source: str, owner_id: int, title: str | None, tg_channel_id: int) -> str:
    """What logs and metadata call a chat: nobody's name."""
    return private_name(channel, source) if owner_id else title or str(tg_channel_id)


def unreadable(account: str, why: str) -> str:
    """What is kept, and told, of a chat that an account cannot read."""
    return f"account {account} cannot read it: {why}"


LEFT = "the account has left it"

_REACHABLE = f"""
    SELECT DISTINCT ON (c.id) c.id, c.tg_channel_id, c.owner_id, c.source, c.title, c.username, c.feed, a.id AS account,
           u.access_hash
    FROM channels c JOIN user_channel u ON u.channel_id = c.id JOIN accounts a ON a.id = u.user_id
    WHERE c.id = ANY(CAST(:channels AS uuid[])) AND c.is_active AND a.is_active
      AND CASE WHEN :closed THEN NOT u.is_active AND u.problem IS DISTINCT FROM '{LEFT}' ELSE u.is_active END
      AND c.owner_id IN (0, a.telegram_id) AND {MAY_READ}
      AND EXISTS (SELECT FROM account_sessions s WHERE s.account_id = a.id)
      AND NOT EXISTS (SELECT FROM unnest(CAST(:accounts AS uuid[]), CAST(:chats AS uuid[])) AS tried (account, chat)
                      WHERE tried.account = a.id AND tried.chat = c.id)
    ORDER BY c.id, a.flood_until NULLS FIRST, a.name
"""  # noqa: S608 - a constant


def reachable(
    connection: Connection,
    channels: Collection[UUID],
    off_limits: OffLimits,
    *,
    closed: bool = False,
    tried: Collection[tuple[UUID, UUID]] = (),
) -> list[Reachable]:
    """Those of the chats that some account reads, each with the account that Telegram lets ask soonest.

    ``closed``: instead those whose way Telegram has closed, which may be open again. ``tried`` are accounts and chats
    of ways that are left out.
    """
    rows = connection.execute(
        text(_REACHABLE),
        {
            "channels": [str(one) for one in channels],
            "closed": closed,
            "accounts": [str(account) for account, _ in tried],
            "chats": [str(chat) for _, chat in tried],
        },
    )
    return allowed((Reachable(*row) for row in rows), off_limits)


def allowed(chats: Iterable[Reachable], off_limits: OffLimits) -> list[Reachable]:
    """Those of the chats that may be read at all."""
    return [one for one in chats if not off_limits.has(one.tg_channel_id, one.source, one.username)]


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


# Chats that some account has a way to, with what keeps each of these accounts from reading them.
_BARRED = f"""
    SELECT c.id, c.title, c.tg_channel_id, c.owner_id, c.source, c.username,
           string_agg(CASE WHEN NOT a.is_active OR NOT EXISTS (SELECT FROM account_sessions s WHERE s.account_id = a.id)
                           THEN 'account ' || a.name || ' cannot be used: ' || coalesce(a.problem, 'it has no session')
                           WHEN NOT {MAY_READ} THEN 'account ' || a.name || ' is limited to other chats'
                           ELSE coalesce(u.problem, 'account ' || a.name || ' does not read it') END,
                      '; ' ORDER BY a.name) AS problem
    FROM channels c JOIN user_channel u ON u.channel_id = c.id JOIN accounts a ON a.id = u.user_id
    WHERE c.id = ANY(CAST(:channels AS uuid[])) AND c.is_active AND c.owner_id IN (0, a.telegram_id)
    GROUP BY c.id, c.title, c.tg_channel_id, c.owner_id, c.source, c.username
"""  # noqa: S608 - a constant


def barred(connection: Connection, channels: Collection[UUID], off_limits: OffLimits) -> dict[UUID, tuple[str, str]]:
    """Of chats that nobody can read: what they are shown as and why, by id; none that no account ever read."""
    rows = connection.execute(text(_BARRED), {"channels": [str(one) for one in channels]})
    return {
        row.id: (shown(row.id, row.source, row.owner_id, row.title, row.tg_channel_id), row.problem)
        for row in rows
        if not off_limits.has(row.tg_channel_id, row.source, row.username)
    }
