"""The cache of embeddings: a text goes to the model once per tenant, and what is kept tells nobody else anything."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text

from tests.support import pipeline
from tg_assets import assets, ids
from tg_assets.assets import qdrant_points, tags
from tg_assets.assets.rehearsal import rehearse
from tg_assets.assets.tools import Tools
from tg_assets.embedder import HashEmbedder
from tg_assets.importing.report import ChatReport
from tg_assets.landing.posts import STAGE as POSTS
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Stage
from tg_assets.scope import Scope
from tg_assets.settings import Settings
from tg_assets.stores.embeddings import CachedEmbedder, Keep, trim
from tg_assets.stores.vectors import VectorIndex

TEXTS = ["дизельный генератор", "спасибо", "two words", "спасибо"]
DIMENSION = 512


class Asked(HashEmbedder):
    """Remembers every text that it was asked for."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Any:
        self.texts += texts
        return super().encode(texts)

    def get(self) -> "Asked":
        """As a resource gives it."""
        return self


@pytest.fixture
def model() -> Asked:
    return Asked()


@pytest.fixture
def cached(tenant: str, model: Asked) -> CachedEmbedder:
    known(tenant)
    return CachedEmbedder(model, pipeline.postgres(), ids.tenant_id(tenant))


def known(tenant: str) -> UUID:
    """Add the tenant's own row."""
    found = ids.tenant_id(tenant)
    with pipeline.postgres().tenant(found) as session, session.transaction() as connection:
        row = {"id": found, "slug": tenant}
        connection.execute(text("INSERT INTO tenants (id, slug, name) VALUES (:id, :slug, :slug)"), row)
    return found


def kept(tenant: str) -> int:
    return int(pipeline.scalar(tenant, "SELECT count(*) FROM embeddings"))


def used(tenant: str, days: int, most: int) -> None:
    """Make so many vectors as if they were last used so many days ago."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.execute(
            text("""UPDATE embeddings SET used_on = current_date - CAST(:days AS int)
                    WHERE name IN (SELECT name FROM embeddings WHERE used_on = current_date LIMIT :most)"""),
            {"days": days, "most": most},
        )


def test_vectors_are_the_models_own(cached: CachedEmbedder, model: Asked) -> None:
    """Bit by bit, in order, said twice or not, from the model or from the cache; of new texts only those are asked."""
    expected = HashEmbedder(DIMENSION).encode([*TEXTS, "новое"])
    first, again = cached.encode(TEXTS), cached.encode([*TEXTS, "новое"])
    assert first.tobytes() == expected[:4].tobytes()
    assert again.tobytes() == expected.tobytes()
    assert again.dtype == np.float32
    assert sorted(model.texts) == sorted({*TEXTS, "новое"})
    assert cached.encode([]).shape == (0, DIMENSION)
    with pytest.raises(ValueError, match="Text 1 of 2 is blank"):
        cached.encode(["ещё одно", " "])


def test_a_chunk_that_fails_has_embedded_for_good(tenant: str, cached: CachedEmbedder, model: Asked) -> None:
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        cached.encode(TEXTS)
        connection.rollback()
    cached.encode(TEXTS)
    assert len(model.texts) == 3


def test_another_tenant_and_another_model_ask_for_themselves(cached: CachedEmbedder, model: Asked) -> None:
    cached.encode(TEXTS)
    other = known(pipeline.new_tenant())
    CachedEmbedder(model, pipeline.postgres(), other).encode(TEXTS)
    assert len(model.texts) == 6
    renamed = Asked()
    renamed.model_id = "another"
    CachedEmbedder(renamed, pipeline.postgres(), other).encode(TEXTS)
    assert len(renamed.texts) == 3


def test_only_who_has_the_text_can_read_its_vector(tenant: str, cached: CachedEmbedder) -> None:
    """What a deleted message leaves in the cache is neither its words nor anything that could be compared with them."""
    (vector,) = cached.encode(["кто-то сказал это"])
    (row,) = pipeline.rows(tenant, "SELECT * FROM embeddings")
    sealed = np.frombuffer(bytes(row.sealed), dtype=np.uint8)
    assert row.sealed != vector.tobytes()
    # Bytes that have nothing in common agree once in 256 times.
    assert (sealed == np.frombuffer(vector.tobytes(), dtype=np.uint8)).mean() < 0.02
    assert {*row._fields} == {"tenant_id", "name", "sealed", "used_on"}


def test_a_row_that_is_cut_off_is_made_again(tenant: str, cached: CachedEmbedder, model: Asked) -> None:
    expected = cached.encode(TEXTS)
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.execute(text("UPDATE embeddings SET sealed = substr(sealed, 2)"))
    assert cached.encode(TEXTS).tobytes() == expected.tobytes()
    assert len(model.texts) == 6


def test_the_longest_unused_go_first(tenant: str, cached: CachedEmbedder, model: Asked) -> None:
    """By age and by number; one that is asked for again is as good as new."""
    cached.encode([f"text {n}" for n in range(10)])
    used(tenant, 100, 2)
    used(tenant, 50, 3)
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        assert trim(connection, Keep.of("90d,250000")) == 2
        assert trim(connection, Keep.of("90d,6")) == 2
        assert connection.execute(text("SELECT count(*) FROM embeddings WHERE used_on = current_date")).scalar() == 5
    cached.encode([f"text {n}" for n in range(10)])
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        assert trim(connection, Keep.of("0d,10")) == 0
        assert trim(connection, Keep.of("0d,0")) == 10
    with pytest.raises(ValueError, match="embeddings_keep"):
        Settings(embeddings_keep="90")


def test_tags_and_points_ask_once_for_a_text(tenant: str, model: Asked) -> None:
    """The stages share vectors, and making everything again asks for none; a rehearsal keeps none."""
    (report, *_) = pipeline.import_path(pipeline.SAMPLE, tenant)
    index = VectorIndex(pipeline.qdrant().url, pipeline.qdrant().api_key, alias=f"asked_{tenant}")
    tools, scope = pipeline.tools(embedder=model, qdrant=index), scope_of(report)
    index.create_collection(model)
    with pipeline.postgres().tenant(scope.tenant) as session:
        run_stage(POSTS, session, scope)
        rehearse(session, scope, assets.ASSETS, tools, only={"tags"})
    assert not kept(tenant)
    make(tools, scope)
    once = model.texts.copy()
    assert len(once) == len(set(once)) == kept(tenant) > 10
    make(tools, scope)
    assert model.texts == once


def scope_of(report: ChatReport) -> Scope:
    assert report.first
    assert report.last
    return Scope(report.feed, report.first, report.last)


def make(tools: Tools, scope: Scope) -> None:
    """Make tags and points, whether they are stale or not."""
    with pipeline.postgres().tenant(scope.tenant) as session:
        for asset in (tags.ASSET, qdrant_points.ASSET):
            for of in asset.stages(tools):
                run_stage(of if isinstance(of, Stage) else of(scope), session, scope, force=True)
