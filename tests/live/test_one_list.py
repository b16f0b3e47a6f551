"""An asset is its module and its line in the list: everything else follows from them."""

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from tests.live.support import DELETED, PARSED, Live
from tests.support import pipeline
from tests.telegram.exports import chat, message
from tg_assets import assets, ids
from tg_assets.assets.asset import Asset
from tg_assets.assets.asset import Live as Place
from tg_assets.assets.order import live_round, rules
from tg_assets.assets.rehearsal import rehearse
from tg_assets.definitions import build_defs
from tg_assets.jsonb import jsonb
from tg_assets.ledger.enrichment import save_enrichment
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.scope import Scope

SECRET = "zorblaxtoy"


def _work(chunk: Chunk) -> Outcome:
    rows = chunk.connection.execute(text("SELECT m.id, m.content FROM chunk JOIN messages m ON m.id = chunk.item_id"))
    found = [(row.id, None, jsonb({"shouted": row.content.upper()}), "ok", None) for row in rows]
    save_enrichment(chunk.connection, "general", "toy", found)
    return Outcome(counts=Counter(shouted=len(found)))


STAGE = Stage(
    "shouts",
    "1",
    """SELECT id AS item_id, posted_at AS at, 0 AS tokens, content_hash AS input_hash FROM messages
       WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until AND deleted_at IS NULL""",
    _work,
)
ASSET = Asset(
    name="shouts",
    description="What every message would be if it were shouted.",
    group="enrichment",
    kinds=frozenset({"python"}),
    deps=("posts",),
    stages=lambda _tools: (STAGE,),
    ledger=("shouts",),
    live=Place(),
)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "ASSETS", (ASSET, *assets.ASSETS))


def test_it_is_defined_checked_and_in_its_place() -> None:
    """Wherever in the list it stands: after what it is made of."""
    graph = build_defs().resolve_asset_graph()
    assert {one.to_user_string() for one in graph.get(dg.AssetKey("shouts")).parent_keys} == {"posts"}
    assert dg.AssetCheckKey(dg.AssetKey("shouts"), "nothing_failed") in graph.asset_check_keys
    assert [rule.stages for rule in rules(assets.ASSETS) if rule.asset == "shouts"] == [("shouts",)]
    order = live_round(assets.ASSETS).first
    assert order.index("posts") < order.index("shouts")


def test_it_is_counted_as_it_is_made_and_goes_with_its_message(live: Live, tmp_path: Path) -> None:
    """The dry run says what the run does; live traffic makes it; nothing of a deleted message is left in it."""
    at = {"date": "2023-05-01T12:00:00", "date_unixtime": "1682942400"}
    sent = [message(number, text=f"{SECRET} {number}", text_entities=[], **at) for number in (1, 2, 3)]
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path, chat(*sent)), live.tenant)
    assert report.first
    scope = Scope(report.feed, report.first.replace(hour=0, minute=0), report.first.replace(hour=23))
    tools = pipeline.tools()
    with pipeline.postgres().tenant(ids.tenant_id(live.tenant)) as session:
        counted = {stage.name: one.todo for _, stage, one in rehearse(session, scope, assets.ASSETS, tools)}
    assert counted["shouts"] == 3
    day = report.first.date()
    result = pipeline.materialize(report.feed, day, day, ["posts", "shouts"])
    assert pipeline.metadata(result, "shouts")["made"] == 3
    about = {"tenant_id": live.tenant, "tg_channel_id": -1_000_000_000_042}
    live.send(about | {"telegram_message_id": 4, "text": SECRET, "posted_at": "2023-05-01T12:10:00Z"}, stream=PARSED)
    live.send(about | {"telegram_message_ids": [1]}, stream=DELETED)
    live.drain()
    live.refresh()
    kept = live.rows("SELECT data->>'shouted' FROM post_enrichment WHERE kind = 'general' ORDER BY 1")
    assert [row[0] for row in kept] == [SECRET.upper(), f"{SECRET.upper()} 2", f"{SECRET.upper()} 3"]
    gone = str(ids.post_id(ids.channel_id(ids.tenant_id(live.tenant), ids.peer_id("channel", 42), 0), 1))
    ledger = live.rows("SELECT item_id::text, status FROM derivations WHERE stage = 'shouts'")
    assert len(ledger) == 3
    assert gone not in {row[0] for row in ledger}
