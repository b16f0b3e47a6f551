"""An account's dialogs and folders: what it has in Telegram, page by page.

A page tells where the next one begins, so a list that is interrupted goes on there instead of at its top
(https://core.telegram.org/api/offsets). What does not belong here: registering chats, reading messages.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from tg_assets.errors import TgAssetsError
from tg_assets.events.fields import Source
from tg_assets.ids import marked_channel_id

if TYPE_CHECKING:
    from tg_assets.accounts.client import Client

PAGE = 100

DialogType = Literal["dm", "group", "channel"]


@dataclass(frozen=True, slots=True)
class Dialog:
    """A chat of an account. ``marked_id``: users are positive.

    ``is_shared``: whoever is in it sees the same messages under the same ids, as in channels and supergroups. Not in
    the direct messages of a channel (a "monoforum", https://core.telegram.org/api/monoforum), which are a channel by
    their id alone: each sees a conversation of their own.
    """

    type: DialogType
    marked_id: int
    access_hash: int | None
    title: str | None
    username: str | None
    is_shared: bool
    is_archived: bool = False
    is_muted: bool = False
    is_bot: bool = False
    is_contact: bool = False

    @property
    def filed_as(self) -> Source:
        """The source that the chat has here."""
        return "persona" if self.type == "group" and not self.is_shared else self.type


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page of the list begins: date and id of a dialog's top message, and its peer."""

    date: float
    message_id: int
    peer: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """For keeping."""
        return {"date": self.date, "message_id": self.message_id, "peer": dict(self.peer)}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "PageStart":
        """From what ``as_json`` gave."""
        return cls(value["date"], value["message_id"], value["peer"])


def dialog_of(entity: Any, **about: Any) -> Dialog | None:
    """What a user, small group, supergroup or channel is; None for one that is forbidden or migrated away."""
    from telethon.tl.types import Channel, Chat, User

    if isinstance(entity, User):
        names = (entity.first_name, entity.last_name)
        title = " ".join(name for name in names if name) or entity.username or f"DM {entity.id}"
        return Dialog(
            "dm", entity.id, entity.access_hash, title, entity.username, False, is_bot=bool(entity.bot),
            is_contact=bool(entity.contact), **about,
        )  # fmt: skip
    if isinstance(entity, Chat):
        if entity.migrated_to or entity.deactivated:
            return None
        return Dialog("group", -entity.id, None, entity.title, None, False, **about)
    if isinstance(entity, Channel):
        is_shared = not entity.monoforum
        kind: DialogType = "group" if entity.megagroup or entity.gigagroup or not is_shared else "channel"
        return Dialog(
            kind, marked_channel_id(entity.id), entity.access_hash, entity.title, entity.username, is_shared, **about
        )
    return None


async def dialog_pages(
    client: "Client", start: PageStart | None = None
) -> AsyncIterator[tuple[list[Dialog], PageStart | None]]:
    """Pages of the account's dialogs, archived ones too, each with where the next begins (None: it was the last)."""
    from telethon import utils
    from telethon.tl.functions.messages import GetDialogsRequest
    from telethon.tl.types import InputPeerChannel, InputPeerChat, InputPeerEmpty, InputPeerUser
    from telethon.tl.types.messages import Dialogs

    kinds = {"user": InputPeerUser, "channel": InputPeerChannel}
    while True:
        peer: Any = InputPeerEmpty()
        if start is not None:
            about = start.peer
            peer = (
                InputPeerChat(about["chat"])
                if "chat" in about
                else next(kinds[kind](about[kind], about["access_hash"]) for kind in kinds if kind in about)
            )
        answer = await client(
            GetDialogsRequest(
                offset_date=datetime.fromtimestamp(start.date, UTC) if start else None,
                offset_id=start.message_id if start else 0, offset_peer=peer, limit=PAGE, hash=0,
                exclude_pinned=start is not None,
            )
        )  # fmt: skip
        entities = {utils.get_peer_id(one): one for one in (*answer.users, *answer.chats)}
        dates = {(utils.get_peer_id(one.peer_id), one.id): one.date for one in answer.messages if hasattr(one, "date")}
        found: list[Dialog] = []
        following: PageStart | None = None
        for one in answer.dialogs:
            marked = utils.get_peer_id(one.peer)
            entity = entities.get(marked)
            until = getattr(one.notify_settings, "mute_until", None)
            muted = bool(until and until > datetime.now(UTC))
            dialog = dialog_of(entity, is_archived=bool(getattr(one, "folder_id", 0)), is_muted=muted)
            if dialog is not None:
                found.append(dialog)
            date = dates.get((marked, one.top_message))
            if date is not None and entity is not None:
                following = PageStart(date.timestamp(), one.top_message, _peer(entity))
        is_last = isinstance(answer, Dialogs) or len(answer.dialogs) < PAGE or following in (None, start)
        yield found, None if is_last else following
        if is_last:
            return
        start = following


def _peer(entity: Any) -> dict[str, int]:
    from telethon.tl.types import Channel, User

    if isinstance(entity, User):
        return {"user": entity.id, "access_hash": entity.access_hash or 0}
    if isinstance(entity, Channel):
        return {"channel": entity.id, "access_hash": entity.access_hash or 0}
    return {"chat": entity.id}


async def folder(client: "Client", title: str) -> Any:
    """The account's folder of this title, as Telegram describes it; raises TgAssetsError."""
    from telethon.tl.functions.messages import GetDialogFiltersRequest

    answer = await client(GetDialogFiltersRequest())
    found = {_title(one): one for one in getattr(answer, "filters", answer) if getattr(one, "title", None)}
    if title in found:
        return found[title]
    told = f"There are: {', '.join(found)}." if found else "It has none."
    raise TgAssetsError(f"The account has no folder {title!r}. {told}")


def in_folder(described: Any, dialog: Dialog) -> bool:
    """Whether a folder shows a dialog: named ones first, then by what it includes and leaves out."""
    from telethon import utils

    def named(peers: Any) -> bool:
        return any(utils.get_peer_id(peer) == dialog.marked_id for peer in peers or ())

    if named(getattr(described, "pinned_peers", ())) or named(getattr(described, "include_peers", ())):
        return True
    if named(getattr(described, "exclude_peers", ())):
        return False
    if (getattr(described, "exclude_archived", False) and dialog.is_archived) or (
        getattr(described, "exclude_muted", False) and dialog.is_muted
    ):
        return False
    wanted = {
        "channel": getattr(described, "broadcasts", False),
        "group": getattr(described, "groups", False),
        "dm": getattr(described, "bots", False)
        if dialog.is_bot
        else getattr(described, "contacts" if dialog.is_contact else "non_contacts", False),
    }
    return bool(wanted[dialog.type])


def _title(described: Any) -> str:
    title = described.title
    return str(getattr(title, "text", title))
