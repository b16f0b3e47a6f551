"""Score-aware fusion of ranked legs."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tg_assets.index.fusion import ENOUGH, LEGS, fuse, rank, weights

hits = st.lists(st.tuples(st.integers(0, 20), st.floats()), max_size=20)
EVEN = {"dense": 0.4, "lemmas": 0.3, "trigrams": 0.3}
legs = st.fixed_dictionaries({}, optional=dict.fromkeys(LEGS, hits))


@given(legs)
@example({"trigrams": [(0, 5e-324)]})
def test_bounds_and_order(given_legs: dict[str, list[tuple[int, float]]]) -> None:
    """Scores are 0…1 and descend; each id comes once; only ids that a leg has; no score upsets it."""
    fused = fuse(given_legs, EVEN)
    scores = [score for _, score in fused]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    ids = [key for key, _ in fused]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {key for leg in given_legs.values() for key, _ in leg}
    assert fused == fuse(dict(reversed(given_legs.items())), EVEN) or scores == pytest.approx(
        [score for _, score in fuse(dict(reversed(given_legs.items())), EVEN)]
    )


def test_weights() -> None:
    """Best of dense and best of both sparse legs: the sparse legs weigh more together."""
    fused = fuse(
        {
            "dense": [("a", 0.9), ("b", 0.1)],
            "lemmas": [("b", 12.0), ("a", 3.0)],
            "trigrams": [("b", 40.0), ("a", 8.0)],
        },
        EVEN,
    )
    assert [key for key, _ in fused] == ["b", "a"]
    assert dict(fused) == pytest.approx({"b": 0.6, "a": 0.4 + 0.3 / 4 + 0.3 / 5})


def test_scores_of_words_begin_at_nothing() -> None:
    """The worst of few hits of words is no worse for being the last; the worst cosine tells nothing."""
    said = [("a", 4.0), ("b", 3.0)]
    assert dict(fuse({"lemmas": said}, EVEN)) == pytest.approx({"a": 1, "b": 0.75})
    assert dict(fuse({"dense": said}, EVEN)) == pytest.approx({"a": 1, "b": 0})


def test_empty_and_single() -> None:
    """An empty leg gives its weight to the others; a single hit is that leg's best; a missing hit gets 0."""
    assert fuse({}, EVEN) == []
    assert fuse({"dense": [], "lemmas": []}, EVEN) == []
    assert fuse({"dense": [], "lemmas": [("a", 2.0)]}, EVEN) == [("a", 1.0)]
    assert dict(fuse({"dense": [("a", 0.3)], "lemmas": [("b", 2.0)]}, EVEN)) == pytest.approx({"a": 4 / 7, "b": 3 / 7})


def test_ties_are_in_a_fixed_order() -> None:
    """Equal scores do not depend on the order the store answered in."""
    a, b = UUID(int=1), UUID(int=2)
    assert [key for key, _ in fuse({"dense": [(b, 0.5), (a, 0.5)]}, EVEN)] == [a, b]


def test_unknown_leg() -> None:
    """A leg nobody weighed is a mistake in the call."""
    with pytest.raises(ValueError, match="No fusion weight for splade"):
        fuse({"splade": [("a", 1.0)]}, EVEN)


def test_the_dense_leg_leads_where_words_cannot_match() -> None:
    """And steps back where they do; the weights are shares at any coverage."""
    found = {
        "dense": [("meant", 0.6), ("other", 0.2)],
        "lemmas": [("said", 9.0), ("other", 1.0)],
        "trigrams": [("said", 30.0), ("other", 8.0)],
    }
    assert rank(found, lambda key: 1.0 if key == "said" else 0.0)[0][0] == "said"
    found["trigrams"] = [("other", 9.0), ("said", 8.0)]
    assert rank(found, lambda _: 0.0)[0][0] == "meant"
    for coverage in (0.0, ENOUGH / 2, ENOUGH, 1.0):
        shares = weights(coverage)
        assert sum(shares.values()) == pytest.approx(1)
        assert set(shares) == set(LEGS)
    assert weights(0)["dense"] > weights(ENOUGH)["dense"] == weights(1)["dense"]
