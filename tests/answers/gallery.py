"""A tenant with a channel, direct messages and pictures of which a model says what is to be seen."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from resources.vision import TenantVision, VisionResource
from tests.support import pipeline
from tests.support.providers import HandlerProvider
from tests.telegram.exports import account, chat, message
from tests.vision.drawing import encode, meme, photo, screen
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.embedder import UseEmbedder
from tg_assets.lazy import Lazy
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult

DAY = 1_682_931_600  # 2023-05-01T09:00:00Z
ME, PEER = 900, 500
EMBEDDER = Lazy(UseEmbedder)
CAT, CAR = photo(seed=3), photo(seed=8)
SMALL_CAT = CAT.resize((400, 300))
FILES = {
    "cat.jpg": encode(CAT, "JPEG", quality=90),
    "cat_small.jpg": encode(SMALL_CAT, "JPEG", quality=75),
    "cat_private.jpg": encode(CAT, "JPEG", quality=60),
    "other_cat.jpg": encode(photo(seed=21), "JPEG"),
    "car.jpg": encode(CAR, "JPEG"),
    "dog.jpg": encode(photo(seed=5), "JPEG"),
    "screen.png": encode(screen(["Revenue", "Total"])),
    "meme.jpg": encode(meme("ONE DOES NOT SIMPLY", "DEPLOY ON FRIDAY"), "JPEG"),
}
SEEN: dict[str, tuple[str, list[str], list[str]]] = {
    "cat.jpg": ("photo", ["tabby"], ["red", "grey"]),
    "cat_small.jpg": ("photo", ["tabby"], ["red", "grey"]),
    "cat_private.jpg": ("photo", ["tabby"], ["red", "grey"]),
    "other_cat.jpg": ("photo", ["persian cat"], ["white"]),
    "car.jpg": ("photo", ["sports car"], ["blue", "white"]),
    "dog.jpg": ("photo", ["golden retriever"], ["yellow"]),
    "screen.png": ("screenshot", ["text"], ["white", "blue"]),
    "meme.jpg": ("meme", ["text"], ["green"]),
}
BY_CONTENT = {hashlib.sha256(data).hexdigest(): SEEN[name] for name, data in FILES.items()}


class Labelled(VisionResource):
    """A model that says what ``SEEN`` has, in English, as the built-in one does."""

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        def describe(image: bytes, mime: str) -> VisionResult:
            kind, labels, colours = BY_CONTENT[hashlib.sha256(image).hexdigest()]
            return VisionResult.model_validate({
                "classification": kind, "labels": [kind, "landscape", *colours, *labels], "dominant_colors": colours,
                "description": f"{kind.capitalize()} 800×600, mostly {colours[0]}, no readable text.",
                "context": {"scores": dict.fromkeys(labels, 0.9)}, "provider": "local", "model": "rules",
                "vision_version": "local@0",
            })  # fmt: skip

        return TenantVision(HandlerProvider(describe, name="local", model="rules", version="local@0"), Policy())


def said(number: int, text: str = "", file: str | None = None, **fields: Any) -> dict[str, Any]:
    more = {"photo": f"photos/{file}", "width": 800, "height": 600} if file else {}
    return message(number, text=text, text_entities=[], date_unixtime=str(DAY + 60 * number)) | more | fields


CHANNEL = [
    said(1, file="cat.jpg"),
    said(2, "Вот он опять на подоконнике", "cat_small.jpg"),
    said(3, file="car.jpg"),
    said(4, "Фото с праздника выложим завтра, фотографировали трое"),
    said(5, file="screen.png"),
    said(6, file="meme.jpg"),
    said(7, file="dog.jpg"),
    said(8, "Кошка съела рыбу и спит у печки"),
    said(9, file="other_cat.jpg"),
    said(10, "Завтра едем на поезде в город за краской для забора"),
]
PRIVATE = [said(1, "привет"), said(2, file="cat_private.jpg")]


@dataclass(frozen=True)
class Gallery:
    """A tenant and its feeds: of the channel and of the direct messages."""

    tenant: str
    channel: str
    direct: str

    def open(self, owners: tuple[int, ...] = (), feeds: tuple[str, ...] | None = None) -> Archive:
        return Archive(
            tenant=ids.tenant_id(self.tenant), owners=owners, feeds=feeds, postgres=pipeline.postgres(),
            vectors=pipeline.qdrant(), graph=pipeline.neo4j(), objects=pipeline.objects(), embedder=EMBEDDER,
        )  # fmt: skip

    def post(self, number: int, feed: str | None = None) -> UUID:
        found: UUID = pipeline.scalar(
            self.tenant,
            """SELECT m.id FROM messages m JOIN channels c ON c.id = m.channel_id
               WHERE m.telegram_message_id = :number AND c.feed = :feed""",
            number=number,
            feed=feed or self.channel,
        )
        return found


def made(directory: Path) -> Gallery:
    """Import and materialize it, for a tenant of its own."""
    tenant = pipeline.new_tenant()
    direct = chat(*PRIVATE, type="personal_chat", id=PEER, name="Борис")
    export = account(chat(*CHANNEL, id=42, name="Двор"), direct, user_id=ME)
    files = {f"photos/{name}": data for name, data in FILES.items()}
    reports = pipeline.import_path(pipeline.write_export(directory, export, files), tenant)
    selection = ["posts", "media_objects", "media_groups", "vision_summaries", "tags", "qdrant_points"]
    for report in reports:
        pipeline.materialize(report.feed, "2023-05-01", "2023-05-02", selection, resources={"vision": Labelled()})
    feeds = {report.title: report.feed for report in reports}
    return Gallery(tenant, feeds["Двор"], feeds["Борис"])
