"""What a run with models elsewhere costs, before and after, as people read it in the run's metadata."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.tagger import TaggerResource
from resources.vision import VisionResource
from tests.support import pipeline
from tests.support.model_server import Asked, ModelServer, recorded

VISION_PRICE, TAGS_PRICE = 2.0, 30.0


def answer(asked: Asked) -> str:
    """A picture described, or posts without tags."""
    numbers = re.findall(r'"n": (\d+)', str(asked.json["messages"][-1]["content"]))
    if not numbers:
        return json.dumps(recorded("picture"))
    return json.dumps({"posts": [{"n": int(number), "tags": []} for number in numbers]})


@pytest.fixture
def models(tenant: str, tmp_path: Path) -> Iterator[Path]:
    """A models file of two models with prices in two currencies, at a server that is running."""
    with ModelServer().running() as server:
        server.says = answer
        common = f'url = "{server.openai_url}"\ndaily_tokens = 10_000_000\nrequests_per_minute = 100_000'
        path = tmp_path / "models.toml"
        path.write_text(
            f"""
[tenants.{tenant}.vision]
kind = "openai"
model = "see"
price_per_1000_tokens = {VISION_PRICE}
currency = "EUR"
{common}
[tenants.{tenant}.tags]
kind = "openai"
model = "name"
price_per_1000_tokens = {TAGS_PRICE}
currency = "RUB"
{common}
"""
        )
        yield path


def shown(result: dg.ExecuteInProcessResult, asset: str) -> Mapping[str, Any]:
    """Metadata of an asset's materialization, or of what a dry run observed."""
    events = result.all_events
    for event in events:
        if event.asset_key == dg.AssetKey(asset) and (event.is_step_materialization or event.is_asset_observation):
            data: Any = event.event_specific_data
            said = data.materialization if event.is_step_materialization else data.asset_observation
            return {name: value.value for name, value in said.metadata.items()}
    raise AssertionError(f"nothing was said of {asset}")


def usage(tenant: str) -> dict[str, int]:
    """Tokens that were taken, by model."""
    return dict(map(tuple, pipeline.rows(tenant, "SELECT model, tokens::int FROM token_usage")))


PAID = (("vision_summaries", "see", VISION_PRICE, "EUR"), ("tags", "name", TAGS_PRICE, "RUB"))


def test_before_and_after(tenant: str, models: Path) -> None:
    """A dry run asks nobody and names a price; the run names what was paid; once all is made nothing is."""
    reports = pipeline.import_path(pipeline.SAMPLE, tenant)
    report = max(reports, key=lambda one: one.counts["media_present"])
    assert report.first
    assert report.last
    first, last = report.first.date(), report.last.date()
    resources = {
        "vision": VisionResource(models_file=str(models)),
        "tagger": TaggerResource(models_file=str(models)),
    }

    def run(*assets: str, dry_run: bool = False) -> dg.ExecuteInProcessResult:
        return pipeline.materialize(report.feed, first, last, assets, {"dry_run": dry_run}, resources=resources)

    run("posts", "media_objects")
    planned = {asset: shown(run(asset, dry_run=True), asset) for asset, *_ in PAID}
    assert usage(tenant) == {}
    made = run("vision_summaries", "tags")
    again = run("vision_summaries", "tags")
    assert planned["vision_summaries"]["pictures"] == shown(made, "vision_summaries")["count/described"] > 0
    for asset, model, price, currency in PAID:
        spent = usage(tenant)[model]
        said = shown(made, asset)
        assert said["tokens"] == spent > 0
        assert said[f"cost_{currency.lower()}"] == pytest.approx(spent / 1000 * price, abs=1e-4)
        tokens = planned[asset]["tokens"]
        assert planned[asset][f"estimated_cost_{currency.lower()}"] == pytest.approx(tokens / 1000 * price, abs=1e-4)
        assert not {"tokens", f"cost_{currency.lower()}"} & shown(again, asset).keys()
