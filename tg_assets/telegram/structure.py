"""Structured words as a person reads them: headings, lists, tables, quotes, captions, buttons, however they nest.

``write`` reads a block of a rich message, or any object that has words under the names in ``_NAMES``, in the words of
Desktop's exports (``type``), of Telegram's schema (``_``) and of its Bot API alike: what is written is the same
whichever way a message came. Blocks that nobody knows yet are read by the names of their fields. A block, an item and
a row of a table have lines of their own; cells and buttons are beside each other. Never raises.
What does not belong here: which parts a message has (``words``), entities counted by offsets (``entities``).
"""

from collections.abc import Iterator
from typing import Any

from tg_assets.telegram.entities import entity_details, part_name, read_entities, snake_case
from tg_assets.telegram.fields import integer, string
from tg_assets.telegram.text import TextWriter

DEEPEST = 100
"""Levels that are read; no reader of messages keeps more."""

_BESIDE = " | "
# Fields with words in the order they are read: those that hold a text, and those that hold further blocks.
_HEADS = ("title", "question", "heading", "summary", "place_name", "address")
_CHILDREN = ("text", "texts", "alt", "alternative_text", "source", "formula", "expression")
_TAILS = ("description", "prize_description", "additional_prize", "explanation", "solution", "caption", "credit")
_TEXTS = frozenset({*_HEADS, *_CHILDREN, "author", "message", "comment", *_TAILS})
_NAMES = (
    *_HEADS, *_CHILDREN, "author", "message", "comment",
    "todo", "game", "story", "channel", "cover", "block", "blocks", "items", "list", "rows", "cells", "articles",
    "tasks", "answers", "options", "buttons", *_TAILS,
)  # fmt: skip
_LISTS = frozenset({"list", "ordered_list"})
_QUOTES = ("quote", "pullquote", "blockquote", "blockquote_blocks", "block_quotation", "pull_quotation")
_WRAPPED = {**dict.fromkeys(("code", "preformatted", "pre"), "pre"), **dict.fromkeys(_QUOTES, "blockquote")}
# Kinds of buttons whose ``data`` is an address.
_LEADING = frozenset({"url", "auth", "web_view", "simple_web_view"})


def write(writer: TextWriter, value: Any, depth: int = 0) -> None:
    """Write a block, a list of such, or a string, each on lines of its own."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            write(writer, one, depth + 1)
    elif not isinstance(value, dict):
        writer.line()
        writer.add(value)
    elif (kind := block_kind(value)) in _LISTS and isinstance(items := value.get("items"), list):
        _fields(writer, {name: one for name, one in value.items() if name != "items"}, depth)
        for item, mark in zip(items, _marks(value, items), strict=True):
            with writer.marked(mark):
                write(writer, item, depth + 1)
    elif wrapped := _WRAPPED.get(kind):
        writer.line()
        with writer.entity(wrapped, entity_details(value)):
            _fields(writer, value, depth)
    else:
        _fields(writer, value, depth)


def write_text(writer: TextWriter, value: Any, depth: int = 0) -> None:
    """Write a text in place: a string, a list of parts, or an object that says what kind of text it is."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            write_text(writer, one, depth + 1)
        return
    if not isinstance(value, dict):
        writer.add(value)
        return
    if isinstance(entities := value.get("entities"), list) and isinstance(value.get("text"), str):
        writer.put(read_entities(string(value["text"]) or "", entities))
        return
    child = next((value[name] for name in _CHILDREN if name in value), None)
    if child is None:
        _fields(writer, value, depth)
    elif kind := part_name(value):
        with writer.entity(kind, entity_details(value)):
            write_text(writer, child, depth + 1)
    else:
        write_text(writer, child, depth + 1)
        _target(writer, value)


def write_buttons(writer: TextWriter, rows: Any, depth: int = 0) -> None:
    """Write the labels of buttons, a line per row, and note where they lead to."""
    for row in rows if isinstance(rows, list) else ():
        listed = row.get("buttons", [row]) if isinstance(row, dict) else row
        writer.line()
        for button in listed if isinstance(listed, list) else ():
            if isinstance(button, dict):
                write_text(writer, button.get("text"), depth + 1)
                _target(writer, button)
                writer.beside(_BESIDE)


def block_kind(block: dict[str, Any]) -> str:
    """Kind of a block in snake case; empty when it does not say."""
    kind = block.get("_") or block.get("type")
    return snake_case(kind.removeprefix("PageBlock")) if isinstance(kind, str) else ""


def is_unread(block: Any, depth: int = 0) -> bool:
    """Whether a block, or one in it, is of a kind that whoever wrote it down could not read, or is too deep."""
    if isinstance(block, list):
        return any(is_unread(one, depth + 1) for one in block)
    if not isinstance(block, dict):
        return False
    if depth > DEEPEST or block_kind(block) == "unsupported":
        return True
    return any(is_unread(one, depth + 1) for one in block.values() if isinstance(one, dict | list))


def _fields(writer: TextWriter, block: dict[str, Any], depth: int) -> None:
    for name in _NAMES:
        value = block.get(name)
        if value is None or value == "":
            continue
        if name == "cells":
            _cells(writer, value, depth)
        elif name == "rows" and isinstance(value, list):
            for row in value:
                (_cells if isinstance(row, list) else write)(writer, row, depth + 1)
        elif name == "buttons":
            write_buttons(writer, [value], depth)
        elif name == "caption" and isinstance(value, dict) and "credit" in value:
            write(writer, value, depth + 1)
        elif name in _TEXTS:
            writer.line()
            entities = block.get("entities") if isinstance(value, str) else None
            write_text(writer, {"text": value, "entities": entities} if entities else value, depth + 1)
        else:
            write(writer, value, depth + 1)
    _name(writer, block)
    _target(writer, block)


def _cells(writer: TextWriter, cells: Any, depth: int) -> None:
    """Write the cells of a row beside each other; a list of lists is a table."""
    writer.line()
    for cell in cells if isinstance(cells, list) else [cells]:
        if isinstance(cell, list):
            _cells(writer, cell, depth + 1)
        else:
            write_text(writer, cell, depth + 1)
            writer.beside(_BESIDE)


def _name(writer: TextWriter, block: dict[str, Any]) -> None:
    """Write a person's name."""
    if names := [name for field in ("first_name", "last_name") if (name := string(block.get(field)))]:
        writer.line()
        writer.add(" ".join(names))


def _target(writer: TextWriter, value: dict[str, Any]) -> None:
    """Note the address of a block or a button, which the schemas have in several places."""
    kind = value.get("type")
    for place in (value, kind, value.get("button"), value.get("web_app"), value.get("login_url")):
        if isinstance(place, dict):
            for name in ("url", "href", "game_link"):
                writer.link(place.get(name))
    if isinstance(kind, str) and kind in _LEADING:
        writer.link(value.get("data"))


def _marks(block: dict[str, Any], items: list[Any]) -> Iterator[str]:
    """What stands before each item of a list: a box, a number or a bullet."""
    is_ordered = block_kind(block) == "ordered_list" or block.get("kind") == "ordered"
    is_reversed = block.get("reversed") is True
    start = integer(block.get("start"))
    number = start if start is not None else len(items) if is_reversed else 1
    for item in items:
        given = item if isinstance(item, dict) else {}
        told = next((told for name in ("num", "value", "label") if (told := _told(given.get(name)))), "")
        if (done := _box(given)) is not None:
            yield "☑ " if done else "☐ "
        elif is_ordered or told.rstrip(".").isalnum():
            yield f"{(told or str(number))[:12].rstrip('. ')}. "
        else:
            yield "• "
        number += -1 if is_reversed else 1


def _told(value: Any) -> str:
    return string(value) or str(integer(value) or "")


def _box(item: dict[str, Any]) -> bool | None:
    """Whether an item with a box is done; None for one without."""
    state = item.get("task_state")
    if isinstance(state, str):
        return state == "checked" if state in ("checked", "unchecked") else None
    for has, done in (("checkbox", "checked"), ("has_checkbox", "is_checked")):
        if has in item:
            return item.get(done) is True if item[has] is True else None
        if isinstance(item.get(done), bool):
            return item[done] is True
    return None
