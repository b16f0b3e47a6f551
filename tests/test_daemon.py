"""What our daemon does otherwise than Dagster's; that it runs is seen with the installation."""

from unittest.mock import Mock

import dagster as dg
import pytest
from dagster._core.errors import DagsterDefinitionChangedDeserializationError

from tests.support import pipeline
from tg_assets import daemon
from tg_assets.daemon import check_target
from tg_assets.definitions import build_defs
from tg_assets.partitions import FEEDS_NAME

POSTS = dg.AssetKey("posts")
THERE, OTHER, GONE = "2026-01-05|demo.there", "2026-01-05|demo.other", "2026-01-05|demo.gone"


def test_a_look_at_a_backfill_lists_no_other_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are as many as dates times feeds, and each open backfill is looked at every three seconds."""
    graph = build_defs().resolve_asset_graph()
    partitions = graph.get(POSTS).partitions_def
    assert isinstance(partitions, dg.MultiPartitionsDefinition)

    def listed(*_: object, **__: object) -> None:
        raise AssertionError("all partitions were listed")

    with pipeline.new_instance() as instance, dg.partition_loading_context(dynamic_partitions_store=instance):
        instance.add_dynamic_partitions(FEEDS_NAME, ["demo.there", "demo.other"])
        with monkeypatch.context() as patch:
            patch.setattr(dg.MultiPartitionsDefinition, "get_partition_keys", listed)
            check_target(POSTS, graph, partitions.subset_with_partition_keys([THERE]), None)
            with pytest.raises(AssertionError, match="were listed"):
                check_target(POSTS, graph, partitions.subset_with_partition_keys([THERE, GONE]), None)
            # Those of another asset of the same backfill are known to be there for a moment.
            asked = Mock(wraps=instance.get_existing_dynamic_partitions)
            patch.setattr(instance, "get_existing_dynamic_partitions", asked)
            for _ in range(3):
                check_target(POSTS, graph, partitions.subset_with_partition_keys([OTHER]), None)
            assert asked.call_count == 1
            monkeypatch.setattr(daemon, "BACKFILL_SECONDS", -1)
            check_target(POSTS, graph, partitions.subset_with_partition_keys([THERE]), None)
            check_target(POSTS, graph, partitions.subset_with_partition_keys([THERE]), None)
            assert asked.call_count == 3
        for missing in (GONE, "2017-01-05|demo.there"):
            with pytest.raises(DagsterDefinitionChangedDeserializationError, match="have been removed"):
                check_target(POSTS, graph, partitions.subset_with_partition_keys([THERE, missing]), None)
        nothing = dg.AssetKey("nothing")
        with pytest.raises(DagsterDefinitionChangedDeserializationError, match="no longer does"):
            check_target(nothing, graph, partitions.subset_with_partition_keys([THERE]), None)
