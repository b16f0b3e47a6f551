"""What a person looks for is found: by text, by what is read in pictures, by its owner only."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from click.testing import CliRunner

from tests.pipeline.conftest import Materialized
from tests.support import pipeline
from tests.support.pipeline import expected
from tg_assets.answers.ranked import Hit, fits, ranked
from tg_assets.answers.suggest import suggest
from tg_assets.cli import runtime
from tg_assets.cli.search import search_command
from tg_assets.errors import TgAssetsError
from tg_assets.index.evidence import FAIR
from tg_assets.stores.vectors import Narrow
from tg_assets.vision.picture_words import is_russian

OWNER = 510001001
PROBES = expected()["probes"]


def find(tenant: str, query: str, narrow: Narrow = Narrow(owners=(OWNER,)), limit: int = 10) -> Sequence[Hit]:  # noqa: B008
    return ranked(pipeline.archive(tenant, *narrow.owners), query, narrow, limit)


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


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("мем про птицу", 443), ("a meme with a bird", 443), ("солнечные очки", 511), ("sunglasses", 511),
        ("фиолетовый мем", 511), ("розовый скриншот", 90454), ("pink screenshot", 90454), ("церковь", 37),
    ],
)  # fmt: skip
def test_pictures_without_captions_are_found(sample: Materialized, query: str, number: int) -> None:
    """By kind, colour and what the models of the extra ``vision`` saw, in both languages; and it is said why."""
    captions = "SELECT content FROM messages WHERE telegram_message_id = :number"
    assert [row.content for row in pipeline.rows(sample.tenant, captions, number=number)] == [""]
    hits = find(sample.tenant, query, limit=3)
    found = {number: hit for hit in hits for number in messages_of(sample.tenant, hit)}
    assert number in found
    assert found[number].score > FAIR
    assert found[number].picture or not is_russian(query), "the snippet of an English description says it itself"


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


def test_scores_say_whether_anything_fits(sample: Materialized) -> None:
    """What is there has a score to speak of; what is not there has none."""
    for probe in PROBES:
        assert probe["via"] != "text" or fits(find(sample.tenant, str(probe["query"]))), probe
    assert fits(find(sample.tenant, "эффективность солнечных панелей на морозе"))
    for query in ("Bitcoin price today", "курс биткоина", "Champions League final tickets", "свадебное платье"):
        hits = find(sample.tenant, query)
        assert not fits(hits), (query, hits[0].score, hits[0].snippet)
    assert not fits([])


def test_messages_are_found_by_their_author(sample: Materialized) -> None:
    """The name need not be in the text; the names of a private chat are its owner's."""
    authors = pipeline.rows(
        sample.tenant,
        """SELECT m.author_name FROM messages m JOIN channels c ON c.id = m.channel_id
           WHERE c.owner_id = 0 AND m.source = 'group' AND m.author_name IS NOT NULL AND m.content <> ''
           GROUP BY 1 HAVING count(*) > 20 ORDER BY count(*) DESC LIMIT 3""",
    )
    assert authors
    for (author,) in authors:
        ids_ = [hit.id for hit in find(sample.tenant, f"что пишет {author}?", Narrow(kind="post"), 5)]
        found = pipeline.rows(sample.tenant, "SELECT author_name FROM messages WHERE id = ANY(:ids)", ids=ids_)
        assert {row[0] for row in found} == {author}
    private = find(sample.tenant, "что писала Катя Новак", limit=5)
    assert {hit.chat for hit in private} == {"Катя Новак"}
    assert "Катя Новак" not in {hit.chat for hit in find(sample.tenant, "что писала Катя Новак", Narrow(), 50)}


def test_the_command_says_when_nothing_fits(sample: Materialized) -> None:
    """To people and to programs; a result's number has a word beside it."""
    runtime.settings.cache_clear()

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(search_command, [*arguments, "--tenant", sample.tenant], catch_exceptions=False)
        assert done.exit_code == 0
        return str(done.stdout)

    assert "Nothing here fits well." in said("Bitcoin price today")
    assert "weak" in said("Bitcoin price today", "--limit", "1")
    good = said("ремонт генератора", "--limit", "3")
    assert "Nothing here fits well." not in good
    assert "strong" in good
    nothing, something = (json.loads(said(query, "--json")) for query in ("Bitcoin price today", "ремонт генератора"))
    assert (nothing["fits"], something["fits"]) == (False, True)
    assert {hit["fit"] for hit in nothing["items"]} == {"weak"}
    best = something["items"][0]
    assert best["score"] == max(hit["score"] for hit in something["items"]) <= 1
    assert best.keys() >= {"id", "kind", "fit", "posted_at", "feed", "chat", "telegram_message_id", "text", "link"}
    assert json.loads(said("маяк", "--since", "2000-01-01", "--until", "2000-01-02", "--json")) == {
        "command": "search", "fits": False, "understood": [], "cursor": None, "items": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "query", ["https://mayak.example/incidents/7", "data.mayak.example/winter-2026", "@pavel_grom"]
)
def test_a_link_or_a_name_alone_is_looked_for(sample: Materialized, query: str) -> None:
    """Also while it is typed."""
    archive = pipeline.archive(sample.tenant, OWNER)
    for hits in (find(sample.tenant, query), suggest(archive, query[:-2]).hits):
        found = [hit.post for hit in hits]
        said = pipeline.rows(sample.tenant, "SELECT content FROM messages WHERE id = ANY(:ids)", ids=found)
        assert any(query in row.content for row in said)


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u200b"])
def test_a_query_without_words_is_a_sentence(sample: Materialized, query: str) -> None:
    with pytest.raises(TgAssetsError, match="at least one word"):
        find(sample.tenant, query)


@pytest.mark.parametrize("query", ["' OR 1=1 --", "\x00маяк", "маяк " * 5000, "😀 маяк", "../../etc/passwd"])
def test_odd_queries_are_answered(sample: Materialized, query: str) -> None:
    find(sample.tenant, query)
