"""What a question says of time and author moves results; a text in several places is one result."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from tests.pipeline.conftest import Materialized
from tests.pipeline.test_changes import said
from tests.pipeline.test_search import OWNER
from tests.support import pipeline
from tests.telegram.exports import chat
from tg_assets.answers.ranked import Hit, ranked
from tg_assets.cli import runtime
from tg_assets.cli.search import search_command
from tg_assets.index.rerank import Rerank

NOW = datetime(2026, 3, 25, tzinfo=UTC)


def find(tenant: str, query: str, limit: int = 5, rerank: Rerank | None = None) -> list[Hit]:
    return ranked(replace(pipeline.archive(tenant, OWNER), rerank=rerank), query, limit=limit, now=NOW)


def test_posts_of_the_time_and_author_come_first(sample: Materialized) -> None:
    first = find(sample.tenant, "итоги в феврале")[0]
    assert "Итоги февраля" in first.snippet
    assert find(sample.tenant, "погода в январе")[0].posted_at.month == 1
    assert find(sample.tenant, "погода в марте")[0].posted_at.month == 3
    asked, plain = ([hit.author or "" for hit in find(sample.tenant, query, 20)] for query in ("лёд от Ильи", "лёд"))
    first = [next((n for n, name in enumerate(names) if name.startswith("Илья")), 20) for names in (asked, plain)]
    assert first[0] < first[1] or first == [0, 0]


def test_a_forward_is_no_second_result(sample: Materialized) -> None:
    """A post of the channel that was forwarded to the group knows the other place."""
    hits = find(sample.tenant, "расстойка опара в спальном мешке", 10)
    bread = [hit for hit in hits if "Хлеб на закваске" in hit.snippet or "опара" in hit.snippet]
    assert len(bread) == 1
    assert {copy.chat for copy in bread[0].copies} | {bread[0].chat} == {"Северный маяк", "Команда маяка"}


class Last:
    """A model that likes what was last."""

    def scores(self, query: str, texts: list[str]) -> list[float]:
        return [float(place) for place in range(len(texts))]


def test_a_reranker_has_the_last_word(sample: Materialized) -> None:
    plain = find(sample.tenant, "ремонт генератора", 3)
    turned = find(sample.tenant, "ремонт генератора", 3, Rerank(Last(), 3))
    assert turned[0].id == plain[2].id
    assert [hit.score for hit in turned] == [hit.score for hit in plain]


def test_the_command_says_what_it_understood(tenant: str, tmp_path: Path) -> None:
    """An author only if there is one of that name; a name that is a place is none."""
    runtime.settings.cache_clear()
    path = pipeline.write_export(
        tmp_path, chat(said(1, "билеты в кассе", **{"from": "Катя"}), type="private_supergroup")
    )
    (report,) = pipeline.import_path(path, tenant)
    pipeline.materialize(report.feed, "2023-05-01", "2023-05-02", ["posts", "qdrant_points"])

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(search_command, [*arguments, "--tenant", tenant], catch_exceptions=False)
        assert done.exit_code == 0
        return str(done.stdout)

    assert "First what is from Кати, 2023-05-01..2023-05-31." in told("билеты от Кати за май 2023")
    found = json.loads(told("билеты от кассы", "--json"))
    assert found["understood"] == []
    assert found["items"][0].keys() >= {"author", "copies"}
