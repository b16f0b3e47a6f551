"""A digest as Markdown: one line each, with its link; strangers' words are escaped (``markdown``).

What does not belong here: what is in a digest.
"""

from collections.abc import Iterator

from tg_assets.answers.digest import Digest, Told
from tg_assets.answers.markdown import escaped, link_of, name
from tg_assets.answers.shown import one_line

WORDS = 120
"""Characters of a message that a line shows."""
PARTS = (
    ("answered", "Most answered", "replies"),
    ("threads", "Longest threads", "replies"),
    ("reacted", "Most reactions", "reactions"),
    ("forwarded", "Forwarded most", "times"),
    ("topics", "Topics", "messages"),
)


def as_text(found: Digest) -> str:
    """The digest whole."""
    lines = [f"# {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC", ""]
    if not found.feeds:
        return "\n".join([*lines, "Nothing was written."]) + "\n"
    lines += [
        f"* {one.feed}: {_many(one.messages, 'message')} by {_many(one.authors, 'author')} (before: {one.before:,})"
        for one in found.feeds
    ]
    for part, title, unit in PARTS:
        told = getattr(found, part)
        if told:
            lines += ["", f"## {title}", *_lines(told, unit)]
    return "\n".join(lines) + "\n"


def _lines(told: tuple[Told, ...], unit: str) -> Iterator[str]:
    for number, one in enumerate(told, 1):
        people = f" by {_many(one.people, 'author')}" if one.people else ""
        before = f" (before: {one.before:,})" if one.before is not None else ""
        named = f"{name(one.name)}, last: " if one.name else ""
        said = escaped(one_line(one.message.words or one.message.action or "a picture or a file", WORDS))
        yield f"{number}. {one.count:,} {unit}{people}{before}: {named}{said} — {link_of(one.message)}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
