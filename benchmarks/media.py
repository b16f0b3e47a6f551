"""Downloading media against Telethon's ``download_media``, side by side, from a loopback Telegram 100 ms away.

Theirs: each message's media into memory, one after the other, as their documentation has it. Ours: fetched, hashed,
stored and recorded. Both over a connection that is open already. Then with a flood wait at every tenth part: what
was asked for, beside the fewest requests that could do.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from telethon import TelegramClient
from telethon.sessions import StringSession
from telethon.tl.functions.upload import GetFileRequest

from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.client import opened
from tg_assets.accounts.vault import vault
from tg_assets.downloading.limits import Limits
from tg_assets.downloading.missing import candidates
from tg_assets.downloading.partial import PART
from tg_assets.downloading.progress import Downloaded
from tg_assets.downloading.worker import Worker
from tg_assets.history.following import follow
from tg_assets.history.pull import Puller
from tg_assets.history.reach import reachable
from tg_assets.registry.channels import channels_of, register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import Settings, load_settings
from tg_assets.stores.database import Database
from tg_assets.stores.objects import ObjectStore

LATENCY = 0.1
WINDOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
FLOODED = 10

# What is sent: a document of 8 MB, or 60 photos of 150 KB.
DOCUMENT, PHOTOS = [8 << 20], [150_000] * 60
_SENT = (
    ("8 MB document", DOCUMENT, 2, ">= 10"),
    ("60 photos of 150 KB", PHOTOS, 2, ">= 10"),
    ("8 MB document and login to its data centre", DOCUMENT, 4, "reported"),
)


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    rows = []
    for name, sizes, dc, target in _SENT:
        theirs, ours, _ = asyncio.run(_measure(sizes, dc))
        total = sum(sizes) / 1e6
        rows += [
            _row(f"{name}: Telethon's default", total / theirs, "MB/s", ""),
            _row(f"{name}: ours", total / ours, "MB/s", ""),
            _row(f"{name}: ratio", theirs / ours, "", target),
        ]
    _, seconds, done = asyncio.run(_measure([20 << 20, *PHOTOS], 2, flooded=True))
    ideal = (20 << 20) // PART + len(PHOTOS)
    return [
        *rows,
        _row("with floods: flood waits", done.waits, f"{seconds:.1f} s", ""),
        _row("with floods: requests", done.requests, "", ""),
        _row("with floods: requests above the fewest, per wait", (done.requests - ideal) / done.waits, "", "<= 2"),
    ]


async def _measure(sizes: list[int], dc: int, *, flooded: bool = False) -> tuple[float, float, Downloaded]:
    """Seconds that Telethon and we take."""
    loopback: Any = import_module("tests.telegram_server")
    world = loopback.World()
    me = world.user("Me", username="me")
    channel = world.channel("News", [me], username="news")
    for number, size in enumerate(sizes):
        data = random.Random(number).randbytes(size)
        made = world.document(data, "a.bin", dc=dc) if size > 1 << 20 else world.photo(data, dc=dc)
        world.send(channel, "look", media=made)
    with loopback.TelegramServer(world) as server, tempfile.TemporaryDirectory() as directory:
        settings = _settings(server, Path(directory))
        theirs = 0.0 if flooded else await _theirs(server, me)
        asked = count(1)

        def tenth(_: Any) -> bool:
            return next(asked) % FLOODED == 0

        def slow() -> None:
            server.latency = LATENCY
            if flooded:
                server.fault(GetFileRequest, loopback.FloodWait(1), times=None, when=tenth)

        return theirs, *await _ours(settings, server.session(me), me.id, slow)


async def _theirs(server: Any, me: Any) -> float:
    client = TelegramClient(StringSession(server.session(me)), 1, "hash")
    await client.connect()
    messages = await client.get_messages("news", limit=None)
    server.latency = LATENCY
    started = time.monotonic()
    for message in messages:
        await client.download_media(message, bytes)
    seconds = time.monotonic() - started
    server.latency = 0.0
    await client.disconnect()
    return seconds


async def _ours(settings: Settings, secret: str, user: int, slow: Callable[[], None]) -> tuple[float, Downloaded]:
    slug = f"bench{uuid4().hex[:8]}"
    tenant = ids.tenant_id(slug)
    postgres = Database(url=settings.require("postgres_url"))
    objects = ObjectStore(url=settings.require("objects_url"))
    with postgres.tenant(tenant) as session, postgres.tenant(tenant) as writing:
        with session.transaction() as connection:
            register_tenant(connection, slug)
            store.keep_account(connection, tenant, user, "me", "me")
            store.keep_session(connection, store.account_id(tenant, user), vault(settings).close(secret))
            account = store.find(connection, "me")
        async with opened(postgres, settings, tenant, account, lambda _: None) as client:
            (feed,) = (await follow(client, session, settings, slug, 0)).feeds
        scope = Scope(feed, *WINDOW)
        await Puller(postgres, settings, tenant, slug, lambda _: None).pull(scope)
        async with opened(postgres, settings, tenant, account, lambda _: None) as client:
            slow()
            started, limits, done = time.monotonic(), Limits.of(settings), Downloaded()
            with session.transaction() as connection:
                wanted = reachable(connection, channels_of(connection, scope), settings.off_limits)
                chats = {one.id: one for one in wanted}
                found = candidates(connection, scope, list(chats), limits.settled(force=False))
            worker = Worker(
                client.client, chats, limits, objects, writing, settings.state_dir / "downloads", None, done,
                lambda _: None,
            )  # fmt: skip
            await worker.download(session, [post for post, _ in found])
            seconds = time.monotonic() - started
            assert client.client.budget
            done.waits = client.client.budget.waits
            done.requests += done.waits
    assert done.files == len(found)
    return seconds, done


def _settings(server: Any, directory: Path) -> Settings:
    from cryptography.fernet import Fernet

    from tg_assets.accounts.client import Client

    Client._config = None  # addresses of the server before
    host, port = server.address
    key = directory / "server.pem"
    key.write_text(server.public_key)
    os.environ |= {
        "TG_TELEGRAM_API_ID": "1", "TG_TELEGRAM_API_HASH": "0" * 32, "TG_TELEGRAM_SERVER": f"2@{host}:{port}",
        "TG_TELEGRAM_SERVER_KEY": str(key), "TG_SESSION_KEY": Fernet.generate_key().decode(),
    }  # fmt: skip
    return load_settings()


def _row(what: str, value: float, unit: str, target: str) -> dict[str, Any]:
    return {"what": what, "value": round(value, 2), "unit": unit, "target": target}
