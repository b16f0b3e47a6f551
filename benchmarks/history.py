"""Pulling history against Telethon's own ``iter_messages``, from a loopback Telegram in a process of its own.

Telethon is measured as it comes and without the pause that it makes before each page; ours reads, turns messages
into rows and lands them. Flood waits are answered on some pages, to count what they cost in requests.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.client import opened
from tg_assets.accounts.vault import vault
from tg_assets.history.following import follow
from tg_assets.history.pull import Pulled, Puller
from tg_assets.registry.channels import register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database

MESSAGES, FLOODS = 60_000, (50, 200)
PAGE = 100
START = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = "bench-history"

SERVER = """
import json, sys
from datetime import UTC, datetime, timedelta
from telethon.tl.functions.messages import GetHistoryRequest
from tests.telegram_server import FloodWait, TelegramServer, World

messages, start = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
world = World()
me = world.user("Me", username="me")
news = world.channel("News", [me], username="news")
text = "The committee discussed the schedule of the northern harbour, the tariffs and the new pier. " * 2
for number in range(messages):
    world.send(news, f"{number} {text}", date=start + timedelta(seconds=40 * number), views=number, announce=False)
world.clock = start + timedelta(days=365)
with TelegramServer(world) as server:
    about = {"address": server.address, "key": server.public_key, "sessions": [server.session(me) for _ in range(3)]}
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        before = server.counts[GetHistoryRequest]
        for page in json.loads(line):
            server.fault(GetHistoryRequest, FloodWait(1), at=page)
        print(json.dumps(before), flush=True)
"""


class Peer:
    """A loopback Telegram in another process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout
        self.about: dict[str, Any] = json.loads(process.stdout.readline())

    def asked(self, floods: tuple[int, ...] = ()) -> int:
        """How many pages were asked for until now; plans waits on pages to come."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(floods) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))


@contextmanager
def peer(messages: int) -> Iterator[Peer]:
    """A channel of so many messages, 40 s apart."""
    command = [sys.executable, "-c", SERVER, str(messages), START.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Peer(process)
        assert process.stdin
        process.stdin.close()


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    with tempfile.TemporaryDirectory() as directory, peer(MESSAGES) as server:
        key = Path(directory) / "server.pem"
        key.write_text(server.about["key"])
        os.environ |= {"TG_TELEGRAM_API_ID": "1", "TG_TELEGRAM_API_HASH": "x", "TG_TELEGRAM_SERVER_KEY": str(key)}
        paced = asyncio.run(_telethon(server.about["sessions"][0], 5_000, None))
        free = asyncio.run(_telethon(server.about["sessions"][0], MESSAGES, 0))
        _account(server.about["sessions"][1:])
        half = START + timedelta(seconds=20 * MESSAGES)
        plain, seconds = _pull(half, half + timedelta(days=365))
        before = server.asked(FLOODS)
        flooded, _ = _pull(START, half)
        requests = server.asked() - before
    ours = plain.counts["messages"] / seconds
    ideal = -(-flooded.counts["messages"] // PAGE) + 1  # the page that reaches beyond the window
    extra = (requests - ideal) / len(FLOODS)
    return [
        {"what": "Telethon as it comes, first 5,000", "value": round(paced), "unit": "messages/s", "target": ""},
        {"what": "Telethon without its pause", "value": round(free), "unit": "messages/s", "target": ""},
        {"what": "ours, landed in the database", "value": round(ours), "unit": "messages/s", "target": ">= 5000"},
        {"what": "ours / Telethon as it comes", "value": round(ours / paced, 1), "unit": "", "target": ""},
        {"what": "requests beyond the ideal, per flood wait", "value": extra, "unit": "", "target": "<= 2"},
    ]


async def _telethon(session: str, limit: int, wait: float | None) -> float:
    """Messages a second of an unmodified client; ``wait`` None leaves its own pause."""
    from telethon import TelegramClient
    from telethon.sessions import StringSession

    async with TelegramClient(StringSession(session), 1, "x", receive_updates=False) as client:
        channel = await client.get_entity("news")
        started, count = time.monotonic(), 0
        async for _ in client.iter_messages(channel, limit=limit, wait_time=wait):
            count += 1
        return count / (time.monotonic() - started)


def _account(sessions: list[str]) -> None:
    """The tenant's account, which follows the channel."""
    settings, tenant = load_settings(), ids.tenant_id(TENANT)
    postgres = Database(url=settings.require("postgres_url"))
    with postgres.tenant(tenant) as session:
        with session.transaction() as connection:
            register_tenant(connection, TENANT)
            store.keep_account(connection, tenant, 1001, "me", "me")
            for one in sessions:
                secret = vault(settings, create=True).close(one)
                store.keep_session(connection, store.account_id(tenant, 1001), secret)
            account = store.find(connection, "me")

        async def sync() -> None:
            async with opened(postgres, settings, tenant, account, print) as client:
                await follow(client, session, settings, TENANT, 0)

        asyncio.run(sync())


def _pull(since: datetime, until: datetime) -> tuple[Pulled, float]:
    settings = load_settings()
    postgres = Database(url=settings.require("postgres_url"))
    puller = Puller(postgres, settings, ids.tenant_id(TENANT), TENANT, lambda _: None)
    started = time.monotonic()
    pulled = asyncio.run(puller.pull(Scope(f"{TENANT}.news", since, until)))
    return pulled, time.monotonic() - started
