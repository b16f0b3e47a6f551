"""Eleven questions about the bundled sample, and how a client that only calls tools comes to the answer of each.

Every answer takes several calls: what one tells is what the next is asked. Answers are of the story that the sample
tells, so they change with it alone. What does not belong here: clients and transports.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

OWNER = 510001001
"""The account that exported the sample: its direct messages are asked about, too."""


class Call(Protocol):
    """Calls a tool; what it says as an object. Fails where the tool does."""

    def __call__(self, tool: str, /, **arguments: Any) -> Awaitable[dict[str, Any]]: ...


@dataclass(frozen=True)
class Question:
    """``find`` comes to ``answer`` by calls alone."""

    asks: str
    answer: str
    find: Callable[[Call], Awaitable[str]]


async def _first(call: Call, query: str) -> str:
    """The id of what a search finds first."""
    found = await call("search", query=query)
    return str(found["results"][0]["id"])


async def _reply(call: Call, query: str) -> str:
    """Who first replied to what a search finds, and what was said."""
    asked = await _first(call, query)
    thread = await call("thread", id=asked)
    said = next(one for one in thread["messages"] if one.get("reply_to") == asked)
    return f"{said['author']}: {said['text']}"


async def spare_parts(call: Call) -> str:
    return await _reply(call, "сколько ушло на запчасти для отчёта")


async def dune(call: Call) -> str:
    return await _reply(call, "I would vote for Dune")


async def mouse(call: Call) -> str:
    found = await call("around", id=await _first(call, "мышь по имени Ватт перегрызла провод"), before=0, after=1)
    return str(found["after"][0]["text"])


async def busiest(call: Call) -> str:
    feeds = (await call("list_feeds"))["feeds"]
    largest = max(feeds, key=lambda one: one["messages"])
    days = (await call("feed_statistics", feed=largest["feed"], days=366))["last_days"]
    best = max(days, key=lambda day: day["messages"])
    return f"{largest['title']} {best['day']} {best['messages']}"


async def lively(call: Call) -> str:
    told = await call("digest", since="2026-01-01", until="2026-02-01")
    longest = told["threads"][0]
    thread = await call("thread", id=longest["id"])
    return f"{longest['count']} replies by {longest['people']}: {thread['messages'][0]['text'].partition('.')[0]}"


async def gaps(call: Call) -> str:
    chats = (await call("list_feeds", coverage=True))["chats"]
    worst = max(chats, key=lambda one: one["counts"]["unknown"])
    statistics = await call("feed_statistics", feed=worst["feed"], days=0)
    return f"{worst['title']}: {worst['counts']['unknown']} unknown, {statistics['totals']['forwards']} forwards"


async def most_forwarded(call: Call) -> str:
    best = (await call("ask_graph", question="most-forwarded", limit=1))["rows"][0]
    first = await call("ask_graph", question="first-forwarders", parameters={"source": best["source"]})
    post = await call("fetch", id=first["rows"][0]["post_id"])
    return f"{best['source']} {best['forwards']}: {post['text'].split(':')[0]}"


async def transect(call: Call) -> str:
    found = await call("fetch", id=await _first(call, "ледовый разрез через пролив, десять точек"))
    # The album is found, or its message with the caption: both say the same.
    album = found if "items" in found["metadata"] else await call("fetch", id=found["metadata"]["album"])
    third = album["metadata"]["items"][2]
    shown = await call("get_picture", sha256=third["sha256"], size=64)
    return f"{len(album['metadata']['items'])} pictures, {shown['width']}x{shown['height']}"


async def answers_pavel(call: Call) -> str:
    found = await call("ask_graph", question="replies-to", parameters={"person": "Павел Громов"}, limit=1)
    who = found["rows"][0]["who"]
    months = (await call("ask_graph", question="activity", parameters={"person": who}))["rows"]
    return f"{who}: {next(one['messages'] for one in months if one['month'] == '2026-02')} in February"


async def sticker(call: Call) -> str:
    rows = (await call("ask_graph", question="shared-pictures", limit=2))["rows"]
    last = max(rows, key=lambda row: row["last_at"])
    same = await call("find_similar", id=last["post_id"], limit=10)
    others = sorted(one["message"]["date"][:10] for one in same["similar"] if one["how"] == "picture")
    return f"{last['date'][:10]}, then {', '.join(others)}"


async def evidence(call: Call) -> str:
    announced = await call(
        "get_context", question="the Parquet file is out", author="Tom Becker", since="2026-03-01", tokens=1000
    )
    (found, *_) = [one["id"] for one in announced["sources"] if one["why"] == "found"]
    whole = await call("lineage", id=found)
    (version,) = whole["versions"]
    stages = Counter(one["status"] for one in whole["made"])
    return f"{version['format']} {version['received']['id']} {version['received']['from']}, {stages['error']} errors"


QUESTIONS = (
    Question(
        "What was said when somebody needed the cost of spare parts for a report?",
        "Павел Громов: Восемнадцать тысяч вместе с ремнём. Чеки положил в синюю папку.",
        spare_parts,
    ),
    Question(
        "Who was for the book that was voted for on the ground of its climate?",
        "Светлана Орлова: Поддерживаю пустыню, пришлю аудиокнигу почтовым мешком.",
        dune,
    ),
    Question("What was answered to the story of the mouse that ate a wire?", "Спасибо, смеюсь на весь коридор.", mouse),
    Question("On which day was most written in the largest feed?", "Команда маяка 2026-01-05 14", busiest),
    Question(
        "How many wrote how often in the longest discussion of January, and what began it?",
        "4 replies by 3: My counting post is out, be gentle with the numbers",
        lively,
    ),
    Question(
        "Of which chat is least known, and how much of it is forwarded?", "Команда маяка: 315 unknown, 8 forwards", gaps
    ),
    Question(
        "Which source is forwarded most, and what was the first?",
        "Полярный вестник 13: На архипелаге открылась зимняя навигация по ледовому маршруту",
        most_forwarded,
    ),
    Question(
        "How many pictures has the album of the transect, and how large is the third?", "10 pictures, 640x480", transect
    ),
    Question(
        "How much did the one who answers Pavel most write in February?", "Tom Becker: 12 in February", answers_pavel
    ),
    Question("When was the sticker posted that was in use last?", "2026-01-09, then 2026-01-29, 2026-03-08", sticker),
    Question(
        "In which form was Tom's announcement of the data received, and did a stage fail?",
        "desktop 503 Tom Becker, 0 errors",
        evidence,
    ),
)
