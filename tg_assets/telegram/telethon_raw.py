"""A message of Telethon as the JSON that is stored, with what the response said of the peers in it.

``raw_of`` gives what ``message.to_dict()`` would, less what is not set: constructors under ``_``, bytes as base64,
moments as ISO 8601 in UTC, nothing that PostgreSQL refuses. Beside the message's own fields it has ``peers``: name,
username and type of those it refers to, by marked id as text, for nobody can look them up later. Never raises.
What does not belong here: reading what is stored (``events.from_telethon``), asking Telegram.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from tg_assets.ids import is_channel, marked_channel_id
from tg_assets.jsonb import without_nul
from tg_assets.telegram.fields import string

DEEPEST = 100
"""Levels of a message that JSON cannot hold as it is and that is copied by hand; the rest is cut off."""

# Fields of actions that name users by bare ids.
_USERS = frozenset({"users", "user_id", "inviter_id", "new_creator_id", "bot_id"})


def raw_of(message: Any, peers: Mapping[int, Any]) -> dict[str, Any] | None:
    """A TL ``Message`` or ``MessageService`` as JSON values; None for ``MessageEmpty``, which says nothing.

    ``peers`` are the entities of the response by marked id (``peers_of``).
    """
    data = raw_json(message, peers)
    loaded: dict[str, Any] | None = orjson.loads(data) if data is not None else None
    return loaded


def raw_json(message: Any, peers: Mapping[int, Any]) -> bytes | None:
    """The same as it is stored."""
    given = getattr(message, "__dict__", None)
    if given is None or type(message).__name__ == "MessageEmpty":
        return None
    fields: dict[str, Any] = {"_": type(message).__name__}
    for name, value in given.items():
        if value is not None and value is not False and name[0] != "_":
            fields[name] = value
    fields["peers"] = {str(peer): _described(peer, peers[peer]) for peer in _referred(given, peers) if peer in peers}
    return dump(fields)


def dump(raw: Mapping[str, Any]) -> bytes:
    """JSON of a message that PostgreSQL accepts: NUL characters become U+FFFD."""
    try:
        return without_nul(orjson.dumps(raw, _plain, orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS))
    except TypeError:  # a lone surrogate, a number of more than 64 bits, nested too deep
        return orjson.dumps(_copy(raw, DEEPEST), option=orjson.OPT_NAIVE_UTC)


def peers_of(users: Iterable[Any], chats: Iterable[Any]) -> dict[int, Any]:
    """Entities of a response by marked id."""
    found = {user.id: user for user in users}
    for chat in chats:
        is_channel = type(chat).__name__.startswith("Channel")
        found[marked_channel_id(chat.id) if is_channel else -chat.id] = chat
    return found


def _plain(value: Any) -> Any:
    """A TL object, or bytes, as JSON; False stays, since some booleans below a message are no flags."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    given = getattr(value, "__dict__", None)
    if given is None:
        return str(value)
    fields = {"_": type(value).__name__}
    for name, one in given.items():
        if one is not None and name[0] != "_":
            fields[name] = one
    return fields


def _copy(value: Any, depth: int) -> Any:
    """What JSON can hold of a value."""
    if value is None or isinstance(value, bool | float | datetime):
        return value
    if isinstance(value, str):
        return string(value) or ""
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else str(value)
    if not depth:
        return None
    if isinstance(value, list | tuple):
        return [_copy(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        return {string(str(name)) or "": _copy(item, depth - 1) for name, item in value.items()}
    return _copy(_plain(value), depth - 1)


def _referred(given: Mapping[str, Any], peers: Mapping[int, Any]) -> set[int]:
    """Marked ids of the peers in a message: who wrote it, where it comes from, what it answers, whom it is about."""
    found: set[int] = set()
    home, author = given.get("peer_id"), given.get("from_id")
    _note(author or home, found)
    if author is None and given.get("out") and hasattr(home, "user_id"):  # the account, which the message leaves out
        found.update(number for number, entity in peers.items() if getattr(entity, "is_self", False))
    reply = given.get("reply_to")
    if reply is not None:
        _note(getattr(reply, "reply_to_peer_id", None) or getattr(reply, "peer", None), found)
    for header in (given.get("fwd_from"), getattr(reply, "reply_from", None)):
        if header is not None:
            for name in ("from_id", "saved_from_peer", "saved_from_id"):
                _note(getattr(header, name, None), found)
    if bot := given.get("via_bot_id"):
        found.add(bot)
    if (action := given.get("action")) is not None:
        for name, value in getattr(action, "__dict__", {}).items():
            for one in value if isinstance(value, list) else (value,):
                if not isinstance(one, int):
                    _note(one, found)
                elif name in _USERS:
                    found.add(one)
    return found


def _note(peer: Any, found: set[int]) -> None:
    """Add the marked id of a TL peer."""
    kind = type(peer).__name__
    if kind == "PeerUser":
        found.add(peer.user_id)
    elif kind == "PeerChannel":
        found.add(marked_channel_id(peer.channel_id))
    elif kind == "PeerChat":
        found.add(-peer.chat_id)


def _described(marked: int, entity: Any) -> dict[str, Any]:
    """``{name, username, type}`` of an entity, and ``deleted`` or ``bot`` where it is so."""
    given = getattr(entity, "__dict__", {})
    if marked > 0:
        names = (given.get("first_name"), given.get("last_name"))
        name = " ".join(one for one in names if one)
    else:
        name = given.get("title") or ""
    found: dict[str, Any] = {
        "name": name or None,
        "username": given.get("username") or next(_usernames(given), None),
        "type": "user" if marked > 0 else "channel" if is_channel(marked) else "chat",
    }
    for flag in ("deleted", "bot"):
        if given.get(flag):
            found[flag] = True
    return found


def _usernames(given: Mapping[str, Any]) -> Iterator[str]:
    """Usernames in use, of those who have several."""
    return (one.username for one in given.get("usernames") or () if getattr(one, "active", False))
