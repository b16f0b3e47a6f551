"""The vector that examples point to, for ``recommend`` by average vector; the engine has the other strategies only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import qdrant_edge as engine
from numpy.typing import NDArray

from tg_assets.backends.qdrant_server.errors import wrong_input


def towards(positive: Sequence[Any], negative: Sequence[Any]) -> Any:
    """Mean of the positive examples, and as far again away from the mean of the negative ones, as Qdrant defines it.

    Examples are dense vectors of one length, or sparse vectors.
    """
    every = [*positive, *negative]
    sparse = [isinstance(one, engine.SparseVector) for one in every]
    if any(sparse):
        if not all(sparse):
            raise wrong_input("examples are sparse and dense vectors")
        axis = sorted({index for one in every for index in one.indices})
        rows = [dict(zip(one.indices, one.values, strict=True)) for one in every]
        mean = _towards(np.array([[row.get(index, 0.0) for index in axis] for row in rows]), len(positive))
        kept = [(index, float(value)) for index, value in zip(axis, mean, strict=True) if value]
        return engine.SparseVector([index for index, _ in kept], [value for _, value in kept])
    if len({len(one) for one in every}) > 1:
        raise wrong_input("examples have different dimensions")
    mean = _towards(np.array(every, dtype=np.float64), len(positive))
    return [float(value) for value in mean]


def _towards(vectors: NDArray[Any], positive: int) -> NDArray[Any]:
    liked = vectors[:positive].mean(axis=0)
    if len(vectors) == positive:
        return np.asarray(liked)
    return np.asarray(liked + liked - vectors[positive:].mean(axis=0))
