"""Any order of any set of exports and live events of a chat ends in the same state."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.live.support import DELETED, PARSED, Live
from tests.support import pipeline
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.landing.posts import STAGE
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

CHAT = -1_000_000_000_042
DAY = 1_682_931_600  # 2023-05-01T09:00:00Z
ABSENT = "(File not included. Change data exporting settings to download.)"
# What the state of a chat is: tables, and what says when something came.
TABLES = ("telegram_messages", "telegram_message_versions", "message_facts", "coverage", "messages")

Step = dict[str, Any]


def said(number: int, text: str = "", *, edited: int = 0, fires: int = 0, **fields: Any) -> dict[str, Any]:
    """An exported message of a minute, edited so many minutes after it, with so many reactions."""
    fields = {"date_unixtime": str(DAY + 60 * number), "text": text, **fields}
    if edited:
        fields |= {"edited": "2023-05-01T13:00:00", "edited_unixtime": str(DAY + 60 * (number + edited))}
    if fires:
        fields["reactions"] = [{"type": "emoji", "count": fires, "emoji": "🔥"}]
    return message(number, **fields)


def photo(number: int, *, stored: bool, **fields: Any) -> dict[str, Any]:
    """An item of an album that was sent in minute 20."""
    given = {"photo": f"photos/photo_{number}.jpg" if stored else ABSENT, "width": 10, "height": 10}
    return said(number, **given, **fields) | {"date_unixtime": str(DAY + 1200)}


def poll(voters: int) -> dict[str, Any]:
    answers = [{"text": "yes", "voters": voters, "chosen": False}]
    return {"poll": {"question": "tea?", "closed": False, "total_voters": voters, "answers": answers}}


def export(*messages: dict[str, Any]) -> Step:
    return {"export": messages}


def event(number: int, minute: int, **fields: Any) -> Step:
    """What a client saw of a message in a minute."""
    at = f"2023-05-01T{9 + minute // 60:02d}:{minute % 60:02d}:00Z"
    posted = f"2023-05-01T09:{20 if number > 20 else number:02d}:00Z"
    return {
        "event": {
            "tg_channel_id": CHAT,
            "telegram_message_id": number,
            "posted_at": posted,
            "occurred_at": at,
            "chat_title": "Сад",
            **fields,
        }
    }


def edited(number: int, after: int) -> str:
    return f"2023-05-01T09:{number + after:02d}:00Z"


STEPS: list[Step] = [
    export(said(1, "one"), said(2, "two", fires=2), said(3, "three"), photo(21, stored=True), photo(22, stored=True)),
    export(said(1, "one", fires=1), said(2, "two", fires=1), said(30, "late")),
    export(said(1, "one"), said(2, "two", fires=7), said(3, "three", edited=9), said(40, "later")),
    export(said(2, "two", edited=5, fires=3), said(3, "3", edited=4), photo(22, stored=False), photo(23, stored=True)),
    export(said(1, "one", fires=4), said(4, **poll(1)), said(30, "late", fires=2)),
    export(said(4, **poll(9)), said(5, "", type="service", action="pin_message"), said(40, "later", fires=1)),
    export(photo(21, stored=False, edited=6, fires=1), photo(22, stored=False), photo(23, stored=False), said(31, "x")),
    event(1, 2, text="one", views_count=5),
    event(1, 35, text="one", views_count=50, reactions=[{"emoji": "🔥", "count": 5}]),
    event(2, 10, text="two and a half", edited_at=edited(2, 3)),
    event(2, 12, text="two", edited_at=edited(2, 5), views_count=3),
    event(3, 33, text="three", reactions=[{"emoji": "🔥", "count": 2}]),
    event(4, 5, text="", poll={"question": "tea?", "answers": [{"text": "yes", "voters": 3}]}),
    event(21, 20, text="", has_media=True, grouped_id=777, media=[{"kind": "photo"}]),
    event(22, 21, text="", has_media=True, media=[{"kind": "photo"}]),
    event(40, 50, text="later", edited_at="2023-05-01T09:50:00Z"),
    {"deleted": [3, 22]},
    {"deleted": [31]},
]


def live_again(live: Live, steps: list[Step], directory: Path) -> dict[str, Any]:
    """What a fresh tenant holds after the steps, in this order."""
    other = Live(live.redis, pipeline.new_tenant())
    other.register()
    for number, step in enumerate(steps):
        if "export" in step:
            given = chat(*step["export"])
            files = {f"photos/photo_{n}.jpg": b"picture %d" % n for n in (21, 22, 23)}
            pipeline.import_path(
                pipeline.write_export(directory / f"{other.tenant}-{number}", given, files), other.tenant
            )
        elif "event" in step:
            other.send({"tenant_id": other.tenant, **step["event"]}, stream=PARSED)
            other.drain()
        else:
            gone = {"tenant_id": other.tenant, "tg_channel_id": CHAT, "telegram_message_ids": step["deleted"]}
            other.send({**gone, "deleted_at": "2023-05-02T00:00:00Z", "chat_title": "Сад"}, stream=DELETED)
            other.drain()
    parse(other.tenant)
    return state(other.tenant)


def parse(tenant: str) -> None:
    """Make the rows of ``posts`` that an import leaves to the stage."""
    (feed,) = {row[0] for row in pipeline.rows(tenant, "SELECT feed FROM channels")} or {None}
    scope = Scope(feed, datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        run_stage(STAGE, session, scope)


def state(tenant: str) -> dict[str, Any]:
    """Every row of the chat's tables, without what names the tenant or says when it came."""
    without = "{tenant_id,id,channel_id,album_id,received_at,superseded_at,updated_at,created_at}"
    return {
        table: [
            row[0].replace(tenant, "-").replace(str(ids.tenant_id(tenant)), "-")
            for row in pipeline.rows(
                tenant,
                f"SELECT (to_jsonb(t) - CAST(:without AS text[]))::text FROM {table} t ORDER BY 1",
                without=without,
            )
        ]
        for table in TABLES
    }


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(range(len(STEPS))), min_size=3, max_size=7, unique=True).flatmap(
        lambda chosen: st.tuples(st.just(sorted(chosen)), st.permutations(chosen))
    )
)
def test_any_order_of_exports_and_events_ends_the_same(
    live: Live, tmp_path: Path, orders: tuple[list[int], list[int]]
) -> None:
    first, second = ([STEPS[number] for number in order] for order in orders)
    assert live_again(live, second, tmp_path) == live_again(live, first, tmp_path)
