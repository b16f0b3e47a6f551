"""Following: which channels and supergroups an account's tenant reads, from its subscriptions or one of its folders.

A followed chat is shared in the tenant and has a feed. Private chats and small groups, whose messages are numbered
per account, are not followed but sideloaded. What does not belong here: reading messages.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.accounts.client import Opened
from tg_assets.accounts.limits import may_read
from tg_assets.history.dialogs import Dialog, dialog_of, dialog_pages, folder, in_folder
from tg_assets.history.reach import LEFT, close_way, open_way
from tg_assets.history.walk import CLOSED
from tg_assets.registry.channels import Chat, register_chat
from tg_assets.settings import Settings

if TYPE_CHECKING:
    from tg_assets.stores.database import TenantConnection


@dataclass(slots=True)
class Followed:
    """What came of it: feeds of followed chats, ways that closed, and dialogs that were left out.

    ``private`` are not followed, ``never_read`` off limits, and ``not_on_list`` beyond what the account is limited to.
    """

    feeds: list[str] = field(default_factory=list)
    chats: int = 0
    discussions: int = 0
    private: int = 0
    never_read: int = 0
    not_on_list: int = 0
    closed: int = 0


async def follow(
    opened: Opened,
    session: "TenantConnection",
    settings: Settings,
    tenant_slug: str,
    feeds_in_use: int,
    *,
    folder_title: str | None = None,
    feed: str | None = None,
) -> Followed:
    """Follow what the account subscribes to, or what is in its folder; with ``feed`` all as one collection."""
    described = await folder(opened.client, folder_title) if folder_title else None
    done = Followed()
    kept: set[UUID] = set()
    subscribed: set[int] = set()
    async for dialogs, _ in dialog_pages(opened.client):
        shown = [one for one in dialogs if described is None or in_folder(described, one)]
        chosen = [one for one in shown if one.is_shared]
        done.private += len(shown) - len(chosen)
        subscribed |= {one.marked_id for one in chosen}
        for one in chosen:
            if not _may_read(opened, settings, one, done):
                continue
            with session.transaction() as connection:
                channel, key = _follow(connection, opened, settings, tenant_slug, one, feed, feeds_in_use, done)
            kept.add(channel)
            done.chats += 1
            linked = await _discussion(opened, one) if settings.comments and one.type == "channel" else None
            if linked is not None and _may_read(opened, settings, linked, done):
                with session.transaction() as connection:
                    channel, _ = _follow(connection, opened, settings, tenant_slug, linked, key, feeds_in_use, done)
                kept.add(channel)
                done.discussions += 1
    if described is None:
        with session.transaction() as connection:
            gone = connection.execute(
                text("""SELECT u.channel_id FROM user_channel u JOIN channels c ON c.id = u.channel_id
                        WHERE u.user_id = :account AND u.is_active AND c.owner_id = 0
                          AND c.tg_channel_id <> ALL(:subscribed)"""),
                {"account": opened.account.id, "subscribed": list(subscribed)},
            ).scalars()
            for channel in set(gone) - kept:
                close_way(connection, opened.account.id, channel, LEFT)
                done.closed += 1
    return done


def _may_read(opened: Opened, settings: Settings, dialog: Dialog, done: Followed) -> bool:
    """Whether a chat is neither off limits nor beyond what the account is limited to; else it is counted."""
    if settings.off_limits.has(dialog.marked_id, dialog.filed_as, dialog.username):
        done.never_read += 1
        return False
    if not may_read(opened.account.only, dialog.marked_id, dialog.username):
        done.not_on_list += 1
        return False
    return True


async def _discussion(opened: Opened, channel: Dialog) -> Dialog | None:
    """The group that a channel's comments are in, if this account can see it."""
    from telethon.tl.functions.channels import GetFullChannelRequest
    from telethon.tl.types import InputChannel

    from tg_assets.ids import bare_channel_id

    try:
        full = await opened.client(
            GetFullChannelRequest(InputChannel(bare_channel_id(channel.marked_id), channel.access_hash or 0))
        )
    except CLOSED:
        return None
    linked = full.full_chat.linked_chat_id
    return next((dialog_of(chat) for chat in full.chats if linked and chat.id == linked), None)


def _follow(
    connection: Connection,
    opened: Opened,
    settings: Settings,
    tenant_slug: str,
    dialog: Dialog,
    feed: str | None,
    feeds_in_use: int,
    done: Followed,
) -> tuple[UUID, str]:
    """Register a chat, which keeps the feed it has, and the account's way to it."""
    chat = Chat(dialog.marked_id, dialog.type, dialog.title, dialog.username)
    known = connection.execute(
        text("SELECT feed FROM channels WHERE owner_id = 0 AND peer_id = :id"), {"id": dialog.marked_id}
    ).scalar()
    channel, key = register_chat(
        connection, settings, tenant_slug, chat, None if known else feed, feeds_in_use + len(done.feeds)
    )
    open_way(connection, opened.account.id, channel, dialog.access_hash)
    if key not in done.feeds:
        done.feeds.append(key)
    return channel, key
