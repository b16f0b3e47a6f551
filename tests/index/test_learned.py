"""The learned order, copies of a text, and a reranker's word."""

from collections.abc import Sequence

import pytest

from tg_assets.errors import TgAssetsError
from tg_assets.index.copies import LEAST, collapse
from tg_assets.index.evidence import Passage
from tg_assets.index.learned import FIRST, forms, reorder
from tg_assets.index.question import asked, asks
from tg_assets.index.ranking import order
from tg_assets.index.rerank import Rerank

SAID = {
    "question": Passage("Which dish does Nora bring?", "Hugo"),
    "answer": Passage("I will turn up with plum dumplings", "Nora Lind"),
    "other": Passage("I will turn up with a stew", "Idris"),
}
LEGS = {
    "dense": [("question", 0.9), ("answer", 0.5), ("other", 0.5)],
    "lemmas": [("question", 9.0), ("answer", 6.0), ("other", 1.0)],
    "trigrams": [("question", 9.0), ("answer", 6.0), ("other", 1.0)],
}


def test_a_question_is_answered_by_whom_it_names_and_not_by_itself() -> None:
    query = "Which dish does Nora bring?"
    assert order(query, LEGS, SAID.__getitem__, learned=False)[0][0] == "question"
    assert order("dish of Nora", LEGS, SAID.__getitem__)[0][0] == "question", "that is no question"
    ranked = [("question", 1.0), ("answer", 0.85), ("other", 0.6)]
    found = reorder(asked(query), asks(query), {}, ranked, SAID.__getitem__)
    assert [key for key, _ in found] == ["answer", "question", "other"]
    assert found[0][1] == 1
    assert [left for _, left in found] == sorted((left for _, left in found), reverse=True)


def test_of_equals_the_line_among_lines_of_the_same_meaning_is_first() -> None:
    ranked = [("answer", 0.9), ("other", 0.9)]
    assert [key for key, _ in reorder(["dish"], False, {}, ranked, SAID.__getitem__)] == ["answer", "other"]
    assert reorder(["dish"], False, {"other": 1.0}, ranked, SAID.__getitem__)[0] == ("other", 1.0)
    legs = {name: [("answer", 1.0), ("other", 1.0)] for name in LEGS}
    assert order("dish", {**legs, "around": [("other", 0.6)]}, SAID.__getitem__)[0][0] == "other"


def test_names_meet_in_any_form_and_script() -> None:
    assert not forms(asked("что у Норы?")).isdisjoint(SAID["answer"].author | Passage("", "Нора").author)
    assert not forms(["nora"]).isdisjoint(Passage("", "Нора").author)


def test_what_is_behind_stays_behind() -> None:
    ranked = [(number, 1 - number / 200) for number in range(2 * FIRST)]
    found = reorder(["word"], False, {}, ranked, lambda _: Passage("text"))
    assert [key for key, _ in found] == [key for key, _ in ranked]
    assert reorder(["word"], False, {}, [], lambda _: Passage("text")) == []


@pytest.mark.parametrize(
    ("query", "does"),
    [("Кто чинил маяк", True), ("what is it", True), ("маяк?", True), ("генератор", False), ("", False)],
)
def test_what_is_a_question(query: str, does: bool) -> None:
    assert asks(query) is does


def test_copies_of_a_text_are_one_result() -> None:
    """Nearly the same words of the same kind; short texts, other texts and other kinds stay."""
    long = frozenset(map(str, range(20)))
    said = {
        "first": ("post", long), "copy": ("post", long), "near": ("post", long - {"1"} | {"new"}),
        "far": ("post", long - frozenset(map(str, range(5)))), "album": ("album", long),
        "short": ("post", frozenset("ab")), "also short": ("post", frozenset("ab")),
    }  # fmt: skip
    assert len(said["short"][1]) < LEAST
    ranked = [(key, 1.0) for key in said]
    found = {key: copies for key, _, copies in collapse(ranked, said.__getitem__, 10)}
    assert found == {"first": ["copy", "near"], "far": [], "album": [], "short": [], "also short": []}
    assert [key for key, *_ in collapse(ranked, said.__getitem__, 2)] == ["first", "far"]
    assert collapse(ranked, said.__getitem__, 1)[0][2] == ["copy", "near"], "also of those that are not shown"


class Backwards:
    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        return [float(len(text)) for text in texts]


class Broken:
    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        raise TgAssetsError("It does not answer.")


def test_a_reranker_orders_the_first_results() -> None:
    """Their scores stay with the places; one that fails changes nothing."""
    ranked = [("a", 0.9), ("bb", 0.5), ("cccc", 0.2), ("ddddd", 0.1)]
    assert Rerank(Backwards(), 3).order("q", ranked, str) == [("cccc", 0.9), ("bb", 0.5), ("a", 0.2), ("ddddd", 0.1)]
    assert Rerank(Broken(), 3).order("q", ranked, str) == ranked
    assert Rerank(Backwards(), 3).order("q", [], str) == []
