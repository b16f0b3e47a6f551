"""Writing points: part by part, each while the next is made; what the server does not want is the point's fault."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests.support import pipeline
from tg_assets import ids
from tg_assets.embedder import UseEmbedder
from tg_assets.faults import is_nobodys
from tg_assets.stores.vectors import DENSE, PointsRefused

DIMENSION = 512


def point(tenant: str, dimension: int = DIMENSION) -> dict[str, Any]:
    vector = np.full(dimension, 0.1, dtype=np.float32)
    return {"id": str(uuid4()), "vector": {DENSE: vector}, "payload": {"tenant_id": str(ids.tenant_id(tenant))}}


@pytest.fixture
def index(tenant: str) -> Iterator[Any]:
    pipeline.qdrant().create_collection(UseEmbedder())
    with pipeline.qdrant().tenant(ids.tenant_id(tenant)) as found:
        yield found


def test_parts_are_written(index: Any, tenant: str) -> None:
    assert index.upsert_while([point(tenant) for _ in range(size)] for size in (3, 0, 300)) == 303
    assert index.count() == 303
    assert index.upsert_while(iter(())) == 0


def test_a_refused_point_is_its_own_fault(index: Any, tenant: str) -> None:
    """So its stage finds it by halves and makes the others; the error names neither point nor text."""
    made = iter([[point(tenant)], [point(tenant, 3)], [point(tenant)]])
    with pytest.raises(PointsRefused, match=r"answers 4\d\d to a change of tg_assets") as refused:
        index.upsert_while(made)
    assert not is_nobodys(refused.value)
    assert refused.value.status_code in (400, 422)
    assert index.count() == 1


def test_a_part_that_cannot_be_made_keeps_what_was_written(index: Any, tenant: str) -> None:
    def parts() -> Iterator[list[dict[str, Any]]]:
        yield [point(tenant)]
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        index.upsert_while(parts())
    assert index.count() == 1
