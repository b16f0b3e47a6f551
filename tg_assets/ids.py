"""Computed identities: the event, the row, the point and the node of one thing share one id.

Ids are uuid5 of names, never drawn, so an id is known before its row exists: a reply or forward edge never
has to wait for its target. Private chats carry the owner account in the name, so two accounts that talk to the
same person, or are in the same group for themselves, share nothing. Chat ids are Telegram's "marked" ids
(https://core.telegram.org/api/bots/ids): users positive, small groups ``-id``, channels and supergroups
``-100…``; conversion happens at the edge. Only the visible ``tg_channel_id`` of direct messages is the negative of
the person's, which may be a small group's, too: ``peer_id`` gives the id that tells the kind, and identities are made
of it. What does not belong here: anything that talks to a server.
"""

import re
from functools import lru_cache
from uuid import UUID, uuid5

NAMESPACE = UUID("6f9b1c52-6d0e-5d0a-9d5c-0a6f3c1e7a10")
CHANNEL_SHIFT = 1_000_000_000_000
# Far beyond Telegram's 32 bits, and a range of ids up to this one still ends within a bigint.
MESSAGE_ID_MAX = (1 << 62) - 1
# Sources of chats whose messages Telegram numbers per account: direct messages and small groups. The same group is
# another chat for each account, so every such chat has an owner.
PER_ACCOUNT = frozenset({"dm", "persona"})
# Owner of what belongs to no tenant: dead letters that name none, or one that does not exist.
NO_TENANT = UUID(int=0)


# As UUIDs and W3C Trace Context have them; what else somebody takes for an id may name a chat or a person.
_NAMELESS = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def is_nameless(given: object) -> bool:
    """Whether a trace that came from outside can be nothing but an id."""
    return isinstance(given, str) and _NAMELESS.fullmatch(given) is not None


@lru_cache(maxsize=4096)
def tenant_id(slug: str) -> UUID:
    """Id of the tenant with this slug."""
    return uuid5(NAMESPACE, f"tenant:{slug}")


def peer_id(tg_channel_id: int, source: str) -> int:
    """Marked id of a chat's peer: a person's is positive, however the direct messages with them are filed."""
    return abs(tg_channel_id) if source == "dm" else tg_channel_id


@lru_cache(maxsize=65536)
def channel_id(tenant: UUID, peer_id: int, owner_id: int = 0) -> UUID:
    """Id of a chat of a tenant by its peer. ``owner_id`` is the account of a private chat, 0 otherwise."""
    return uuid5(tenant, f"channel:{owner_id}:{peer_id}")


def private_name(channel: UUID, source: str) -> str:
    """What a private chat is called where more people look than its account: ``dm-1a2b3c4d``, ``group-…``."""
    return f"{'dm' if source == 'dm' else 'group'}-{channel.hex[:8]}"


def post_id(channel: UUID, message_id: int) -> UUID:
    """Id of a message; ``channel`` already carries tenant and owner."""
    return uuid5(channel, f"post:{message_id}")


def album_id(channel: UUID, grouped_id: int) -> UUID:
    """Id of an album of a chat."""
    return uuid5(channel, f"album:{grouped_id}")


def conversation_id(anchor: UUID, kind: str) -> UUID:
    """Id of a unit of a conversation, a ``window`` or a ``thread``, by its first message's."""
    return uuid5(anchor, f"conversation:{kind}")


def media_object_id(tenant: UUID, sha256: str) -> UUID:
    """Id of a stored byte sequence of a tenant."""
    return uuid5(tenant, f"media:{sha256}")


def marked_channel_id(raw: int) -> int:
    """Marked id of a channel or supergroup from its bare id."""
    return -(CHANNEL_SHIFT + raw)


def is_channel(marked: int) -> bool:
    """Whether a marked id is of a channel or supergroup: of those only, they number their own messages."""
    return marked < -CHANNEL_SHIFT


def bare_channel_id(marked: int) -> int:
    """The bare id of a channel's marked one."""
    return -marked - CHANNEL_SHIFT
