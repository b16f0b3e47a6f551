"""What a search is limited to, as people type it."""

import pytest

from tg_assets.answers.search import narrowing
from tg_assets.stores.narrow import filtered

KEPT = "море"


@pytest.mark.parametrize("typed", ["море", "Море", "#море", " #МОРЕ "])
def test_a_tag_is_found_however_it_is_typed(typed: str) -> None:
    must = filtered("t", narrowing(tags=[typed]), scoped=False)["must"]
    assert {"key": "tags", "match": {"value": KEPT}} in must


def test_a_tag_that_may_be_kept_in_two_forms_is_any_of_them() -> None:
    """A hashtag has the letters that it was written with, a phrase those that words are compared in."""
    must = filtered("t", narrowing(tags=["Ёлка", "sea"]), scoped=False)["must"]
    assert {"key": "tags", "match": {"any": ["елка", "ёлка"]}} in must
    assert {"key": "tags", "match": {"value": "sea"}} in must
