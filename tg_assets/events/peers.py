"""Who wrote or was forwarded, from what producers write: ``{type, id}``, Telethon's ``{user_id}``, or an id alone.

Ids come out marked. A positive id of a channel or small group is bare and gets its mark. What does not belong
here: chats that events are about (``fields.marked``).
"""

from typing import Any

from tg_assets.ids import is_channel
from tg_assets.telegram.fields import Peer, PeerType, integer, marked_peer

_NAMED: tuple[tuple[str, PeerType], ...] = (("user_id", "user"), ("channel_id", "channel"), ("chat_id", "chat"))

_BARE: dict[str, PeerType] = {"channel": "channel", "chat": "chat"}


def peer_of(value: dict[str, Any] | None, marked_id: int | None = None) -> Peer | None:
    """The peer of a dict, else of a marked id; None when neither tells."""
    if value:
        kind, bare = value.get("type"), integer(value.get("id"))
        if bare and (kind == "user" or kind == "channel" or kind == "chat"):
            return marked_peer(kind, bare)
        for key, named in _NAMED:
            if bare := integer(value.get(key)):
                return marked_peer(named, bare)
    if not marked_id:
        return None
    if marked_id > 0:
        return Peer("user", marked_id)
    return Peer("channel" if is_channel(marked_id) else "chat", marked_id)


def forward_peer(value: dict[str, Any] | None, chat_id: int | None) -> Peer | None:
    """Where a message was forwarded from: the peer, else the chat of a marked or bare channel id."""
    return peer_of(value) or (marked_peer("channel", chat_id) if chat_id and chat_id > 0 else peer_of(None, chat_id))


def author_peer(value: dict[str, Any] | None, sender_id: int | None, author_type: str | None) -> Peer | None:
    """Who wrote a message: the peer, else the sender of a marked id, or of a bare one of the kind ``author_type``."""
    if found := peer_of(value):
        return found
    kind = _BARE.get(author_type or "")
    return marked_peer(kind, sender_id) if kind and sender_id and sender_id > 0 else peer_of(None, sender_id)


def chat_id_of(value: dict[str, Any] | None, chat_id: int | None) -> int | None:
    """Marked id of another chat that a message answers in: of the peer, else of a marked or bare channel id."""
    found = forward_peer(value, chat_id)
    return found.id if found else None
