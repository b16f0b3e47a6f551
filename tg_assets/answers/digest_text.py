"""A digest as Markdown: one line each, with its link; strangers' words are escaped (``markdown``).

What does not belong here: what is in a digest.
"""

from collections.abc import Iterator

from tg_assets.answers.digest import Busy, Digest, Told
from tg_assets.answers.markdown import escaped, link_of, name
from tg_assets.answers.shown import one_line
from tg_assets.counted import counted

WORDS = 120
"""Characters of a message that a line shows."""
PARTS = (
    ("answered", "Most answered", ("reply", "replies")),
    ("threads", "Longest threads", ("reply", "replies")),
    ("reacted", "Most reactions", ("reaction",)),
    ("forwarded", "Forwarded most", ("time",)),
    ("topics", "Topics", ("message",)),
)


def as_text(found: Digest) -> str:
    """The digest whole."""
    lines = [f"# {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC", ""]
    if not found.feeds:
        return "\n".join([*lines, "Nothing was written."]) + "\n"
    lines += [
        f"* {_feed(one)}: {counted(one.messages, 'message')} by {counted(one.authors, 'author')} "
        f"(before: {one.before:,})"
        for one in found.feeds
    ]
    for part, title, unit in PARTS:
        told = getattr(found, part)
        if told:
            lines += ["", f"## {title}", *_lines(told, unit)]
    return "\n".join(lines) + "\n"


def _feed(one: Busy) -> str:
    return f"{name(one.title)} ({one.feed})" if one.title else one.feed


def _lines(told: tuple[Told, ...], unit: tuple[str, ...]) -> Iterator[str]:
    for number, one in enumerate(told, 1):
        people = f" by {counted(one.people, 'author')}" if one.people else ""
        before = f" (before: {one.before:,})" if one.before is not None else ""
        named = f"{name(one.name)}, last: " if one.name else ""
        said = escaped(one_line(one.message.words or one.message.action or "a picture or a file", WORDS))
        yield f"{number}. {counted(one.count, *unit)}{people}{before}: {named}{said} — {link_of(one.message)}"
