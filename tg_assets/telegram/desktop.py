"""A Telegram Desktop export as a lazy sequence: each chat's header, then its messages, in file order.

``read_export`` takes the JSON of one chat or of a whole account as a binary stream and holds one message in
memory at a time. It repairs what Desktop is known to break, reads UTF-16 too, and raises ``TgAssetsError`` that says
where a file that is cut short, damaged or something else stops; no error quotes the file. A message that cannot be
one is handed out as ``Malformed`` with the reason: it costs itself, not the file. Duplicates are the caller's to judge.
What does not belong here: the meaning of a message's fields, files beside the JSON, databases.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.encoding import Utf8Stream
from tg_assets.telegram.export_files import UNREADABLE
from tg_assets.telegram.exported_chat import ExportedChat, bare_id, describe_chat, packs_ids
from tg_assets.telegram.fields import integer
from tg_assets.telegram.foreign import HOW_TO_EXPORT, HTML, foreign_json
from tg_assets.telegram.json_cursor import JsonCursor
from tg_assets.telegram.json_window import READ_BYTES, BadJson
from tg_assets.telegram.message import Malformed, Message
from tg_assets.telegram.repair import RepairedStream

__all__ = ["ExportedChat", "Malformed", "message_hash", "read_export"]

MESSAGE_TYPES = ("message", "service", "unsupported")
HEADER_KEYS = ("name", "type", "id")
# What other programs' files begin with.
FOREIGN_KEYS = ("_", "stream")
# A cut emoji is one broken place; a file of another encoding has them in most messages.
FOREIGN_ENCODING = 20

# A custom emoji that was exported as a file: its path differs from export to export.
_EMOJI_FILE = re.compile(rb'"document_id":"(?!-?[0-9]+")(?:[^"\\]|\\.)*"')


def message_hash(raw: Message) -> str:
    """32 hex digits of what a message says: neither the order of keys nor the paths of exported emoji count."""
    try:
        body = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits, or a lone surrogate
        body = json.dumps(raw, sort_keys=True, default=str).encode()
    if b'"document_id":"' in body:
        body = _EMOJI_FILE.sub(b'"document_id":""', body)
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def read_export(stream: BinaryIO, name: str) -> "ExportReader":
    """Yield every chat's ``ExportedChat`` followed by its messages; ``name`` stands for the file in errors."""
    return ExportReader(stream, name)


class ExportReader(Iterator[ExportedChat | Message]):
    """What ``read_export`` gives; ``broken`` counts messages so far in which broken bytes became U+FFFD."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name = name
        self._cursor = JsonCursor(RepairedStream(Utf8Stream(stream), name, READ_BYTES))
        self._owner: int | None = None
        self._chats = 0
        self._messages = 0
        self.broken = 0
        self._last: int | None = None  # id of the last message read in the current chat
        self._items = self._read()

    def __next__(self) -> ExportedChat | Message:
        return next(self._items)

    def _read(self) -> Iterator[ExportedChat | Message]:
        try:
            yield from self._root()
        except BadJson as problem:
            raise self._broken(problem) from None
        except UNREADABLE:
            raise TgAssetsError(
                f"{self._name} is cut short or damaged, or its disk cannot be read, {self._where()}: the (compressed) "
                "data cannot be read on. Copy or download the file again."
            ) from None
        if self.broken > max(FOREIGN_ENCODING, self._messages // 2):
            raise TgAssetsError(
                f"{self._name} is not written in UTF-8: {self.broken:,} of its {self._messages:,} messages hold bytes "
                "that are no characters. Export the chat again, or save the file as UTF-8, and import that."
            )

    def _root(self) -> Iterator[ExportedChat | Message]:
        cursor = self._cursor
        if cursor.peek() != "{":
            raise self._foreign()
        header: dict[str, Any] = {}
        for key in cursor.members():
            if key in ("chats", "left_chats"):
                yield from self._chat_list()
            elif key == "messages":
                yield from self._chat_messages(header)
            elif key == "personal_information":
                value = cursor.value().value
                self._owner = bare_id(value.get("user_id")) if isinstance(value, dict) else None
            else:
                self._note(header, key)
        if not self._chats:
            raise self._something_else(foreign_json(None, header))
        if cursor.peek():
            raise BadJson("there is more after its end", *cursor.place, cut=False)

    def _chat_list(self) -> Iterator[ExportedChat | Message]:
        cursor = self._cursor
        if cursor.peek() != "{":
            cursor.skip()
            return
        for key in cursor.members():
            if key != "list" or cursor.peek() != "[":
                cursor.skip()
                continue
            for _ in cursor.items():
                if cursor.peek() == "{":
                    yield from self._chat()
                else:
                    cursor.skip()

    def _chat(self) -> Iterator[ExportedChat | Message]:
        header: dict[str, Any] = {}
        for key in self._cursor.members():
            if key == "messages":
                yield from self._chat_messages(header)
            else:
                self._note(header, key)

    def _note(self, header: dict[str, Any], key: str) -> None:
        """Keep what says who the chat is; of a doubled key the first value that says something."""
        if key in HEADER_KEYS and not header.get(key):
            header[key] = self._cursor.value().value
            if key == "type" and header[key] and header.get("filed"):
                raise self._too_late(key)
        elif key in FOREIGN_KEYS:
            header[key] = True
            self._cursor.skip()
        else:
            self._cursor.skip()

    def _chat_messages(self, header: dict[str, Any]) -> Iterator[ExportedChat | Message]:
        if self._cursor.peek() != "[":
            raise BadJson("`messages` is not a list", *self._cursor.place, cut=False)
        self._chats += 1
        self._last = None
        messages = self._list()
        # Before mid-2021 ids were written in a packed form, which only a sender's id gives away.
        held: list[Message] = []
        sender: Any = None
        while sender is None and len(held) < 100 and (message := next(messages, None)) is not None:
            held.append(message)
            sender = message.get("from_id") or message.get("actor_id")
        if held and (what := foreign_json(held[0], header)):
            raise self._something_else(what)
        header["id"] = bare_id(header.get("id"))
        packed = isinstance(sender, int) and packs_ids(held[-1])
        found = describe_chat(header, owner_id=self._owner, packed_ids=packed)
        if not found.id:
            if held and held[0].get("type") not in MESSAGE_TYPES:
                raise self._something_else(None)
            raise self._too_late("id")
        header["filed"] = True
        yield found
        yield from held
        yield from messages

    def _too_late(self, key: str) -> TgAssetsError:
        """What else says who a chat is, behind its messages or nowhere, as where a program sorted the keys."""
        return TgAssetsError(
            f"Chat number {self._chats} of {self._name} has no usable `{key}` before its messages "
            f"({self._where()}), so there is nothing to file them under. Telegram Desktop writes `name`, "
            "`type` and `id` first: put them there, or export the chat again."
        )

    def _list(self) -> Iterator[Message]:
        for _ in self._cursor.items():
            item, problem, broken = self._cursor.value()
            self._messages += 1
            self.broken += broken
            if not isinstance(item, dict):
                # Of what was not read, the message before it tells which it was.
                kept = {"malformed": None, "after": self._last} if problem and item is None else {"malformed": item}
                yield Malformed(kept, problem or "not an object")
                continue
            self._last = integer(item.get("id")) or self._last
            yield Malformed(item, problem) if problem else item

    def _where(self) -> str:
        byte, line = self._cursor.place
        return self._at(byte, line)

    def _at(self, byte: int, line: int) -> str:
        place = f"near byte {byte:,} (line {line:,})"
        if not self._chats:
            return place
        after = f"after message {self._last}" if self._last is not None else "before the first message"
        return f"{place}, {after} of chat number {self._chats}"

    def _broken(self, problem: BadJson) -> TgAssetsError:
        what = "is cut short: it ends" if problem.cut else f"is not valid JSON ({problem.detail})"
        place = self._at(problem.byte, problem.line)
        return TgAssetsError(f"{self._name} {what} {place}. Export the chat again and import that file.")

    def _foreign(self) -> TgAssetsError:
        """Why a file that does not begin as an export is none."""
        begins = self._cursor.peek()
        if not begins:
            return TgAssetsError(f"{self._name} is empty. Export the chat again and import that file.")
        first: Any = None
        if begins == "[":
            first = next((self._cursor.value().value for _ in self._cursor.items()), None)
        return self._something_else(HTML if begins == "<" else foreign_json(first))

    def _something_else(self, what: str | None) -> TgAssetsError:
        so = f": it is {what}" if what else ""
        return TgAssetsError(f"{self._name} is not a Telegram Desktop export with chats{so}. {HOW_TO_EXPORT}")
