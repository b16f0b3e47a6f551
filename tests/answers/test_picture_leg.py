"""With a model of one's own, pictures are found by what it sees in them; without it nothing is different."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from resources.vision import TenantVision, VisionResource
from tests.answers.gallery import ME, PEER, Gallery, said
from tests.support import pipeline
from tests.support.providers import HandlerProvider
from tests.telegram.exports import account, chat
from tests.vision import clip_model
from tests.vision.drawing import encode
from tg_assets.answers.picture_leg import PictureLeg, picture_leg
from tg_assets.answers.picture_search import pictures_by_words
from tg_assets.answers.ranked import ranked
from tg_assets.stores.picture_vectors import PictureVectors
from tg_assets.stores.vectors import Narrow
from tg_assets.vision.clip import Clip
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult

FILES = {f"{colour}.jpg": encode(Image.new("RGB", (80, 60), colour), "JPEG") for colour in ("red", "green", "blue")}
SELECTION = ["posts", "media_objects", "media_groups", "vision_summaries", "tags", "qdrant_points"]


class Blind(VisionResource):
    """A model that says the same of everything."""

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        def describe(image: bytes, mime: str) -> VisionResult:
            return VisionResult(
                classification="other", description="A plain surface.", provider="fake", model="fake",
                vision_version="fake@1",
            )  # fmt: skip

        return TenantVision(HandlerProvider(describe), Policy())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_model.make(tmp_path_factory.mktemp("clip"))


class Painted:
    """A channel with a red and a green picture, and direct messages with a blue one."""

    def __init__(self, directory: Path) -> None:
        self.tenant = pipeline.new_tenant()
        self.land(directory, [said(1, file="red.jpg"), said(2, file="green.jpg"), said(3, "Завтра едем за краской")])
        channel, direct = (self.feed(title) for title in ("Двор", "Борис"))
        self.gallery = Gallery(self.tenant, channel, direct)

    def land(self, directory: Path, messages: list[dict[str, Any]]) -> None:
        direct = chat(said(1, file="blue.jpg"), type="personal_chat", id=PEER, name="Борис")
        export = account(chat(*messages, id=42, name="Двор"), direct, user_id=ME)
        files = {f"photos/{name}": data for name, data in FILES.items()}
        self.reports = pipeline.import_path(pipeline.write_export(directory, export, files), self.tenant)

    def feed(self, title: str) -> str:
        return next(report.feed for report in self.reports if report.title == title)

    def made(self, monkeypatch: pytest.MonkeyPatch, model: Path | None) -> dict[str, Any]:
        """Materialize, with a model or without; the channel's table of stages."""
        if model:
            monkeypatch.setenv("TG_CLIP", str(model))
        else:
            monkeypatch.delenv("TG_CLIP", raising=False)
        found = {
            report.title: pipeline.materialize(
                report.feed, "2023-05-01", "2023-05-02", SELECTION, resources={"vision": Blind()}
            )
            for report in self.reports
        }
        return pipeline.stages_of(found["Двор"], "qdrant_points")

    def found(self, query: str, leg: PictureLeg | None, owners: tuple[int, ...] = (), **narrow: Any) -> list[Any]:
        archive = replace(self.gallery.open(owners=owners), pictures=leg)
        hits = ranked(archive, query, Narrow(**narrow))
        return [(hit.feed, hit.telegram_message_id) for hit in hits if hit.score > 0.5]


def test_a_model_of_ones_own_finds_pictures(
    servers: dict[str, str], tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made once, asked as everything else is: by tenants, owners and feeds; what is deleted is not found."""
    painted = Painted(tmp_path / "one")
    channel, direct = painted.gallery.channel, painted.gallery.direct
    assert "qdrant_points.clip" not in painted.made(monkeypatch, None)
    leg = picture_leg(Clip(model), pipeline.qdrant())
    assert painted.found("красный", leg) == [], "no vector was made"
    assert painted.made(monkeypatch, model)["qdrant_points.clip"]["stale"] == 2
    assert painted.made(monkeypatch, model)["qdrant_points.clip"]["stale"] == 0
    assert painted.found("красный", leg) == painted.found("red", leg) == [(channel, 1)]
    assert painted.found("зелёный", leg) == [(channel, 2)]
    assert painted.found("красный", None) == [], "without the model nothing is different"
    assert painted.found("синий", leg) == []
    assert painted.found("синий", leg, (ME,)) == [(direct, 1)]
    assert painted.found("синий", leg, (ME,), feeds=(channel,)) == []
    assert painted.found("красный", leg, feeds=(direct,)) == []
    archive = painted.gallery.open()
    assert pictures_by_words(archive, "красный", 1)[0].score < 0.5
    other = picture_leg(Clip(clip_model.make(tmp_path / "other", likely=0.9)), pipeline.qdrant())
    assert painted.found("красный", other) == [], "another model's vectors are another collection's"
    stranger = Gallery(pipeline.new_tenant(), channel, direct).open(owners=(ME,))
    assert leg("красный", stranger.tenant, Narrow(owners=(ME,))) == {}
    with pipeline.postgres().tenant(archive.tenant) as session, session.transaction() as connection:
        connection.execute(text("UPDATE messages SET deleted_at = now() WHERE telegram_message_id = 1"))
    painted.made(monkeypatch, model)
    assert leg("красный", archive.tenant, Narrow()) == {}


def test_what_is_deleted_leaves_models_from_before(
    servers: dict[str, str], tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while no model is chosen; what is there stays, though nothing is written on it."""
    painted = Painted(tmp_path / "one")
    other = clip_model.make(tmp_path / "other", likely=0.9)
    tenant = painted.gallery.open().tenant

    def points() -> list[int]:
        found = []
        for one in (model, other):
            with PictureVectors(pipeline.qdrant(), Clip(one).tag).tenant(tenant) as index:
                found.append(index.count())
        return found

    painted.made(monkeypatch, model)
    painted.made(monkeypatch, other)
    assert points() == [3, 3]
    with pipeline.postgres().tenant(tenant) as session, session.transaction() as connection:
        connection.execute(
            text("""UPDATE messages SET deleted_at = now() WHERE telegram_message_id = 1 AND source = 'channel'""")
        )
    painted.made(monkeypatch, None)
    assert points() == [2, 2]
