"""Who wrote or was forwarded, from what producers write: ``{type, id}``, Telethon's ``{user_id}``, or an id alone.

Ids come out marked. A positive id of a channel or small group is bare and gets its mark. What does not belong
here: chats that events are about (``fields.marked``).
"""

from typing import Any

from tg_assets.ids import CHANNEL_SHIFT, marked_channel_id
from tg_assets.telegram.fields import Peer, PeerType, integer

_NAMED: tuple[tuple[str, PeerType], ...] = (("user_id", "user"), ("channel_id", "channel"), ("chat_id", "chat"))


def peer_of(value: dict[str, Any] | None, marked_id: int | None = None) -> Peer | None:
    """The peer of a dict, else of a marked id; None when neither tells."""
    if value:
        kind, bare = value.get("type"), integer(value.get("id"))
        if bare and (kind == "user" or kind == "channel" or kind == "chat"):
            return _marked(kind, bare)
        for key, named in _NAMED:
            if bare := integer(value.get(key)):
                return _marked(named, bare)
    if not marked_id:
        return None
    if marked_id > 0:
        return Peer("user", marked_id)
    return Peer("channel" if marked_id < -CHANNEL_SHIFT else "chat", marked_id)


def forward_peer(value: dict[str, Any] | None, chat_id: int | None) -> Peer | None:
    """Where a message was forwarded from: the peer, else the chat of a marked or bare channel id."""
    if not value and chat_id and chat_id > 0:
        return _marked("channel", chat_id)
    return peer_of(value, chat_id)


def _marked(kind: PeerType, value: int) -> Peer | None:
    if kind == "user":
        return Peer(kind, value) if value > 0 else None
    if value < 0:
        return Peer(kind, value)
    if kind == "chat":
        return Peer(kind, -value)
    return Peer(kind, marked_channel_id(value)) if value < CHANNEL_SHIFT else None
