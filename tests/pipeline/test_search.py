"""What a person looks for is found: by text, by what is read in pictures, by its owner only."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from resources.embedder import UseEmbedder
from resources.qdrant import Narrow
from tests.pipeline.conftest import Materialized
from tests.support import pipeline
from tests.support.pipeline import expected
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.index.search import Hit, search

OWNER = 510001001
PROBES = expected()["probes"]


def find(tenant: str, query: str, narrow: Narrow = Narrow(owners=(OWNER,)), limit: int = 10) -> Sequence[Hit]:  # noqa: B008
    return search(query, ids.tenant_id(tenant), pipeline.qdrant(), UseEmbedder(), pipeline.postgres(), narrow, limit)


def messages_of(tenant: str, hit: Hit) -> set[int]:
    """Message ids that a hit stands for: its own, or those of its album."""
    if hit.kind == "album":
        rows = pipeline.rows(
            tenant,
            """SELECT m.telegram_message_id FROM media_group_items i JOIN messages m ON m.id = i.post_id
               WHERE i.group_id = :album""",
            album=hit.id,
        )
        return {row[0] for row in rows}
    return {hit.telegram_message_id} if hit.telegram_message_id else set()


@pytest.mark.parametrize("probe", PROBES, ids=[f"{probe['via']}-{probe['message_id']}" for probe in PROBES])
def test_probes_are_found_in_the_top_three(sample: Materialized, probe: dict[str, object]) -> None:
    """Text probes share words with their message; OCR probes only with its picture."""
    hits = find(sample.tenant, str(probe["query"]), limit=3)
    found = [(hit.chat, number) for hit in hits for number in messages_of(sample.tenant, hit)]
    assert (probe["chat"], probe["message_id"]) in found


def test_direct_messages_are_found_by_their_owner_only(sample: Materialized) -> None:
    """Without an owner, or with another one, private chats do not exist."""
    private = [probe for probe in PROBES if probe["chat"] == "Катя Новак"]
    assert private
    for probe in private:
        for owners in ((), (OWNER + 1,), (510001007,)):
            assert "Катя Новак" not in {
                hit.chat for hit in find(sample.tenant, probe["query"], Narrow(owners=owners), 50)
            }


def test_another_tenant_finds_nothing(sample: Materialized) -> None:
    assert find(pipeline.new_tenant(), PROBES[0]["query"]) == []


def test_search_is_narrowed(sample: Materialized) -> None:
    """By feed, by kind, by tag, by time."""
    feed = sample.report("Северный маяк").feed
    assert {hit.feed for hit in find(sample.tenant, "маяк", Narrow(feeds=(feed,)), 30)} == {feed}
    assert {hit.kind for hit in find(sample.tenant, "маяк", Narrow(kind="album"), 30)} == {"album"}
    tagged = find(sample.tenant, "маяк", Narrow(tags=("маяк",)), 30)
    assert tagged
    assert all("маяк" in hit.tags for hit in tagged if hit.kind == "post")
    whole = find(sample.tenant, "маяк", limit=50)
    middle = sorted(hit.posted_at for hit in whole)[len(whole) // 2]
    later = find(sample.tenant, "маяк", Narrow(owners=(OWNER,), since=middle), 50)
    earlier = find(sample.tenant, "маяк", Narrow(owners=(OWNER,), until=middle), 50)
    assert min(hit.posted_at for hit in later) >= middle > max(hit.posted_at for hit in earlier)
    assert find(sample.tenant, "маяк", Narrow(since=middle, until=middle - timedelta(days=1))) == []


def test_hits_are_worth_reading(sample: Materialized) -> None:
    """Scores fall from at most 1, snippets hold text, links of the public channel lead to the message."""
    hits = find(sample.tenant, "ремонт генератора")
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1
    assert all(hit.snippet for hit in hits)
    assert len({hit.id for hit in hits}) == len(hits)


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200b"])
def test_a_query_without_words_is_a_sentence(sample: Materialized, query: str) -> None:
    with pytest.raises(TgAssetsError, match="at least one word"):
        find(sample.tenant, query)


@pytest.mark.parametrize("query", ["' OR 1=1 --", "\x00маяк", "маяк " * 5000, "😀 маяк", "../../etc/passwd"])
def test_odd_queries_are_answered(sample: Materialized, query: str) -> None:
    find(sample.tenant, query)
