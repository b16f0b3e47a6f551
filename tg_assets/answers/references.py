"""What a person names a message by: its id, its link at Telegram, or its chat and number.

Read strictly: what is none of these raises a sentence, and what names nothing that the archive shows raises
``NotThere``, whether it exists for somebody else or not at all. What does not belong here: showing messages.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.rows import NotThere
from tg_assets.errors import TgAssetsError
from tg_assets.ids import MESSAGE_ID_MAX, marked_channel_id

LONGEST = 300
_HEX = r"[0-9a-fA-F]"
_UUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_NAME = r"[A-Za-z][A-Za-z0-9_]{1,63}"
_NUMBER = r"[1-9][0-9]{0,18}"
_HOSTS = ("t.me", "telegram.me", "www.t.me")
# A post of a public chat, or of any channel by its bare id; between the two there may be a topic.
_PATH = re.compile(rf"/(?:s/)?(?:c/(?P<bare>{_NUMBER})|(?P<name>{_NAME}))(?:/{_NUMBER})?/(?P<number>{_NUMBER})/?")
_CHAT_AND_NUMBER = re.compile(rf"(?:@(?P<name>{_NAME})|(?P<chat>-?{_NUMBER}))/(?P<number>{_NUMBER})")
_FORMS = (
    "Name a message by its id (8f2a…-…), its link (https://t.me/name/12, https://t.me/c/1700300111/12) or its chat and "
    "number (@name/12, -1001700300111/12, 1700300111/12)."
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A message by its number in a chat, which is a public name (lower case) or an id: marked, or bare as exports and
    links have it."""

    chat: int | str
    number: int

    @property
    def peers(self) -> list[int]:
        """Marked ids that the chat's may mean, the likeliest first: a person's own, a channel's, a small group's."""
        if isinstance(self.chat, str):
            return []
        return [self.chat, marked_channel_id(self.chat), -self.chat] if self.chat > 0 else [self.chat]


def parse_id(given: str | UUID) -> UUID:
    """An id as results carry it. Raises TgAssetsError."""
    if isinstance(given, UUID):
        return given
    if not _UUID.fullmatch(given):
        raise TgAssetsError("That is no id: ids look like 8f2a1c3e-0b1d-5e6f-8a9b-0c1d2e3f4a5b.")
    return UUID(given)


def parse(given: str | UUID) -> UUID | Numbered:
    """What a reference means, without looking whether it is there. Raises TgAssetsError for what is no reference."""
    if isinstance(given, UUID):
        return given
    if len(given) <= LONGEST:
        if _UUID.fullmatch(given):
            return UUID(given)
        found = _CHAT_AND_NUMBER.fullmatch(given)
        named = _numbered(found["name"] or int(found["chat"]), found["number"]) if found else _link(given)
        if named is not None:
            return named
    raise TgAssetsError(f"That names no message. {_FORMS}")


def _link(given: str) -> Numbered | None:
    try:
        parts = urlsplit(given)
        asked = parse_qs(parts.query)
    except ValueError:
        return None
    if parts.scheme in ("http", "https") and parts.netloc.lower() in _HOSTS:
        if found := _PATH.fullmatch(parts.path):
            return _numbered(found["name"] or marked_channel_id(int(found["bare"])), found["number"])
    elif parts.scheme == "tg" and re.fullmatch(_NUMBER, number := asked.get("post", [""])[0]):
        if parts.netloc == "resolve" and re.fullmatch(_NAME, name := asked.get("domain", [""])[0]):
            return _numbered(name, number)
        if parts.netloc == "privatepost" and re.fullmatch(_NUMBER, bare := asked.get("channel", [""])[0]):
            return _numbered(marked_channel_id(int(bare)), number)
    return None


def _numbered(chat: int | str, number: str) -> Numbered | None:
    message_id = int(number)
    if message_id > MESSAGE_ID_MAX or (isinstance(chat, int) and abs(chat) > MESSAGE_ID_MAX):
        return None
    return Numbered(chat.lower() if isinstance(chat, str) else chat, message_id)


def locate(connection: Connection, archive: Archive, given: str | UUID) -> UUID:
    """Id of the message that is meant, if the archive shows it. Raises NotThere, and TgAssetsError for what is no
    reference or means a message of several accounts."""
    named = parse(given)
    if isinstance(named, UUID):
        found = connection.execute(text(_BY_ID), {"id": str(named), **archive.seen}).scalars().all()
    else:
        values = {"number": named.number, "chat": None, "name": None, "peers": named.peers, **archive.seen}
        values["name" if isinstance(named.chat, str) else "chat"] = named.chat
        rows = connection.execute(text(_BY_NUMBER), values).all()
        # The negative id of direct messages may be a small group's own, which then is meant.
        likeliest = min((row.place for row in rows if row.place), default=None)
        found = [row.id for row in rows if row.place == likeliest]
    if len(found) > 1:
        raise TgAssetsError("Several accounts have a chat with this id: name the message by its own id.")
    if not found:
        raise NotThere
    one: UUID = found[0]
    return one


_BY_ID = f"SELECT m.id FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.id = CAST(:id AS uuid) AND {SEEN}"  # noqa: S608
_BY_NUMBER = f"""
    SELECT m.id, array_position(CAST(:peers AS bigint[]), c.peer_id) AS place
    FROM channels c JOIN messages m ON m.channel_id = c.id AND m.telegram_message_id = :number
    WHERE (c.peer_id = ANY(CAST(:peers AS bigint[])) OR c.tg_channel_id = CAST(:chat AS bigint)
           OR lower(c.username) = CAST(:name AS text)) AND {SEEN}
"""  # noqa: S608 - a constant
