"""What people type in place of ids, when they ask the graph: chats, people, sources, posts, tags, pages.

Everything is looked for among what may be seen in the archive: a chat, a person or a post outside of it is as unknown
as one that there is not. What does not belong here: the questions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.asked_words import names, number, pages, tags
from tg_assets.errors import Listing, NoSuch
from tg_assets.graph.questions.question import Parameter, Question

_NUMBER = re.compile(r"-?\d{1,18}")
_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(.+)", re.I)
# A question names so many people or sources of one name; more are no name.
SEVERAL = 20


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that may be seen; ``marks`` are what it is called besides its title."""

    id: str
    title: str | None
    feed: str
    owner_id: int
    tg_channel_id: int
    peer_id: int
    username: str | None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.title or (f"@{self.username}" if self.username else str(self.tg_channel_id))

    @property
    def bare(self) -> str:
        """Its id as exports and links have it, which may be another chat's, too."""
        return str(ids.bare_channel_id(self.peer_id) if ids.is_channel(self.peer_id) else abs(self.peer_id))

    def is_called(self, name: str) -> bool:
        """Whether ``name`` (folded) is its id, number, @username, title or feed."""
        bare = name.removeprefix("@")
        if not bare:  # what has no username or no title is not called nothing
            return False
        called = (self.id, str(self.peer_id), str(self.tg_channel_id), self.feed, self.feed.partition(".")[2])
        return name in called or bare == (self.username or "").lower() or name == _fold(self.title)


@dataclass(slots=True)
class Bound:
    """What a question's statement is given: parameters by name, and the only chats that may be seen (None: all)."""

    values: dict[str, Any] = field(default_factory=dict)
    channels: list[str] | None = None


def visible_chats(connection: Connection, archive: Archive) -> dict[str, Chat]:
    """The chats of an archive by id."""
    found = connection.execute(
        text(f"""SELECT c.id::text, c.title, c.feed, c.owner_id, c.tg_channel_id, c.peer_id, c.username
                 FROM channels c WHERE {SEEN} ORDER BY c.title, c.id"""),  # noqa: S608 - a constant
        archive.seen,
    )
    return {row.id: Chat(**row._mapping) for row in found}


def _fold(said: str | None) -> str:
    return " ".join((said or "").lower().split())


class Names:
    """What words stand for in one archive."""

    def __init__(self, connection: Connection, archive: Archive, chats: Mapping[str, Chat]) -> None:
        self._connection, self._archive, self._chats = connection, archive, chats

    def bound(self, question: Question, given: Mapping[str, Any]) -> Bound:
        """Values of a question's statement. Raises TgAssetsError for what stands for nothing."""
        bound = Bound(channels=None if self._archive.feeds is None else list(self._chats))
        for one in question.parameters:
            said = given.get(one.name, one.default)
            if one.kind in ("chat", "dialogue"):
                if said is not None:
                    bound.channels = self._chat(str(said), private=one.kind == "dialogue")
            else:
                bound.values[one.name] = self._value(one, said)
        return bound

    def _value(self, one: Parameter, said: Any) -> Any:
        match one.kind:
            case "person":
                return self._person(str(said).strip())
            case "source":
                return self._source(str(said).strip())
            case "post":
                return self._post(str(said).strip())
            case "album":
                return self._album(str(said).strip())
            case "picture":
                from tg_assets.answers.asked_pictures import look_alikes

                return look_alikes(self._connection, self._post(str(said).strip()))
            case "account":
                return self._accounts(said)
            case "tags":
                return tags(said)
            case "page":
                return pages(str(said))
            case "number":
                return number(one.name, said)
            case _:
                return names(str(said))

    def _chat(self, said: str, *, private: bool = False) -> list[str]:
        name = _fold(self._in_link(said) or said)
        among = [chat for chat in self._chats.values() if chat.owner_id or not private]
        found = [chat.id for chat in among if chat.is_called(name)]
        found = found or [chat.id for chat in among if name == chat.bare]
        if not found:
            near = get_close_matches(name, sorted({chat.feed for chat in among}), 3, 0.4)
            nearest = f" Feeds with such a name: {', '.join(near)}." if near else ""
            kind = "private chat" if private else "chat or feed"
            raise NoSuch(f"There is no {kind} {said!r} that may be seen here.{nearest}", "chats")
        return found

    @staticmethod
    def _in_link(said: str) -> str | None:
        """The chat that a link of Telegram names: @username, or its marked id."""
        link = _LINK.fullmatch(said.strip())
        if link is None:
            return None
        parts = link[1].partition("?")[0].strip("/").split("/")
        if parts[0] == "c" and len(parts) > 1 and _NUMBER.fullmatch(parts[1]):
            return str(ids.marked_channel_id(int(parts[1])))
        return f"@{parts[1] if parts[0] == 's' and len(parts) > 1 else parts[0]}"

    def _post(self, said: str) -> str:
        where, _, number = said.partition("?")[0].rstrip("/").rpartition("/")
        if where and _NUMBER.fullmatch(number) and 0 <= int(number) <= ids.MESSAGE_ID_MAX:
            found = [str(ids.post_id(UUID(chat), int(number))) for chat in self._chat(where)]
        else:
            found = [said.lower()] if ids.is_nameless(said) else []
        there = self._rows("SELECT m.id::text AS found", "m.id = ANY(CAST(:ids AS uuid[]))", ids=found)
        if not there:
            raise NoSuch(
                f"There is no post {said!r} that may be seen here. A post is named by its link, as CHAT/NUMBER or by "
                "its id.",
                "posts",
            )
        return str(there[0])

    def _album(self, said: str) -> str:
        if ids.is_nameless(said):
            found = self._rows("SELECT m.album_id::text AS found", "m.album_id = CAST(:id AS uuid)", id=said)
            if found:
                return str(found[0])
        post = self._post(said)
        found = self._rows("SELECT m.album_id::text AS found", "m.id = CAST(:id AS uuid)", id=post)
        if not found:
            raise NoSuch(f"The post {said!r} is in no album.", "albums")
        return str(found[0])

    def _person(self, said: str) -> list[int]:
        if _NUMBER.fullmatch(said):
            return [int(said)]
        found = self._rows(
            "SELECT DISTINCT m.sender_tg_id AS found",
            "lower(:name) IN (lower(m.author_name), lower(m.sender_username)) AND m.sender_tg_id IS NOT NULL",
            name=said.removeprefix("@"),
        )
        return [int(one) for one in self._few(found, said, "person", "people")]

    def _source(self, said: str) -> list[str]:
        if _NUMBER.fullmatch(said):
            return [said]
        name = _fold(self._in_link(said) or said)
        found = {str(chat.peer_id) for chat in self._chats.values() if chat.is_called(name)}
        found |= set(
            self._rows(
                """SELECT DISTINCT coalesce(m.forward_from_peer_id->>'id', m.forward_from_chat_id::text,
                                            'name:' || m.forward_from_name) AS found""",
                "lower(m.forward_from_name) = lower(:name)",
                name=said.removeprefix("@"),
            )
        )
        return self._few(sorted(found), said, "source", "sources")

    def _few(self, found: Sequence[Any], said: str, what: str, listing: Listing) -> list[Any]:
        if not found:
            raise NoSuch(f"There is no {what} {said!r} that may be seen here.", listing)
        if len(found) > SEVERAL:
            raise NoSuch(f"More than {SEVERAL} are called {said!r}. Name the {what} by its id.", listing)
        return list(found)

    def _accounts(self, said: Any) -> list[str]:
        owners = [str(owner) for owner in self._archive.owners]
        if said is None:
            return owners
        if str(said).strip() not in owners:
            raise NoSuch(f"The account {said!r} is none whose private chats may be seen here.", "owners")
        return [str(said).strip()]

    def _rows(self, select: str, condition: str, **values: Any) -> list[Any]:
        """The column ``found`` of messages ``m`` that may be seen."""
        rows = self._connection.execute(
            text(f"""{select} FROM messages m JOIN channels c ON c.id = m.channel_id
                     WHERE {condition} AND m.deleted_at IS NULL AND {SEEN} ORDER BY 1 LIMIT {SEVERAL + 1}"""),
            {**values, **self._archive.seen},
        )
        return [found for found in rows.scalars() if found is not None]
