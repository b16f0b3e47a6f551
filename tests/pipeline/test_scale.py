"""The public group of 101,668 messages through the assets that do not look inside pictures or words."""

from typing import Any

import pytest

from tests.support import pipeline
from tests.support.materializer import materialize_by_month
from tg_assets import ids

pytestmark = [pytest.mark.scale, pytest.mark.timeout(1800)]

SELECTION = ["telegram_messages", "posts", "media_objects", "media_groups"]
DRAWN = "2023-03-01"
"""From then on an eighth of the messages, and a quarter of the replies: half of them to a few that were before."""


def test_the_whole_group_is_stored_and_its_end_is_drawn(whole_group: dict[str, Any]) -> None:
    """Counts were taken from the file by other means; a second run finds nothing to do."""
    tenant, feed, first, last = (whole_group[name] for name in ("tenant", "feed", "first", "last"))
    parts = (first, last, SELECTION), (DRAWN, last, ["neo4j_nodes"])
    made = materialize_by_month(feed, *parts)
    assert made["neo4j_nodes"]["failed"] == 0
    print(f"seconds by asset: { {name: made[name]['seconds'] for name in SELECTION[1:]} }")
    assert made["telegram_messages"]["messages"] == 101_668
    for name in SELECTION[1:]:
        assert made[name]["failed"] == 0
    ((messages, service, replies, forwards, albums),) = pipeline.rows(
        tenant,
        """SELECT count(*), count(*) FILTER (WHERE is_service), count(reply_to_message_id),
                  count(forward_from_name), count(DISTINCT album_id) FROM group_messages""",
    )
    assert (messages, service, replies, forwards) == (101_668, 6_663, 50_219, 578)
    photos = pipeline.scalar(tenant, "SELECT count(*) FROM post_media_map WHERE kind = 'photo' AND role = 'primary'")
    assert photos == 4_465
    assert pipeline.scalar(tenant, "SELECT count(*) FROM media_groups") == albums == whole_group["counts"]["albums"]
    wrong = """SELECT count(*) FROM media_groups g WHERE items_count <>
               (SELECT count(*) FROM media_group_items i WHERE i.group_id = g.id)"""
    assert pipeline.scalar(tenant, wrong) == 0

    found = pipeline.graph_counts(tenant)
    assert found["REPLIES_TO"] == 13_462
    assert found["FORWARDED_FROM"] == 107
    assert found["HAS_POST"] == 2 * 13_596  # of the channel and of the group
    assert found["Album"] == pipeline.scalar(
        tenant, "SELECT count(*) FROM media_groups WHERE posted_at >= CAST(:since AS timestamptz)", since=DRAWN
    )
    with pipeline.neo4j().tenant(ids.tenant_id(tenant)) as graph:
        (to_them,) = graph.read(
            """MATCH (:Post {tenant_id: $tenant})-[r:REPLIES_TO]->(p:Post {tenant_id: $tenant, placeholder: true})
               RETURN count(r) AS replies, count(DISTINCT p) AS posts"""
        )
    assert (to_them["replies"], to_them["posts"]) == (6_582, 53)
    assert found["Post"] == 13_596 + 53

    again, wanted = materialize_by_month(feed, *parts), [*SELECTION[1:], "neo4j_nodes"]
    assert {name: again[name]["stale"] for name in wanted} == dict.fromkeys(wanted, 0)
    assert pipeline.graph_counts(tenant) == found
