"""A provider that is away for a while, over real HTTP: its pictures wait, the budget stays, and all is caught up."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from resources.vision import VisionResource
from tests.live.support import Live
from tests.live.test_albums import due, told
from tests.support import pipeline
from tests.support.model_server import Fault, ModelServer
from tests.vision.drawing import encode, photo
from tg_assets import ids

PICTURES, ALBUM = 24, 4


@pytest.fixture
def vision_model(live: Live, tmp_path: Path) -> Any:
    """A models file that sends this tenant's pictures to a server, which is running; and the server."""
    with ModelServer().running() as server:
        path = tmp_path / "models.toml"
        path.write_text(
            f"""[tenants.{live.tenant}.vision]
            kind = "openai"
            url = "{server.openai_url}"
            model = "see/me"
            daily_tokens = 1_000_000
            requests_per_minute = 100_000
            attempts = 1
            """
        )
        yield server, path


def photos(live: Live) -> None:
    """Messages with a photo each, different ones; the last are an album."""
    for number in range(1, PICTURES + 1):
        data = encode(photo((160, 120), seed=number), "JPEG")
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"media/{ids.tenant_id(live.tenant)}/{sha256[:2]}/{sha256}.jpg"
        pipeline.objects().put(key, data)
        medium = {"kind": "photo", "mime": "image/jpeg", "size": len(data), "sha256": sha256, "s3_key": key}
        grouped = {"grouped_id": 77} if number > PICTURES - ALBUM else {}
        live.send(live.event(number, media=[medium], posted_at="2026-03-01T10:00:00Z", **grouped))


def usage(live: Live) -> tuple[int, int]:
    """Tokens that were spent, and that are still set aside."""
    ((tokens, reserved),) = live.rows(
        "SELECT coalesce(sum(tokens), 0)::int, coalesce(sum(reserved), 0)::int FROM token_usage"
    )
    return tokens, reserved


def test_an_endpoint_that_is_away(live: Live, vision_model: tuple[ModelServer, Path]) -> None:
    """While it is away few requests are made and nothing is spent; the backlog is counted and the album not lost."""
    server, path = vision_model
    server.always = Fault(503)
    photos(live)
    live.drain()
    vision = VisionResource(models_file=str(path))
    live.refresh(vision=vision)
    for _ in range(3):  # later rounds of the same process
        due(live)
        live.refresh(vision=vision)
    vision.close()
    ((waiting, why),) = live.rows(
        """SELECT count(*), min(reason) FROM derivations
           WHERE stage = 'vision_summaries' AND status = 'waiting'"""
    )
    assert waiting == PICTURES
    assert "does not answer (HTTP 503)" in why
    assert len(server.chats) < PICTURES / 2
    assert usage(live) == (0, 0)
    assert told(live) == []
    assert live.rows("SELECT count(*) FROM derivations WHERE stage = 'tags'") == [(PICTURES,)]

    server.always = None
    due(live)
    before = len(server.chats)
    with closing(VisionResource(models_file=str(path))) as vision:
        live.refresh(vision=vision)
    assert len(server.chats) - before == PICTURES
    assert live.rows("SELECT count(*) FROM post_enrichment WHERE kind = 'vision' AND status = 'ok'") == [(PICTURES,)]
    (album,) = told(live)
    assert (album["items_count"], album["items_analyzed"]) == (ALBUM, ALBUM)
    spent, reserved = usage(live)
    assert spent > 0
    assert reserved == 0
    assert live.rows("SELECT count(*) FROM derivations WHERE status = 'waiting'") == [(0,)]
    assert live.rows("SELECT count(*) FROM dirty") == [(0,)]


def test_a_budget_that_is_spent(live: Live, vision_model: tuple[ModelServer, Path]) -> None:
    """No more is asked than the day allows; the rest waits, and says what for."""
    server, path = vision_model
    path.write_text(path.read_text().replace("1_000_000", "9_000"))
    photos(live)
    live.drain()
    with closing(VisionResource(models_file=str(path))) as vision:
        live.refresh(vision=vision)
    spent, reserved = usage(live)
    assert 0 < spent <= 9_000
    assert reserved == 0
    ((waiting, why),) = live.rows(
        """SELECT count(*), min(reason) FROM derivations
           WHERE stage = 'vision_summaries' AND status = 'waiting'"""
    )
    assert 0 < waiting < PICTURES
    assert "budget" in why
    assert len(server.chats) == PICTURES - waiting
