"""Search while somebody types: what was found completes the last word."""

from tests.pipeline.conftest import Materialized
from tests.pipeline.test_search import OWNER
from tests.support import pipeline
from tg_assets.answers.suggest import Suggestions, suggest


def typed(tenant: str, text: str, *owners: int) -> Suggestions:
    return suggest(pipeline.archive(tenant, *owners), text)


def test_a_beginning_is_completed(sample: Materialized) -> None:
    """By words of posts that have it, of which the best are shown; a whole word before it counts."""
    found = typed(sample.tenant, "ремонт генер")
    assert found.words
    assert all(word.startswith("генер") for word in found.words)
    assert "генератора" in found.words
    assert "ремонт дизельного генератора" in found.hits[0].snippet
    assert "seabirds" in typed(sample.tenant, "seab").words
    assert typed(sample.tenant, "ма").words
    assert typed(sample.tenant, "маяк ").words == []
    assert typed(sample.tenant, "маяк ").hits


def test_nothing_is_suggested_that_may_not_be_found(sample: Materialized) -> None:
    """Another tenant's words, and those of private chats of who is not named."""
    assert typed(pipeline.new_tenant(), "генер") == Suggestions([], [])
    assert "мурманска" in typed(sample.tenant, "мурман", OWNER).words
    assert "мурманска" not in typed(sample.tenant, "мурман").words
    for nothing in ("", " ", "м", "?!", "😀"):
        assert typed(sample.tenant, nothing) == Suggestions([], [])
    typed(sample.tenant, "' OR 1=1 --\x00")
