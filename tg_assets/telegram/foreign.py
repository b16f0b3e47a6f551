"""What a file that is no export is, in words for the person who offered it, and how to get one that is.

Files are told by how they begin, JSON by the shape of its first message. What does not belong here: reading them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOW_TO_EXPORT = (
    "In Telegram Desktop choose Export chat history (or Settings, Advanced, Export Telegram data, with chats selected) "
    "and the format Machine-readable JSON, and import the folder that it makes."
)
UNPACK = "Unpack it, and import the folder that has result.json in it."
HTML = "a page of HTML, perhaps of an export of Telegram Desktop in the format HTML"
# Enough for every mark below: that of a tar archive is at 257.
HEAD_BYTES = 512

# (place, bytes, what it is, what to do): archives are for unpacking, the others hold no export.
_MARKS = (
    (0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"BZh", "a file compressed by bzip2", UNPACK),
    (0, b"\xfd7zXZ\x00", "a file compressed by xz", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a file compressed by zstd", UNPACK),
    (0, b"SQLite format 3\x00", "a SQLite database, perhaps of another program for Telegram", HOW_TO_EXPORT),
    (0, b"%PDF-", "a PDF", HOW_TO_EXPORT),
    (0, b"PAR1", "a Parquet file", HOW_TO_EXPORT),
    (0, b"TDF$", "a file of Telegram Desktop's own data, which nobody else can read", HOW_TO_EXPORT),
    (0, b"TDEF", "a file of Telegram Desktop's own data, which nobody else can read", HOW_TO_EXPORT),
)
_TABLES = {".csv": "a table (CSV)", ".tsv": "a table (TSV)", ".xlsx": "a spreadsheet", ".txt": "plain text"}
_LIBRARY = "messages as a program with Telethon or Pyrogram dumps them"


def foreign_file(path: Path, head: bytes) -> str:
    """Why the file whose first ``HEAD_BYTES`` are ``head`` is no export, and what to do instead."""
    for place, mark, what, do in _MARKS:
        if head[place : place + len(mark)] == mark:
            return f"it is {what}. {do}"
    if is_html(head):
        return f"it is {HTML}. {HOW_TO_EXPORT}"
    if not head:
        return f"it is empty. {HOW_TO_EXPORT}"
    what = _TABLES.get(path.suffix.lower(), "")
    so = f"it is {what}" if what else "it must be a folder with result.json, a .json or .json.gz file, or a .zip"
    return f"{so}. {HOW_TO_EXPORT}"


def foreign_names(names: Iterable[str]) -> str:
    """What a folder or an archive without result.json seems to be, by the names of its files, and what to do."""
    found = {name.lower() for name in names}
    if any(name.startswith("messages") and name.endswith(".html") for name in found):
        return f"It is an export of Telegram Desktop in the format HTML. {HOW_TO_EXPORT}"
    if any(name.endswith((".zip", ".7z", ".rar")) for name in found):
        return f"There is another archive in it. {UNPACK}"
    if "key_datas" in found:
        return f"It is Telegram Desktop's own data, which nobody else can read. {HOW_TO_EXPORT}"
    return HOW_TO_EXPORT


def is_html(head: bytes) -> bool:
    """Whether a file begins as a page does."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml"))


def begins_as_json(head: bytes) -> bool:
    """Whether a file begins as an export does, in whatever Unicode encoding; not as a line of events does."""
    begins = (
        head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\x00", b"")
    )
    return begins.lstrip().startswith(b"{")


def foreign_json(first: Any, header: Mapping[str, Any] | None = None) -> str | None:
    """What JSON with this first message, and this chat around it, is; None when it may well be an export."""
    said = header or {}
    if "_" in said:
        return _LIBRARY
    if "stream" in said:
        return "a file of events, which `tg-assets produce` sends"
    if not isinstance(first, dict):
        return None
    if "_" in first:
        return _LIBRARY
    if "stream" in first:
        return "a list of events; `tg-assets produce` sends them from a file with one a line"
    # An exported message about another one (pinned, for instance) has that one's id as well as its own.
    if "update_id" in first or ("message_id" in first and "id" not in first):
        return "messages as bots get them from Telegram's Bot API"
    is_bare = not said.get("name") and not said.get("type")
    if is_bare and "date_unixtime" not in first and not isinstance(first.get("date"), str) and "file" in first:
        return "an export of tdl"
    return None
