"""Score-aware fusion of ranked legs."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.fusion import DEFAULT_WEIGHTS, fuse

hits = st.lists(st.tuples(st.integers(0, 20), st.floats()), max_size=20)
legs = st.fixed_dictionaries({}, optional=dict.fromkeys(DEFAULT_WEIGHTS, hits))


@given(legs)
def test_bounds_and_order(given_legs: dict[str, list[tuple[int, float]]]) -> None:
    """Scores are 0…1 and descend; each id comes once; only ids that a leg has; no score upsets it."""
    fused = fuse(given_legs)
    scores = [score for _, score in fused]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    ids = [key for key, _ in fused]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {key for leg in given_legs.values() for key, _ in leg}
    assert fused == fuse(dict(reversed(given_legs.items()))) or scores == pytest.approx(
        [score for _, score in fuse(dict(reversed(given_legs.items())))]
    )


def test_weights() -> None:
    """Best of dense and best of both sparse legs: the sparse legs weigh more together."""
    fused = fuse(
        {
            "dense": [("a", 0.9), ("b", 0.1)],
            "lemmas": [("b", 12.0), ("a", 3.0)],
            "trigrams": [("b", 40.0), ("a", 8.0)],
        }
    )
    assert [key for key, _ in fused] == ["b", "a"]
    assert dict(fused) == pytest.approx({"b": 0.6, "a": 0.4})


def test_empty_and_single() -> None:
    """An empty leg gives its weight to the others; a single hit is that leg's best; a missing hit gets 0."""
    assert fuse({}) == []
    assert fuse({"dense": [], "lemmas": []}) == []
    assert fuse({"dense": [], "lemmas": [("a", 2.0)]}) == [("a", 1.0)]
    assert dict(fuse({"dense": [("a", 0.3)], "lemmas": [("b", 2.0)]})) == pytest.approx({"a": 4 / 7, "b": 3 / 7})


def test_ties_are_in_a_fixed_order() -> None:
    """Equal scores do not depend on the order the store answered in."""
    a, b = UUID(int=1), UUID(int=2)
    assert [key for key, _ in fuse({"dense": [(b, 0.5), (a, 0.5)]})] == [a, b]


def test_unknown_leg() -> None:
    """A leg nobody weighed is a mistake in the call."""
    with pytest.raises(ValueError, match="No fusion weight for splade"):
        fuse({"splade": [("a", 1.0)]})
