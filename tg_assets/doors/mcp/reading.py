"""Tools that read on from a message: ``around``, ``thread``, ``get_picture``, ``lineage``.

What does not belong here: finding the message (``finding``).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from tg_assets.answers.albums import Album, album
from tg_assets.answers.archive import Archive
from tg_assets.answers.lineage import Made, lineage
from tg_assets.answers.message import message
from tg_assets.answers.neighbours import around
from tg_assets.answers.pictures import SMALLEST, picture
from tg_assets.answers.rows import Message, NotThere
from tg_assets.answers.threads import thread
from tg_assets.doors.evidence import assets_of, runs_of
from tg_assets.doors.mcp.clean import UNTRUSTED, clean
from tg_assets.doors.mcp.tool import Arguments, Reference, Reply, Text, Tool
from tg_assets.doors.mcp.views import LONGEST, message_view

LARGEST_SIDE = 1568
"""Pixels: what models look at is scaled down to about this."""
VERSIONS = 10

Side = Annotated[int, Field(ge=0, le=50)]


class Near(Arguments):
    id: Reference
    before: Side = 5
    after: Side = 5


class Replies(Arguments):
    id: Reference
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[Text | None, Field(description="Of the page before")] = None


class Shown(Arguments):
    sha256: Annotated[Text, Field(description="Of fetch's files")]
    size: Annotated[int, Field(ge=SMALLEST, le=LARGEST_SIDE, description="Longest side in pixels")] = 768


class Traced(Arguments):
    id: Reference


def _around(archive: Archive, given: Near) -> Reply:
    found = around(archive, given.id, given.before, given.after)
    return Reply(
        {
            "untrusted": UNTRUSTED, "before": list(map(message_view, found.before)),
            "message": message_view(found.message), "after": list(map(message_view, found.after)),
        }
    )  # fmt: skip


def _thread(archive: Archive, given: Replies) -> Reply:
    found = thread(archive, given.id, given.limit, given.cursor)
    return Reply(
        {
            "untrusted": UNTRUSTED, "root": found.root, "total": found.total,
            "messages": list(map(message_view, found.messages)), "cursor": found.cursor,
        }
    )  # fmt: skip


def _get_picture(archive: Archive, given: Shown) -> Reply:
    shown = picture(archive, given.sha256, given.size)
    about = {"untrusted": UNTRUSTED, "sha256": shown.sha256, "width": shown.width, "height": shown.height}
    return Reply(about, shown.data)


def _lineage(archive: Archive, given: Traced) -> Reply:
    try:
        whole = message(archive, given.id)
    except NotThere:
        return _of_album(archive, given)
    versions = [
        {
            "text": one.said, "edited": one.edited_at, "superseded": one.superseded_at, "format": one.format,
            "raw_hash": one.raw_hash, "received": one.raw,
        }
        for one in whole.versions[:VERSIONS]
    ]  # fmt: skip
    said: dict[str, Any] = {
        "message": message_view(whole.message), "versions": versions,
        "earlier_versions": max(0, len(whole.versions) - VERSIONS), "made": whole.lineage,
    }  # fmt: skip
    return Reply({"untrusted": UNTRUSTED, **clean(said, LONGEST)}, pages=_pages(whole.lineage, whole.message))


def _of_album(archive: Archive, given: Traced) -> Reply:
    """An album has no form of its own in which it was received: its messages have."""
    try:
        whole = album(archive, given.id)
    except NotThere:
        raise NotThere from None
    with archive.reading() as connection:
        made = lineage(connection, [whole.id]).get(whole.id, ())
    said = {"untrusted": UNTRUSTED, "album": whole.id, "messages": [one.id for one in whole.items], "made": made}
    return Reply(said, pages=_pages(made, whole))


def _pages(made: tuple[Made, ...], of: Message | Album) -> Callable[[str], Mapping[str, Any]]:
    return lambda dagster: {
        "runs": runs_of(made, dagster), "assets": assets_of(made, of.feed, of.posted_at, dagster),
    }  # fmt: skip


TOOLS = (
    Tool("around", "Messages of the same chat just before and after one, in their order.", Near, _around),
    Tool(
        "thread",
        "The whole discussion that a message is in: its root and every reply to a reply, comments and topics too, in "
        "order of time. 'cursor' leads to the next page.",
        Replies,
        _thread,
    ),
    Tool("get_picture", "A picture of a message, scaled, as an image to look at.", Shown, _get_picture),
    Tool(
        "lineage",
        "Evidence for a message or album: as it was received, each earlier version, and for tags, vectors, graph and "
        "descriptions which stage, version, model and Dagster run made them, when, or why not.",
        Traced,
        _lineage,
    ),
)
