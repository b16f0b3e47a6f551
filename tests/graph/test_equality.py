"""The graph is what PostgreSQL says, on either server: in any order, however often, and whoever died meanwhile."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.graph.world import EVE, World, at_once, build
from tests.support import pipeline
from tg_assets.assets import neo4j_nodes
from tg_assets.scope import Scope
from tg_assets.stores.graph import GraphStore

BEGIN, FORTNIGHT, FORTNIGHTS = datetime.fromisoformat("2026-01-01T00:00:00+00:00"), timedelta(weeks=2), 7


class Died(BaseException):
    """What no stage handles: as if the process were gone."""


@pytest.fixture(scope="module")
def world(both: dict[str, GraphStore], tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(pipeline.new_tenant(), tmp_path_factory.mktemp("world"))


def fortnights(world: World) -> list[Scope]:
    """All partitions, two weeks by two weeks."""
    starts = [BEGIN + number * FORTNIGHT for number in range(FORTNIGHTS)]
    return [Scope(feed, start, start + FORTNIGHT) for start in starts for feed in world.feeds]


def once(world: World, store: GraphStore) -> list[str]:
    """The graph as it is loaded in order, once."""
    world.wipe(store)
    world.write(store, fortnights(world))
    return world.dump(store)


@pytest.mark.timeout(2400)
def test_any_order_twice_and_in_two_halves_at_once(world: World, store: GraphStore) -> None:
    wanted = once(world, store)
    assert len(wanted) > 5000
    order = random.Random(7)
    mixed = fortnights(world)
    order.shuffle(mixed)
    world.wipe(store)
    world.write(store, mixed)
    assert world.dump(store) == wanted
    assert world.write(store, mixed) > 400
    assert world.dump(store) == wanted
    world.wipe(store)
    halves = mixed[::2], mixed[1::2]
    at_once(*(lambda half=half: world.write(store, half) for half in halves))  # type: ignore[misc]
    assert world.dump(store) == wanted


EDITS = (
    # Another topic instead of one that so is nobody's any more, and nobody is called by one of the names.
    """UPDATE post_enrichment SET data = replace(replace(data::text, 'погода', 'климат'), 'катя новак', 'катя')::jsonb
       WHERE kind = 'tags'""",
    """UPDATE post_enrichment SET data = jsonb_set(data, '{tags}', '[]') WHERE kind = 'tags'
         AND post_id IN (SELECT id FROM messages WHERE telegram_message_id % 7 = 0)""",
    # Other labels of pictures, and no looks at all.
    """UPDATE post_enrichment SET params_hash = 'x', data = jsonb_set(data, '{labels}', '["fog"]') WHERE kind = 'vision'
         AND post_id IN (SELECT id FROM messages WHERE telegram_message_id % 2 = 0)""",
    """UPDATE post_enrichment SET params_hash = NULL, data = '{}', status = 'skipped' WHERE kind = 'vision'
         AND post_id IN (SELECT id FROM messages WHERE telegram_message_id % 5 = 0)""",
    # Deleted: whatever others point at, whoever pointed at something, and all of one private chat.
    "UPDATE messages SET deleted_at = now() WHERE telegram_message_id % 11 = 0 AND album_id IS NULL",
    f"""UPDATE messages SET deleted_at = now() WHERE channel_id IN (
          SELECT id FROM channels WHERE owner_id = {EVE} AND source = 'persona')""",
    "UPDATE messages SET reply_to_message_id = NULL WHERE telegram_message_id % 3 = 0 AND reply_to_message_id > 0",
    "UPDATE messages SET forward_from_name = NULL, forward_from_peer_id = NULL, forward_from_chat_id = NULL,"
    " forward_from_message_id = NULL WHERE telegram_message_id % 2 = 0 AND forward_from_name IS NOT NULL",
    "UPDATE messages SET urls = '[]' WHERE urls <> '[]'",
)


@pytest.mark.timeout(2400)
def test_a_run_that_died_before_its_ledger_and_then_an_edit(
    store: GraphStore, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of some feeds the graph has what the dead run wrote and the ledger does not know of it, of others a run ended
    well; then messages are others. What is stale is made again, and nothing of what was is left."""
    world = build(tenant, tmp_path)
    world.write(store, world.scopes(world.feeds[:2]))

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(neo4j_nodes, "mark", die)
        for scope in world.scopes(world.feeds[1:]):
            with pytest.raises(Died):
                world.write(store, [scope])
    assert len(world.dump(store)) > 4000
    for edit in EDITS:
        assert pipeline.rows(tenant, f"{edit} RETURNING 1"), edit
    assert world.write(store, force=False) > 300
    found = world.dump(store)
    assert world.write(store, force=False) == 0
    assert found == once(world, store)
    left = [one for one in found if one.startswith(("('Topic'", "('Entity'"))]
    assert left
    assert not any("'погода'" in one or "'катя новак'" in one for one in left)
    assert any("'fog'" in one for one in found)
