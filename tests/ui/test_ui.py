"""What a person does in Dagster's UI with a fresh installation: look, launch a backfill, see what came of it.

In order: nothing is materialized, one feed is backfilled from the dialog, then the others by the command.
"""

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.installation import DIRECT, FEEDS, SAMPLE, Installation
from tests.support.waiting import wait_for
from tests.ui.conftest import PATIENCE, Shot, new_page

GROUPS = {
    "telegram": ("telegram_messages", "posts", "media_objects", "media_groups"),
    "enrichment": ("conversations", "vision_summaries", "album_summaries", "transcripts", "tags"),
    "stores": ("qdrant_points", "neo4j_nodes"),
    "insight": ("feed_statistics",),
}
ASSETS = [asset for assets in GROUPS.values() for asset in assets]
CHANNEL = "demo.severnyy-mayak"
# A month of three: what comes before it must stay missing.
FIRST, LAST = "2026-03-01", "2026-03-31"
COLORS = {"gray": "missing", "green": "materialized", "red": "failed", "blue": "materializing"}

Days = dict[str, set[str]]
Shown = Callable[[str], None]


def graph_url(installed: Installation) -> str:
    """The asset graph with all groups open, fitted to the window."""
    groups = ",".join(f"global@global:{group}" for group in GROUPS)
    return f"{installed.url}/asset-groups?expanded={quote(groups, safe='')}"


def entry(page: Page, key: str) -> Locator:
    """The line of a date or a feed in the lists of an asset's partitions."""
    return page.locator(f'[data-tooltip="{key}"]').locator("xpath=..")


def dots(page: Page, key: str) -> set[str]:
    """What the coloured dots of a date or a feed say."""
    marks = entry(page, key).locator('div[style*="border-radius: 100%"]')
    expect(marks.first).to_be_visible(timeout=PATIENCE)
    styles = marks.evaluate_all("marks => marks.map(mark => mark.style.background)")
    found = [re.search(r"--color-accent-(\w+)", style) for style in styles]
    return {COLORS[match[1]] for match in found if match}


def open_partitions(page: Page, installed: Installation, asset: str, feed: str) -> None:
    """An asset's partitions, when the feed is listed."""
    page.goto(f"{installed.url}/assets/{asset}?view=partitions")
    expect(entry(page, feed)).to_be_visible(timeout=PATIENCE)


def choose_day(page: Page, day: str) -> None:
    """Narrow the list of feeds to one date."""
    page.get_by_placeholder("Filter by date").fill(day)
    entry(page, day).click()
    page.wait_for_url(f"**partition={day}*")


@pytest.fixture(scope="module")
def days(installed: Installation) -> Days:
    """Per feed of the sample, the days on which it has messages."""
    found: Days = {feed: set() for feed in FEEDS}
    for row in installed.rows(
        "demo",
        """SELECT DISTINCT c.feed, (t.posted_at AT TIME ZONE 'UTC')::date AS day
           FROM telegram_messages t JOIN channels c ON c.id = t.channel_id""",
    ):
        found[row.feed].add(row.day.isoformat())
    assert all(found.values())
    return found


def in_month(days: set[str]) -> set[str]:
    """Those days that the backfill from the dialog covers."""
    return {day for day in days if FIRST <= day <= LAST}


def test_graph_shows_the_assets_in_their_groups_with_lineage(page: Page, installed: Installation, shot: Shot) -> None:
    page.set_viewport_size({"width": 2000, "height": 1400})
    page.goto(graph_url(installed))
    graph = page.locator("foreignObject")
    expect(graph.get_by_text("posts", exact=True)).to_be_visible()
    for _ in range(3):  # only its width is fitted to the window
        page.get_by_role("button", name="zoom_out").click()
    for group, assets in GROUPS.items():
        expect(graph.get_by_text(group, exact=True)).to_be_visible()
        for asset in assets:
            expect(graph.get_by_text(asset, exact=True)).to_be_visible()
    shot(page, "01-asset-graph")
    nodes = installed.ask("{ assetNodes { assetKey { path } groupName dependencyKeys { path } } }")["assetNodes"]
    assert {node["assetKey"]["path"][0]: node["groupName"] for node in nodes} == {
        asset: group for group, assets in GROUPS.items() for asset in assets
    }
    needs = {node["assetKey"]["path"][0]: {key["path"][0] for key in node["dependencyKeys"]} for node in nodes}
    assert [asset for asset in ASSETS if not needs[asset]] == ["telegram_messages"]
    assert needs["posts"] == {"telegram_messages"}
    assert {"posts", "tags"} <= needs["qdrant_points"] & needs["neo4j_nodes"]
    drawn = page.locator("svg path").count()
    assert drawn >= sum(map(len, needs.values())), f"{drawn} edges are drawn"


def test_partitions_are_date_by_feed_and_all_missing(page: Page, installed: Installation, shot: Shot) -> None:
    open_partitions(page, installed, "posts", CHANNEL)
    for dimension in ("date", "feed"):
        expect(page.get_by_placeholder(f"Filter by {dimension}")).to_be_visible()
    assert {feed: dots(page, feed) for feed in FEEDS} == {feed: {"missing"} for feed in FEEDS}
    choose_day(page, LAST)
    assert {feed: dots(page, feed) for feed in FEEDS} == {feed: {"missing"} for feed in FEEDS}
    shot(page, "02-partitions-missing")


def launch_backfill(page: Page, installed: Installation, feed: str, first: str, last: str, shown: Shown) -> str:
    """Launch all assets of a feed over a range of dates from the dialog; the backfill's id."""
    page.goto(f"{installed.url}/asset-groups")
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog").filter(has_text=f"Launch runs to materialize {len(ASSETS)} assets")
    dates = dialog.get_by_placeholder("ex: 2018")
    dates.fill(f"[{first}...{last}]")
    dates.press("Tab")
    dialog.get_by_text("Select a partition or create one").click()
    page.get_by_text(feed, exact=True).first.click()
    page.keyboard.press("Escape")
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    expect(dialog.get_by_text(f"{days} partitions")).to_be_visible()
    shown("dialog")
    dialog.get_by_role("button", name="Launch backfill").click()
    told = page.get_by_text("Created backfill")
    expect(told).to_be_visible()
    shown("launched")
    match = re.search(r"Created backfill\s+(\w+)", told.locator("xpath=..").inner_text())
    assert match, told.inner_text()
    return match[1]


@pytest.fixture(scope="module")
def backfill(browser: Browser, installed: Installation, shot: Shot) -> str:
    """A backfill of all assets of the channel, launched from the dialog; its id, when it is over."""
    page, names = new_page(browser), {"dialog": "03-backfill-dialog", "launched": "04-backfill-launched"}
    found = launch_backfill(page, installed, CHANNEL, FIRST, LAST, lambda what: shot(page, names[what]))
    page.close()
    installed.wait_for_backfill(found)
    return found


def test_backfill_from_the_dialog_is_one_run_that_succeeds(
    page: Page, installed: Installation, backfill: str, shot: Shot
) -> None:
    result = installed.wait_for_backfill(backfill)
    assert result["status"] == "COMPLETED_SUCCESS", result
    (run,) = result["runs"]
    assert run["status"] == "SUCCESS"
    steps = {step["stepKey"]: step["status"] for step in run["stepStats"]}
    assert set(ASSETS) <= set(steps)
    assert set(steps.values()) == {"SUCCESS"}

    page.goto(f"{installed.url}/runs/b/{backfill}")
    for asset in ASSETS:
        expect(page.get_by_title(asset, exact=True)).to_be_visible()
    expect(page.get_by_text("100% completed")).to_have_count(len(ASSETS))
    shot(page, "05-backfill")
    page.goto(f"{installed.url}/runs/b/{backfill}?tab=runs")
    expect(page.get_by_text(run["id"][:8])).to_have_count(1)
    shot(page, "06-backfill-one-run")
    page.goto(f"{installed.url}/runs/{run['id']}")
    expect(page.get_by_text(f"{len(ASSETS)} assets")).to_be_visible()
    expect(page.get_by_text(f"Succeeded ({len(steps)})")).to_be_visible()
    expect(page.get_by_text("Errored (0)")).to_be_visible()
    shot(page, "07-run")


def test_only_the_chosen_feed_is_materialized(
    page: Page, installed: Installation, backfill: str, days: Days, shot: Shot
) -> None:
    others = [feed for feed in FEEDS if feed != CHANNEL]
    open_partitions(page, installed, "posts", CHANNEL)
    assert dots(page, CHANNEL) == {"materialized", "missing"}
    assert {feed: dots(page, feed) for feed in others} == {feed: {"missing"} for feed in others}
    choose_day(page, max(days[CHANNEL]))
    assert dots(page, CHANNEL) == {"materialized"}
    assert {feed: dots(page, feed) for feed in others} == {feed: {"missing"} for feed in others}
    shot(page, "08-partitions-of-one-feed")
    assert min(days[CHANNEL]) < FIRST
    for asset in ASSETS:
        made = installed.materialized(asset)
        assert {f"{day}|{CHANNEL}" for day in in_month(days[CHANNEL])} <= made, asset
        assert not [key for key in made if key.endswith(tuple(others))], asset
        assert min(made).partition("|")[0] >= FIRST, asset


def test_new_feeds_come_with_missing_partitions(
    page: Page, installed: Installation, backfill: str, days: Days, shot: Shot
) -> None:
    installed.must("import", str(SAMPLE), "--tenant", "second")
    open_partitions(page, installed, "posts", "second.severnyy-mayak")
    choose_day(page, max(days[CHANNEL]))
    assert dots(page, "second.severnyy-mayak") == {"missing"}
    assert dots(page, CHANNEL) == {"materialized"}
    shot(page, "09-new-feeds-missing")


def metadata(page: Page, key: str) -> Locator:
    """The value of a metadata entry."""
    row = page.locator("tr").filter(has=page.get_by_text(key, exact=True)).first
    return row.locator("td").nth(1)


def test_posts_show_counts(page: Page, installed: Installation, backfill: str, days: Days, shot: Shot) -> None:
    key = quote(f"{max(days[CHANNEL])}|{CHANNEL}")
    page.goto(f"{installed.url}/assets/posts?view=partitions&partition={key}")
    expect(metadata(page, "forwards")).to_have_text("6")
    expect(metadata(page, "failed")).to_have_text("0")
    shot(page, "10-posts-metadata")


def test_feed_statistics_show_their_plot(
    page: Page, installed: Installation, backfill: str, days: Days, shot: Shot
) -> None:
    key = quote(f"{max(days[CHANNEL])}|{CHANNEL}")
    page.goto(f"{installed.url}/assets/feed_statistics?view=partitions&partition={key}")
    page.get_by_text("[Show Markdown]").click()
    plot = page.get_by_role("dialog").locator("img")
    expect(plot).to_be_visible()
    assert plot.get_attribute("alt") == f"{CHANNEL}, messages per day"
    assert plot.evaluate("image => image.naturalWidth") > 400
    shot(page, "11-feed-statistics-plot")


def test_albums_show_their_pictures_and_words(page: Page, installed: Installation, backfill: str, shot: Shot) -> None:
    """A run of many days tells it once, with the newest; the labels and kinds of pictures likewise."""
    page.goto(f"{installed.url}/assets/album_summaries?view=events")
    page.locator("a, div").filter(has_text=re.compile(rf"^{LAST}\\|{CHANNEL}$")).last.click()
    expect(metadata(page, "strategies")).to_contain_text("weighted")
    page.get_by_text("[Show Markdown]").click()
    pictures = page.get_by_role("dialog").locator("img")
    expect(pictures.first).to_be_visible()
    assert all(width > 70 for width in pictures.evaluate_all("images => images.map(image => image.naturalWidth)"))
    assert "&#" not in page.get_by_role("dialog").inner_text()
    shot(page, "11-contact-sheet")


def test_other_feeds_by_the_command_complete_the_picture(
    page: Page, installed: Installation, backfill: str, days: Days, shot: Shot
) -> None:
    """Both at once, direct messages over all their days: one run each, and then every partition with data that was
    asked for is materialized in all assets, and of the channel and the group none before the month."""
    asked = {feed: days[feed] if feed == DIRECT else in_month(days[feed]) for feed in FEEDS}
    spans = {feed: f"{min(asked[feed])}..{max(asked[feed])}" for feed in FEEDS if feed != CHANNEL}
    started = [installed.start("backfill", feed, span) for feed, span in spans.items()]
    for done in [installed.finish(process) for process in started]:
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Done." in done.stdout
    wanted = {f"{day}|{feed}" for feed in FEEDS for day in asked[feed]}
    for asset in ASSETS:
        made = installed.materialized(asset)
        assert wanted <= made, (asset, sorted(wanted - made))
        assert {feed for day, feed in (key.split("|") for key in made) if day < FIRST} == {DIRECT}, asset

    open_partitions(page, installed, "qdrant_points", CHANNEL)
    choose_day(page, max(set.intersection(*asked.values())))
    assert {feed: dots(page, feed) for feed in FEEDS} == {feed: {"materialized"} for feed in FEEDS}
    shot(page, "12-all-feeds-materialized")
    page.goto(f"{installed.url}/runs")
    expect(page.get_by_text("Succeeded").or_(page.get_by_text("Success")).first).to_be_visible()
    shot(page, "13-runs")


_AUTOMATION = """{
  sensorOrError(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "tg_assets",
                                 sensorName: "register_feeds"}) {
    ... on Sensor { sensorState { status ticks(limit: 50) { status error { message } } } }
  }
  scheduleOrError(scheduleSelector: {repositoryName: "__repository__", repositoryLocationName: "tg_assets",
                                     scheduleName: "nightly_refresh"}) {
    ... on Schedule { scheduleState { status } }
  }
}"""


def test_automation_shows_the_schedule_and_a_sensor_that_ticks(page: Page, installed: Installation, shot: Shot) -> None:
    page.goto(f"{installed.url}/automation")
    states = {}
    for name, told in (("nightly_refresh", "At 03:30 AM UTC"), ("register_feeds", "Standard sensor")):
        row = page.locator("[data-index]").filter(has_text=name)
        expect(row.get_by_text(told)).to_be_visible()
        boxes = row.locator("input[type=checkbox]")
        expect(boxes).to_have_count(2)  # one selects the row; the switch comes when the state is known
        states[name] = boxes.last.is_checked()
    assert states["register_feeds"], "the sensor is switched off"
    schedule = installed.ask(_AUTOMATION)["scheduleOrError"]["scheduleState"]["status"]
    assert states["nightly_refresh"] == (schedule == "RUNNING")
    shot(page, "14-automation")

    ticks = wait_for("a tick", lambda: installed.ask(_AUTOMATION)["sensorOrError"]["sensorState"]["ticks"])
    assert {tick["status"] for tick in ticks} <= {"SUCCESS", "SKIPPED", "STARTED"}, ticks
    page.goto(f"{installed.url}/locations/tg_assets/sensors/register_feeds")
    expect(page.get_by_text("0 runs requested").first).to_be_visible()
    shot(page, "15-sensor")
