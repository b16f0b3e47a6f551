"""Telegram from the first login to answers, against a real MTProto peer: what a person does, and that it is right."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import create_engine, text

from tests.support.installation import Installation
from tests.telegram_server.entities import Channel, User
from tests.ui.conftest import Shot, new_page
from tests.ui.test_ui import launch_backfill
from tg_assets import ids
from tg_assets.accounts.vault import Vault
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.vectors import VectorIndex

TENANT, FEED = "reader", "reader.harbour_news"
START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = "2026-01-01", "2026-02-28"


@pytest.fixture(scope="module")
def world(installed: Installation) -> tuple[User, Channel]:
    """Ann, who reads a channel in a folder of hers, with albums, forwards and replies in it."""
    world = installed.telegram.world
    ann = world.user("Ann", username="ann", phone="+49 30 901820")
    gulls = world.channel("Gulls", [ann], username="gulls")
    news = world.channel("Harbour news", [ann], username="harbour_news")
    world.folder(ann, "Reading", [news])
    origin = world.send(gulls, "the gulls are back", date=START, announce=False)
    for day in range(59):
        first = world.send(news, f"Harbour report {day}: calm sea", date=START + timedelta(days=day), announce=False)
        world.send(news, f"Correction of report {day}", date=START + timedelta(days=day, hours=1), reply_to=first,
                   announce=False)  # fmt: skip
    world.forward(origin, news, date=START + timedelta(days=58, hours=2), announce=False)
    world.clock = datetime.now(UTC)
    return ann, news


@pytest.fixture(scope="module")
def logged_in(installed: Installation, world: tuple[User, Channel]) -> str:
    """Ann has logged in by scanning the code that the terminal showed; what it said."""
    process = installed.start("login", "--tenant", TENANT, "--account", "ann")
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("tg://login"):
            installed.telegram.accept_qr(line.strip(), world[0])
    done = installed.finish(process)
    assert done.returncode == 0, done.stderr
    return "".join(said)


@pytest.fixture(scope="module")
def backfilled(browser: Browser, installed: Installation, logged_in: str, shot: Shot) -> str:
    """The folder is followed and two months of it are backfilled from the dialog; the backfill's id."""
    said = installed.must("feeds", "sync", "--tenant", TENANT, "--folder", "Reading")
    assert f"New feeds: {FEED}" in said
    page = new_page(browser)
    found = launch_backfill(page, installed, FEED, FIRST, LAST, lambda what: shot(page, f"30-telegram-{what}"))
    page.close()
    result = installed.wait_for_backfill(found)
    assert result["status"] == "COMPLETED_SUCCESS", result
    return found


@pytest.fixture(scope="module")
def listened(installed: Installation, world: tuple[User, Channel], backfilled: str) -> Iterator[None]:
    """A listener ran while messages were posted, edited and deleted."""
    _, news = world
    telegram = installed.telegram.world
    process = installed.start("listen", "--tenant", TENANT)
    try:
        telegram.send(news, "Good morning")
        wait_for(installed, "SELECT EXISTS (SELECT FROM posts WHERE content = 'Good morning')", process)
        posts = [telegram.send(news, f"Live report {number}: wind from the north") for number in range(12)]
        telegram.edit(posts[3], "Live report 3: storm warning")
        telegram.delete(posts[5], posts[6])
        telegram.send(news, "An answer to the storm", reply_to=posts[3])
        wait_for(
            installed,
            """SELECT count(*) FILTER (WHERE deleted_at IS NULL) = 11 AND count(*) FILTER (WHERE is_edited) = 1
               FROM posts WHERE content LIKE 'Live%' OR content LIKE 'An answer%'""",
            process,
        )
        yield
    finally:
        process.send_signal(signal.SIGINT)
        done = installed.finish(process)
        assert done.returncode == 0, done.stderr


def wait_for(installed: Installation, question: str, process: "subprocess.Popen[str]") -> None:
    """Wait until the database says yes."""
    deadline = time.monotonic() + 600
    while installed.rows(TENANT, question) != [(True,)]:
        assert process.poll() is None, installed.finish(process)
        assert time.monotonic() < deadline, installed.rows(
            TENANT, "SELECT content, deleted_at, is_edited FROM posts WHERE content ~ '^(Good|Live)'"
        )
        time.sleep(0.5)


def alive(news: Channel) -> dict[int, str]:
    """The channel's messages as the world has them now: id to text."""
    return {number: message.text for number, message in news.box.messages.items()}


def test_the_terminal_shows_a_code_and_keeps_no_secret(installed: Installation, logged_in: str) -> None:
    """A QR code of blocks and its address; afterwards the account is listed, and no session is readable."""
    assert "▄" in logged_in
    assert "Account ann of tenant reader is logged in" in logged_in
    listed = installed.must("accounts", "--tenant", TENANT)
    assert re.search(r"reader\s+ann\s+\d+\s+2\s+", listed), listed
    assert "901820" not in listed
    for (secret,) in installed.rows(TENANT, "SELECT secret FROM account_sessions"):
        assert bytes(secret).startswith(b"gAAAA")  # Fernet's


def test_a_backfill_from_the_dialog_pulls_the_window(
    page: Page, installed: Installation, world: tuple[User, Channel], backfilled: str, shot: Shot
) -> None:
    """All messages of two months are there, and what was pulled is told beside the asset."""
    (count,) = installed.rows(TENANT, "SELECT count(*) FROM posts WHERE posted_at < '2026-03-01'")[0]
    assert count == sum(message.date.month < 3 for message in world[1].box.messages.values()) == 119
    page.goto(f"{installed.url}/assets/telegram_messages?partition={FIRST}%7C{FEED}&view=events")
    expect(page.get_by_text("pulled_chats").first).to_be_visible()
    shot(page, "31-telegram-pulled")


def test_index_and_graph_agree_with_the_world(
    installed: Installation, world: tuple[User, Channel], listened: None
) -> None:
    """After history and live traffic: every message that exists, as it is, and none that does not."""
    expected = alive(world[1])
    stored = dict(
        tuple(row)
        for row in installed.rows(TENANT, "SELECT telegram_message_id, content FROM posts WHERE deleted_at IS NULL")
    )
    assert stored == expected
    tenant, variables = ids.tenant_id(TENANT), installed.variables
    channel = ids.channel_id(tenant, world[1].marked_id)
    points = {str(ids.post_id(channel, number)): text for number, text in expected.items()}
    index = VectorIndex(url=variables["TG_QDRANT_URL"], api_key=variables["TG_QDRANT_API_KEY"])
    deadline = time.monotonic() + 600
    while True:  # the derived assets follow within seconds
        with index.tenant(tenant) as found, GraphStore(url=variables["TG_NEO4J_URL"]).tenant(tenant) as graph:
            payloads = found.payloads(list(points))
            count = found.count()
            nodes = graph.read(
                """MATCH (p:Post {tenant_id: $tenant})<-[:HAS_POST]-(:Channel) WHERE p.placeholder = false
                   RETURN p.telegram_message_id AS id"""
            )
            replies = graph.read("MATCH (p:Post {tenant_id: $tenant})-[:REPLIES_TO]->(q:Post) RETURN count(*) AS n")
        texts = {point: payload["text_short"] for point, payload in payloads.items()}
        done = texts == points and count == len(points) and {node["id"] for node in nodes} == set(expected)
        if done or time.monotonic() > deadline:
            break
        time.sleep(1)
    assert texts == points
    assert count == len(points)
    assert {node["id"] for node in nodes} == set(expected)
    assert replies[0]["n"] == 60
    said = installed.must("search", "storm warning", "--tenant", TENANT)
    assert "storm warning" in said
    assert not installed.telegram.errors


def test_no_log_has_a_secret_or_what_people_wrote(
    installed: Installation, world: tuple[User, Channel], listened: None
) -> None:
    """No session, phone number, chat id or message text in anything that was logged, by whichever process."""
    ann, news = world
    safe = Vault((installed.data / "session.key").read_text().strip())
    sessions = [safe.open(bytes(row.secret)) for row in installed.rows(TENANT, "SELECT secret FROM account_sessions")]
    assert len(sessions) == 2
    engine = create_engine(installed.variables["TG_DAGSTER_POSTGRES_URL"])
    with engine.connect() as connection:
        events = "\n".join(connection.execute(text("SELECT event FROM event_logs")).scalars())
    engine.dispose()
    logs = "\n".join(path.read_text(errors="replace") for path in (installed.data / "logs").glob("*.log"))
    assert FEED in events
    assert "telegram_messages: " in logs
    private = [
        *sessions,
        "901820",
        str(news.id),
        str(ann.access_hash),
        "Harbour report",
        "storm warning",
        "Good morning",
    ]
    # A number may be part of a time or of a run's id by chance; it may not be part of anything else.
    chance = re.compile(r"\d+\.\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    for said in (logs, events):
        numbers = chance.sub("", said)
        for secret in private:
            assert secret not in (numbers if secret.lstrip("-").isdigit() else said), secret
