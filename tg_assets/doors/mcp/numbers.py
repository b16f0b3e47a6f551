"""Tools about feeds as a whole and about the graph: ``list_feeds``, ``digest``, ``feed_statistics``, ``ask_graph``.

What does not belong here: messages (``finding``, ``reading``).
"""

from collections import Counter
from dataclasses import fields
from typing import Annotated, Any

from pydantic import Field

from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import LIMIT, ask, questions
from tg_assets.answers.coverage import coverage
from tg_assets.answers.digest import Told, digest
from tg_assets.answers.digest_text import PARTS
from tg_assets.answers.feeds import feeds
from tg_assets.answers.markdown import address
from tg_assets.answers.shown import one_line
from tg_assets.answers.statistics import Day, feed_statistics
from tg_assets.doors.mcp.clean import UNTRUSTED, clean
from tg_assets.doors.mcp.tool import Arguments, Reply, Text, Texts, Tool, Value
from tg_assets.doors.mcp.views import LONGEST
from tg_assets.graph.questions.question import Question
from tg_assets.scope import parse_time

FEEDS = CHATS = 200
"""More of them are counted, not listed."""
LINE = 200
"""Characters of a message in a digest."""


class Listed(Arguments):
    coverage: bool = False


class Span(Arguments):
    since: Text | None = None
    until: Text | None = None
    feeds: Annotated[Texts, Field(default_factory=list)]


class Days(Arguments):
    feed: Text
    since: Annotated[Text | None, Field(description="ISO date, UTC")] = None
    until: Annotated[Text | None, Field(description="ISO date, not included")] = None
    days: Annotated[int, Field(ge=0, le=366, description="Listed; totals are of all")] = 14


class Asked(Arguments):
    question: Annotated[Text | None, Field(description="Its name; left out, all are listed")] = None
    parameters: Annotated[dict[Text, Value], Field(default_factory=dict, description="By name")]
    limit: Annotated[int, Field(ge=1, le=200)] = LIMIT


def _list_feeds(archive: Archive, given: Listed) -> Reply:
    found = feeds(archive)
    said = {"untrusted": UNTRUSTED, "feeds": found[:FEEDS], "left_out": max(0, len(found) - FEEDS)}
    return Reply(said | _coverage(archive) if given.coverage else said)


def _coverage(archive: Archive) -> dict[str, Any]:
    found = coverage(archive)
    chats = [{field.name: getattr(one, field.name) for field in fields(one) if field.name != "chat"} for one in found]
    return {"chats": chats[:CHATS], "chats_left_out": max(0, len(chats) - CHATS)}


def _digest(archive: Archive, given: Span) -> Reply:
    found = digest(archive, parse_time(given.since, "since"), parse_time(given.until, "until"), feeds=given.feeds)
    parts = {name: list(map(_line, getattr(found, name))) for name, *_ in PARTS}
    kept = {name: lines for name, lines in parts.items() if lines}
    return Reply({"untrusted": UNTRUSTED, "since": found.since, "until": found.until, "feeds": found.feeds, **kept})


def _line(one: Told) -> dict[str, Any]:
    said = one_line(one.message.words or one.message.action or "", LINE)
    return {
        "count": one.count, "name": one.name, "people": one.people, "before": one.before, "id": one.message.id,
        "feed": one.message.feed, "text": said, "link": address(one.message.link),
    }  # fmt: skip


def _feed_statistics(archive: Archive, given: Days) -> Reply:
    since, until = parse_time(given.since, "since"), parse_time(given.until, "until")
    found = feed_statistics(archive, given.feed, since.date() if since else None, until.date() if until else None)
    return Reply(
        {
            "untrusted": UNTRUSTED, "days": len(found), "first": found[0].day if found else None,
            "last": found[-1].day if found else None, "totals": _totals(found),
            "last_days": found[len(found) - given.days :] if given.days < len(found) else found,
        }
    )  # fmt: skip


def _totals(days: tuple[Day, ...]) -> dict[str, Any]:
    """Sums of what can be added; authors of several days may be the same people."""
    counted = [field.name for field in fields(Day) if field.type is int and field.name != "authors"]
    totals: dict[str, Any] = {name: sum(getattr(day, name) for day in days) for name in counted}
    tags = Counter[str]()
    for day in days:
        tags.update({one["name"]: one["count"] for one in day.top_tags or ()})
    return totals | {"top_tags": [{"name": name, "count": count} for name, count in tags.most_common(10)]}


def _ask_graph(archive: Archive, given: Asked) -> Reply:
    if given.question is None:
        return Reply({"questions": list(map(_question, questions()))})
    said = ask(archive, given.question, **{**given.parameters, "limit": given.limit})
    rows = clean(said.rows, LONGEST)
    return Reply({"untrusted": UNTRUSTED, "question": said.question, "columns": said.columns, "rows": rows})


def _question(one: Question) -> dict[str, Any]:
    own = {
        each.name: f"{each.help}, as {each.example!r}{'' if each.required else '; may be left out'}"
        for each in one.parameters
    }
    dated = dict.fromkeys(("since", "until"), "an ISO date; may be left out") if one.dated else {}
    return {"question": one.name, "answers": one.english, "parameters": own | dated}


TOOLS = (
    Tool(
        "ask_graph",
        "Ask the graph of messages, people, sources, topics, pictures and links a question that has a name: who "
        "replies to whom, where a post was first, communities, topic drift, mentions. Without a question it lists all "
        "with their parameters.",
        Asked,
        _ask_graph,
    ),
    Tool(
        "list_feeds",
        "Feeds that can be asked, with kind, title, number and span of messages; 'coverage' adds how many ids of each "
        "chat are unknown.",
        Listed,
        _list_feeds,
    ),
    Tool(
        "digest",
        "What happened in a span or the last week with messages: most answered, discussed, liked, forwarded, topics.",
        Span,
        _digest,
    ),
    Tool(
        "feed_statistics",
        "A feed in numbers, by day and in total: messages, authors, replies, forwards, media, albums, reactions, top "
        "tags and sources.",
        Days,
        _feed_statistics,
    ),
)
