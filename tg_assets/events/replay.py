"""An export as live traffic: its messages as events, in the order of the file, their media stored before.

An export is read twice, since albums show only from a whole chat. What does not belong here: sending.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from pydantic import ValidationError

from tg_assets.errors import TgAssetsError
from tg_assets.events.envelope import bad_event
from tg_assets.events.from_export import Surveyed, Zones, media_items, post_event, survey
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.ids import PER_ACCOUNT
from tg_assets.telegram.archive import ExportArchive
from tg_assets.telegram.desktop import ExportedChat, read_export
from tg_assets.telegram.message import MessageHead, read_head
from tg_assets.telegram.off_limits import OffLimits

NEVER_READ = "of a chat that is never read: it carries login codes, or TG_NEVER_READ names it"
# (JSON file of the export, a medium): stores it, and writes into it what became of it
Settle = Callable[[str, dict[str, Any]], object]


@dataclass(slots=True)
class Replay:
    """What to replay: ``since`` and ``until`` (aware, the latter excluded), and ``titles`` of chats, empty for all.

    ``owner_id`` is the account of private chats that do not tell theirs.
    """

    archive: ExportArchive
    tenant: str
    settle: Settle
    owner_id: int | None = None
    tz: tzinfo = UTC
    since: datetime | None = None
    until: datetime | None = None
    titles: frozenset[str] = frozenset()
    off_limits: OffLimits = field(default_factory=OffLimits)
    rejected: Counter[str] = field(default_factory=Counter)
    """Why entries of the export were not sent; complete once ``events`` is at its end."""
    _surveyed: dict[str, list[Surveyed]] = field(default_factory=dict)

    def survey(self) -> int:
        """Read the export once; returns how many messages the chosen chats have."""
        for name in self.archive.json_files():
            with self.archive.open_json(name) as stream:
                self._surveyed[name] = survey(read_export(stream, name), self.tz)
        chats = [chat for found in self._surveyed.values() for chat in found]
        names = {chat.chat.name or "" for chat in chats}
        if missing := sorted(self.titles - names):
            raise TgAssetsError(
                f"{len(missing)} of the chats that were asked for are not in the export, which has {len(chats)}. "
                "Write their titles as Telegram does."
            )
        never = sum(chat.messages for chat in chats if self.off_limits.has_exported(chat.chat))
        if never:
            self.rejected[NEVER_READ] += never
        for name, found in self._surveyed.items():
            for number, chat in enumerate(found, 1):
                private = chat.chat.source in PER_ACCOUNT and self._wants(chat)
                if private and not (self.owner_id or chat.owner_id):
                    raise TgAssetsError(chat.chat.ownerless(number, name))
        return sum(chat.messages for chat in chats if self._wants(chat))

    def events(self) -> Iterator[PostParsedEventV1 | None]:
        """The events after ``survey``; None for a message that is not sent, so that progress can be shown."""
        for name, chats in self._surveyed.items():
            with self.archive.open_json(name) as stream:
                rest = iter(chats)
                chat, zones = chats[0], Zones(self.tz)
                for item in read_export(stream, name):
                    if isinstance(item, ExportedChat):
                        chat, zones = next(rest), Zones(self.tz)
                    elif self._wants(chat):
                        yield self._event(name, item, chat, zones.of(item))

    def _wants(self, chat: Surveyed) -> bool:
        is_chosen = not self.titles or (chat.chat.name or "") in self.titles
        return is_chosen and not self.off_limits.has_exported(chat.chat)

    def _event(self, name: str, raw: dict[str, Any], chat: Surveyed, tz: tzinfo) -> PostParsedEventV1 | None:
        head = read_head(raw, tz)
        if not isinstance(head, MessageHead):
            self.rejected[head] += 1
            return None
        if (self.since and head.posted_at < self.since) or (self.until and head.posted_at >= self.until):
            return None
        media = media_items(raw) if head.has_media else []
        for item in media:
            self.settle(name, item)
        try:
            event = post_event(raw, chat, self.tenant, owner_id=self.owner_id, tz=tz, media=media)
        except ValidationError as error:
            self.rejected[str(bad_event("no event can hold it", error))] += 1
            return None
        return event if isinstance(event, PostParsedEventV1) else None
