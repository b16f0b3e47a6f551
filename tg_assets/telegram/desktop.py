"""A Telegram Desktop export as a lazy sequence: each chat's header, then its messages, in file order.

``read_export`` takes the JSON of one chat or of a whole account as a binary stream and holds one message in
memory at a time. It repairs what Desktop is known to break, replaces NUL characters (Postgres stores none),
and raises ``TgAssetsError`` that says where a file that is cut short, damaged or something else stops.
Messages are handed out as found: duplicates and malformed ones are the caller's to judge.
What does not belong here: the meaning of a message's fields, files beside the JSON, databases.
"""

import gzip
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]
import orjson

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.exported_chat import ExportedChat, describe_chat, packs_ids
from tg_assets.telegram.fields import integer
from tg_assets.telegram.repair import RepairedStream

__all__ = ["ExportedChat", "message_hash", "read_export"]

Event = tuple[str, Any]
Message = dict[str, Any]
# Errors name a byte no further than this from the defect.
READ_BYTES = 1 << 14
# Desktop nests 6 deep; more is an attack on whoever recurses over a message later.
MAX_DEPTH = 100
HEADER_KEYS = ("name", "type", "id")


def message_hash(raw: Message) -> str:
    """32 hex digits that depend on the message's content, not on the order of its keys."""
    try:
        body = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits, or a lone surrogate
        body = json.dumps(raw, sort_keys=True, default=str).encode()
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def read_export(stream: BinaryIO, name: str) -> Iterator[ExportedChat | Message]:
    """Yield every chat's ``ExportedChat`` followed by its messages; ``name`` stands for the file in errors."""
    return _Reader(stream, name).read()


class _Reader:
    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name = name
        self._stream = RepairedStream(stream, name, READ_BYTES)
        self._events: Iterator[Event] = ijson.get_backend("yajl2_c").basic_parse(
            self._stream, use_float=True, buf_size=READ_BYTES
        )
        self._owner: int | None = None
        self._chats = 0
        self._last: Any = None  # id of the last message read in the current chat

    def read(self) -> Iterator[ExportedChat | Message]:
        try:
            yield from self._root()
        except ijson.JSONError as error:
            raise self._broken(str(error)) from None
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
            raise TgAssetsError(
                f"The compressed data of {self._name} is cut short or damaged {self._where()}. "
                "Copy or download the file again."
            ) from None

    def _root(self) -> Iterator[ExportedChat | Message]:
        event, _ = next(self._events)
        if event != "start_map":
            raise self._foreign()
        header: dict[str, Any] = {}
        for event, key in self._events:
            if event == "end_map":
                break
            if key in ("chats", "left_chats"):
                yield from self._chat_list()
            elif key == "messages":
                yield from self._messages(header)
            elif key == "personal_information":
                value = self._value()
                self._owner = integer(value.get("user_id")) if isinstance(value, dict) else None
            elif key in HEADER_KEYS:
                header[key] = self._value()
            else:
                self._skip()
        for _ in self._events:  # lets the parser complain of anything after the end
            pass
        if not self._chats:
            raise self._foreign()

    def _chat_list(self) -> Iterator[ExportedChat | Message]:
        event, _ = next(self._events)
        if event != "start_map":
            self._skip(event)
            return
        for event, key in self._events:
            if event == "end_map":
                return
            if key != "list":
                self._skip()
                continue
            event, _ = next(self._events)
            if event != "start_array":
                self._skip(event)
                continue
            for event, _ in self._events:
                if event == "end_array":
                    break
                if event == "start_map":
                    yield from self._chat()
                else:
                    self._skip(event)

    def _chat(self) -> Iterator[ExportedChat | Message]:
        header: dict[str, Any] = {}
        for event, key in self._events:
            if event == "end_map":
                return
            if key == "messages":
                yield from self._messages(header)
            elif key in HEADER_KEYS:
                header[key] = self._value()
            else:
                self._skip()

    def _messages(self, header: dict[str, Any]) -> Iterator[ExportedChat | Message]:
        event, _ = next(self._events)
        if event != "start_array":
            raise self._broken("`messages` is not a list")
        self._chats += 1
        self._last = None
        if integer(header.get("id")) is None:
            raise TgAssetsError(
                f"Chat number {self._chats} of {self._name} has no usable `id` before its messages "
                f"({self._where()}), so there is nothing to file them under. Telegram Desktop writes `name`, "
                "`type` and `id` first: put them there, or export the chat again."
            )
        messages = self._items()
        # Before mid-2021 ids were written in a packed form, which only a sender's id gives away.
        held: list[Any] = []
        sender: Any = None
        while sender is None and len(held) < 100 and (message := next(messages, None)) is not None:
            held.append(message)
            if isinstance(message, dict):
                sender = message.get("from_id") or message.get("actor_id")
        packed = isinstance(sender, int) and packs_ids(held[-1])
        yield describe_chat(header, owner_id=self._owner, packed_ids=packed)
        yield from held
        yield from messages

    def _items(self) -> Iterator[Any]:
        for event, value in self._events:
            if event == "end_array":
                return
            item = self._value((event, value))
            if isinstance(item, dict):
                self._last = item.get("id", self._last)
                yield item
            else:  # the caller judges it, but is promised a dict
                yield {"malformed": item}

    def _value(self, first: Event | None = None) -> Any:
        """Build the value that starts with ``first``, or with the next event."""
        event, value = first or next(self._events)
        if event == "string":
            return value.replace("\x00", "\ufffd") if "\x00" in value else value
        if event != "start_map" and event != "start_array":
            return value
        root: Any = {} if event == "start_map" else []
        target: Any = root
        is_map = event == "start_map"
        key: Any = None
        parents: list[tuple[Any, bool]] = []
        for event, value in self._events:
            if event == "map_key":
                key = value if "\x00" not in value else value.replace("\x00", "\ufffd")
                continue
            if event == "end_map" or event == "end_array":
                if not parents:
                    return root
                target, is_map = parents.pop()
                continue
            opens = event == "start_map" or event == "start_array"
            if opens:
                value = {} if event == "start_map" else []
            elif event == "string" and "\x00" in value:
                value = value.replace("\x00", "\ufffd")
            if is_map:
                target[key] = value
            else:
                target.append(value)
            if opens:
                parents.append((target, is_map))
                target, is_map = value, event == "start_map"
                if len(parents) > MAX_DEPTH:
                    raise self._broken(f"values are nested more than {MAX_DEPTH} deep")
        raise ijson.IncompleteJSONError("premature EOF")

    def _skip(self, event: str | None = None) -> None:
        """Pass over one value without keeping it."""
        if event is None:
            event, _ = next(self._events)
        depth = 1 if event in ("start_map", "start_array") else 0
        while depth:
            event, _ = next(self._events)
            if event in ("start_map", "start_array"):
                depth += 1
            elif event in ("end_map", "end_array"):
                depth -= 1

    def _where(self) -> str:
        place = f"near byte {self._stream.position:,} (line {self._stream.line:,})"
        if not self._chats:
            return place
        after = f"after message {self._last}" if self._last is not None else "before the first message"
        return f"{place}, {after} of chat number {self._chats}"

    def _broken(self, detail: str) -> TgAssetsError:
        if self._stream.position == 0:
            return TgAssetsError(f"{self._name} is empty. Export the chat again and import that file.")
        if "premature EOF" in detail:
            what = "is cut short: it ends"
        elif not self._chats and "invalid char in json text" in detail:
            return self._foreign()
        else:
            # Only yajl's first line: the second quotes the message, and text of messages is nobody's to log.
            what = f"is not valid JSON ({detail.splitlines()[0].strip(' .')})"
        return TgAssetsError(f"{self._name} {what} {self._where()}. Export the chat again and import that file.")

    def _foreign(self) -> TgAssetsError:
        return TgAssetsError(
            f"{self._name} is not a Telegram Desktop export with chats. In Telegram Desktop choose Export chat "
            "history (or Settings, Advanced, Export Telegram data, with chats selected) and the format "
            "Machine-readable JSON."
        )
