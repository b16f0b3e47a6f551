"""Ten thousand albums: put together and summarised, pictures known by content, and albums found again without ids.

Pictures are described by a double that answers at once, so what is measured is everything around it. Albums are found
again in the real channel beside the checkout, whose ids are known and taken away.
"""

import gzip
import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from resources.vision import TenantVision
from tests.support.providers import HandlerProvider
from tg_assets import ids
from tg_assets.assets import album_summaries, media_groups, media_objects, vision_summaries
from tg_assets.events.from_telethon import TelethonChat, event_of
from tg_assets.landing import posts
from tg_assets.landing.incoming import Incoming, copy_incoming, create_incoming
from tg_assets.landing.rows import land
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Stage
from tg_assets.registry.channels import Chat, register_chat, register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database, TenantConnection
from tg_assets.stores.objects import ObjectStore
from tg_assets.telegram.rebuild import MediaItem, rebuild
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult

ALBUMS, ITEMS, PICTURES = 10_000, 4, 500
TENANT, CHAT = "bench-albums", -1_000_000_000_777
START = datetime(2026, 1, 1, tzinfo=UTC)
REAL = Path(__file__).parents[2] / "shared" / "data" / "telethon" / "spb.json.gz"


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    postgres = Database(url=settings.require("postgres_url"))
    objects = ObjectStore(url=settings.require("objects_url"))
    tenant = ids.tenant_id(TENANT)
    with postgres.tenant(tenant) as session:
        scope = Scope(_land(session, objects), START, START + timedelta(days=31))

        def made(stage: Stage, force: bool = False) -> Report:
            return run_stage(stage, session, scope, force=force)

        made(posts.STAGE)
        made(media_objects.stage(objects))
        assembled = made(media_groups.stage())
        vision = vision_summaries.stage(TenantVision(HandlerProvider(_describe), Policy()), objects)
        made(vision)
        cached = made(vision, force=True)
        summarised = made(album_summaries.stage(objects))
        again = [made(stage).todo for stage in (media_groups.stage(), vision, album_summaries.stage(objects))]
    found, true, right = _rebuilt()
    return [
        {"what": f"{assembled.done:,} albums put together", "value": round(assembled.seconds, 1), "unit": "s",
         "target": "<= 30"},
        {"what": f"{summarised.done:,} albums summarised", "value": round(summarised.seconds, 1), "unit": "s",
         "target": ""},
        {"what": "posts whose pictures are known", "value": round(cached.done / cached.seconds), "unit": "posts/s",
         "target": ">= 500"},
        {"what": "items worked on again", "value": sum(again), "unit": "", "target": "0"},
        {"what": f"albums found again, of {true}: precision", "value": round(right / found, 3), "unit": "",
         "target": ">= 0.99"},
        {"what": "recall", "value": round(right / true, 3), "unit": "", "target": ">= 0.99"},
    ]  # fmt: skip


def _land(session: TenantConnection, objects: ObjectStore) -> str:
    """The albums of a channel as landed messages, and their pictures in the object store; returns the feed."""
    tenant = session.tenant
    media = []
    for number in range(PICTURES):
        data = f"picture {number}".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"media/{tenant}/{sha256[:2]}/{sha256}.jpg"
        objects.put(key, data)
        media.append(orjson.dumps([{"position": 0, "kind": "photo", "role": "primary", "sha256": sha256, "key": key,
                                    "mime": "image/jpeg", "size": len(data)}]).decode())  # fmt: skip
    with session.transaction() as connection:
        register_tenant(connection, TENANT)
        channel, feed = register_chat(connection, load_settings(), TENANT, Chat(CHAT, "channel", "Albums"), None, 1)
        rows = []
        for number in range(ALBUMS * ITEMS):
            at = START + timedelta(minutes=4 * (number // ITEMS))
            raw = orjson.dumps({"_": "Message", "id": number + 1, "date": at, "message": ""})
            rows.append(
                Incoming(number, channel, number + 1, ids.post_id(channel, number + 1), at, None, at, "telethon",
                         False, number // ITEMS + 1, raw, hashlib.md5(raw).hexdigest(), media[number % PICTURES])
            )  # fmt: skip
        create_incoming(connection)
        copy_incoming(connection, rows)
        land(connection)
    return feed


def _describe(image: bytes, mime: str) -> VisionResult:
    return VisionResult(
        classification="photo",
        description=f"A harbour with {image.decode()}",
        labels=["harbour", "boat"],
        provider="fake",
        model="fake",
        vision_version="fake@1",
    )


def _rebuilt() -> tuple[int, int, int]:
    """Albums that the rule finds in the real channel, albums there are, and how many are the same."""
    with gzip.open(REAL) as file:
        messages = json.load(file)
    chat = TelethonChat(-1_000_000_000_042, "channel")
    events = sorted((event_of(raw, chat, "t") for raw in messages), key=lambda one: one.telegram_message_id)
    true: dict[int, list[int]] = defaultdict(list)
    for event in events:
        if event.grouped_id:
            true[event.grouped_id].append(event.telegram_message_id)
    items = [
        MediaItem(
            event.telegram_message_id, event.posted_at, str(event.author_peer_id), bool(event.text), event.media[0].kind
        )
        for event in events
        if event.media and not event.is_service
    ]
    found: dict[int, list[int]] = defaultdict(list)
    for message_id, grouped_id in rebuild(items):
        found[grouped_id].append(message_id)
    albums = {tuple(sorted(one)) for one in true.values()}
    return len(found), len(albums), len(albums & {tuple(sorted(one)) for one in found.values()})
