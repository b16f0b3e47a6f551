"""What context adds to lines, and what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.context import Found, own
from tg_assets.index.conversation import Line, Talk, analyse_talks
from tg_assets.index.sparse import lemma_query, trigram_query
from tg_assets.index.text import TextParts
from tg_assets.index.units import APART, AROUND, BESIDE, FOLLOWS, NEAR, UNIT, first, lifted

KEYS = st.sampled_from("abcdef")
LEGS = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.tuples(KEYS, st.floats(0, 50)), max_size=6, unique_by=lambda hit: hit[0])
                  for name in ("dense", "lemmas", "trigrams")}
)  # fmt: skip
OTHERS = st.dictionaries(KEYS, st.lists(KEYS, max_size=3, unique=True), max_size=4)


@given(LEGS, LEGS, LEGS, OTHERS, OTHERS)
def test_a_score_only_rises(lines: dict, matter: dict, units: dict, near: dict, members: dict) -> None:  # type: ignore[type-arg]
    """Legs stay the same legs, best first; meaning is not lifted; without context nothing changes."""
    found = lifted(lines, matter, units, near, members)
    found.pop(AROUND, None)
    assert found.keys() == lines.keys()
    for name, hits in found.items():
        scores = dict(hits)
        assert all(scores[key] >= score for key, score in lines[name])
        assert [score for _, score in hits] == sorted(scores.values(), reverse=True)
    assert dict(found.get("dense", ())) == dict(lines.get("dense", ()))
    assert {name: dict(hits) for name, hits in lifted(lines, {}, {}, near, members).items() if name != AROUND} == {
        name: dict(hits) for name, hits in lines.items()
    }


def test_shares_of_neighbours_and_units_add_up() -> None:
    found = lifted(
        {"lemmas": [("a", 1.0)]}, {"lemmas": [("a", 4.0)]}, {"lemmas": [("u", 9.0)]}, {"a": "b"}, {"u": "bc"}
    )
    assert found == {
        "lemmas": [("b", 4 * NEAR["lemmas"] + 9 * UNIT["lemmas"]), ("a", 1.0), ("c", 9 * UNIT["lemmas"])]
    }  # fmt: skip


def test_a_line_gets_how_near_in_meaning_others_of_its_units_are() -> None:
    """The best of them, itself not counted; only units that were found tell, and only of their own lines."""
    dense = [("a", 0.9), ("b", 0.5), ("far", 0.8)]
    found = lifted({"dense": dense}, {}, {"lemmas": [("u", 2.0)]}, {}, {"u": "abc", "other": ["far", "a"]})
    assert found == {"dense": sorted(dense, key=lambda hit: -hit[1]), AROUND: [("b", 0.9), ("c", 0.9), ("a", 0.5)]}
    assert lifted({"dense": dense}, {}, {"lemmas": [("one", 2.0)]}, {}, {"one": "a"})[AROUND] == []


def test_in_a_dialogue_what_is_said_next_answers() -> None:
    """Of two lines beside a found one the later gets more; how near in meaning they are is told as a leg."""
    talk = {"b": {"a": -1, "c": 1}, "x": {"y": 1}}
    dense = [("b", 0.9), ("x", 0.5), ("far", 0.4)]
    found = lifted({"lemmas": [], "dense": dense}, {"lemmas": [("b", 4.0)]}, {}, {}, {}, talk)
    share = 4 * NEAR["lemmas"]
    assert found["lemmas"] == [("c", share * FOLLOWS[1]), ("a", share * FOLLOWS[-1])]
    assert found["dense"] == dense
    near = {"b": 0.5, "a": 0.5 * FOLLOWS[-1], "c": 0.5 * FOLLOWS[1], "x": 0.1, "y": 0.1 * FOLLOWS[1]}
    assert dict(found[BESIDE]) == pytest.approx(near)
    assert [line for line, _ in found[BESIDE]] == ["c", "a", "b", "y", "x"]
    assert dict(lifted({"dense": dense}, {}, {}, {}, {}, talk, 0.6)[BESIDE]).keys() == {"a", "b", "c"}


def test_beside_a_dialogue_what_is_elsewhere_keeps_its_place() -> None:
    """One line in ten may be of another chat; with more of them there is no such leg."""
    said = [(f"line {number}", 0.9 - number / 100) for number in range(20)]
    talk = {line: {"next": 1} for line, _ in said}
    least = said[-1][1]
    found = dict(lifted({"dense": [("post", 0.95), *said]}, {}, {}, {}, {}, talk)[BESIDE])
    assert found["post"] == pytest.approx(APART * (0.95 - least))
    assert found["line 0"] == pytest.approx(0.9 - least)
    posts = [(f"post {number}", 0.95) for number in range(3)]
    assert BESIDE not in lifted({"dense": [*posts, *said]}, {}, {}, {}, {}, talk)
    assert BESIDE not in lifted({"dense": said}, {}, {}, {}, {})


def test_two_looks_keep_all_legs() -> None:
    """What only the second one found a leg for is there, too."""
    here, then = Found({"dense": [("a", 0.5)]}, frozenset("a")), Found({"beside": [("b", 0.4)]}, frozenset("b"))
    assert here.joined(then).legs == {"dense": [("a", 0.5)], "beside": [("b", 0.4)]}


def test_first_lines_keep_what_every_leg_says_of_them() -> None:
    """A line that is first in one leg keeps its place in another, however deep; context alone brings nothing."""
    legs = {"dense": [("a", 0.9), ("b", 0.8), ("c", 0.7)], "lemmas": [("c", 5.0), ("b", 4.0)], AROUND: [("d", 0.9)]}
    assert first(legs, 1) == {"dense": [("a", 0.9), ("c", 0.7)], "lemmas": [("c", 5.0)], AROUND: []}


def test_words_in_the_other_script_say_nothing_of_a_matter() -> None:
    for query in (lemma_query, trigram_query):
        whole = query("маяк Tesla")
        assert set(own(whole).values) == {1.0}
        assert set(own(whole).indices) < set(whole.indices)


def test_a_unit_has_the_words_and_names_of_its_lines() -> None:
    """Cut as posts are, without lines that have no words; one line alone is none."""
    said = [
        Line(TextParts(post="The kettle whistles"), "Ann"),
        Line(TextParts(post="👍"), "Bo"),
        Line(TextParts(), "Cy"),
    ]
    (none,) = analyse_talks([Talk(tuple(said))])
    assert none is None
    (found,) = analyse_talks([Talk((*said, Line(TextParts(speech="oh " * 900 + "never"), "Dee")), "Tea")])
    assert found is not None
    assert len(found.texts) == 2
    assert found.short.startswith("The kettle whistles oh")
    named = lemma_query("kettle Ann Dee Tea")
    assert set(named.indices) & set(found.lemmas.indices) >= set(lemma_query("Ann Dee kettle").indices) & set(
        found.lemmas.indices
    )
    assert not set(own(lemma_query("never Bo")).indices) & set(found.lemmas.indices)
