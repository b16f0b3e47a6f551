"""What a person sees of live traffic in the UI: partitions that turn green, ticks with numbers, the log of the tail."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.ui.conftest import PATIENCE, Shot
from tests.ui.test_ui import choose_day, dots, open_partitions

FEED, DAYS = "onair.radio", ("2026-06-01", "2026-06-02", "2026-06-03")
_RUNS = """{ runsOrError(filter: {pipelineName: "tail"}, limit: 20) { ... on Runs { results { runId status
            stats { ... on RunStatsSnapshot { materializations } } } } } }"""


@pytest.fixture(scope="module")
def on_air(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Events of three days on the stream, and everything that follows; the id of the tail run that read them."""
    installed.must("tenants", "add", "onair")
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, 61):
            data = {
                "tenant_id": "onair", "tg_channel_id": -1_000_000_000_888, "telegram_message_id": number,
                "chat_title": "Radio", "text": f"Hour {number}: the lighthouse reports calm weather",
                "posted_at": f"{DAYS[number % 3]}T10:00:00Z",
            }  # fmt: skip
            file.write(json.dumps({"stream": "stream:posts:parsed", "data": data}) + "\n")
    installed.must("produce", str(path))
    days = {f"{day}|{FEED}" for day in DAYS}
    wait_for(
        "materializing", lambda: all(days <= installed.materialized(asset) for asset in ("posts", "tags")), pause=1
    )
    runs = installed.ask(_RUNS)["runsOrError"]["results"]
    found: str = next(run["runId"] for run in runs if run["stats"]["materializations"])
    return found


def test_partitions_turn_green(page: Page, installed: Installation, on_air: str, shot: Shot) -> None:
    open_partitions(page, installed, "tags", FEED)
    choose_day(page, DAYS[0])
    assert dots(page, FEED) == {"materialized"}
    shot(page, "20-live-partitions")


def test_sensor_ticks_tell_numbers(page: Page, installed: Installation, on_air: str, shot: Shot) -> None:
    for name in ("start_tail", "start_refresh"):
        page.goto(f"{installed.url}/locations/tg_assets/sensors/{name}")
        expect(page.get_by_text("1 run requested").first).to_be_visible(timeout=PATIENCE)
        shot(page, f"21-{name}")


def test_the_log_of_the_tail(page: Page, installed: Installation, on_air: str, shot: Shot) -> None:
    page.goto(f"{installed.url}/runs/{on_air}")
    page.get_by_placeholder("Filter…").fill("dead letters")  # the list draws no more lines than there is room for
    expect(page.get_by_text(re.compile(r"\d stream:posts:parsed; 0 dead letters")).first).to_be_visible()
    shot(page, "22-tail-log")


_CHECKS = """{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks { checks {
    name executionForLatestMaterialization { status } } } } } }"""


def test_checks_are_evaluated(page: Page, installed: Installation, on_air: str, shot: Shot) -> None:
    """Of every asset: for what live runs materialized, and for what a backfill of another feed did meanwhile."""
    installed.must("backfill", FEED, f"{DAYS[0]}..{DAYS[0]}", "--asset", "posts")

    def states() -> dict[tuple[str, str], Any]:
        return {
            (node["assetKey"]["path"][0], check["name"]): check["executionForLatestMaterialization"]
            for node in installed.ask(_CHECKS)["assetNodes"]
            for check in node["assetChecksOrError"].get("checks", ())
        }

    wait_for("evaluating", lambda: all(one and one["status"] == "SUCCEEDED" for one in states().values()), pause=2)
    assert len(states()) == 16
    page.goto(f"{installed.url}/assets/posts?view=checks")
    expect(page.get_by_text("every_message_is_parsed").first).to_be_visible()
    expect(page.get_by_text("Not evaluated")).to_have_count(0)
    shot(page, "23-checks")
