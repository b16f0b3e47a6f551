"""The list of metrics: the names that users rely on, and a number of series that has a bound."""

import dagster as dg
import pytest

from tg_assets import assets
from tg_assets.assets import qdrant_points
from tg_assets.definitions import SCHEDULES, SENSORS
from tg_assets.events import streams
from tg_assets.ledger.switching import REBUILT
from tg_assets.metrics.catalogue import AUTOMATIONS, BY_NAME, LIVE_STAGES, METRICS, STAGES, STREAMS, Kind, media_of
from tg_assets.metrics.tally import Tally

CONTRACT = {
    "albums_parsed_total": ("status",), "albums_assembled_total": ("status",), "album_assembly_lag_seconds": (),
    "album_items_count_gauge": ("status",), "album_vision_summary_size_bytes": (), "album_aggregation_duration_ms": (),
    "media_processing_total": ("media", "outcome", "stage"), "media_bytes_total": ("media",),
    "media_size_bytes": ("media",), "metrics_backend_up": ("target",),
    "vision_analysis_duration_seconds": ("has_ocr", "provider"),
    "retagging_processed_total": ("changed", "outcome"), "retagging_duration_seconds": ("changed",),
    "retagging_skipped_total": ("reason",), "graph_events_processed_total": ("status",),
    "graph_processing_duration_seconds": (), "graph_writer_processed_total": ("operation_type", "status"),
    "graph_writer_operation_duration_seconds": ("operation_type",), "graph_writer_errors_total": ("error_type",),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRACT)
def test_names_of_the_contract(name: str) -> None:
    metric = BY_NAME[name.removesuffix("_total")]
    assert tuple(sorted(metric.labels)) == CONTRACT[name]
    assert (metric.kind is Kind.counter) == name.endswith("_total")


def test_no_label_is_unbounded() -> None:
    """Nor holds a post, a channel, an album, a tenant or a person: values are listed."""
    for metric in METRICS:
        assert len({*metric.labels} & {"post", "channel", "album", "tenant", "user", "feed", "chat"}) == 0
        assert metric.most_series <= 300, metric.name
    assert sum(metric.most_series for metric in METRICS) <= 1500


def test_every_stage_and_stream_is_known() -> None:
    made = {stage for asset in assets.ASSETS for stage in asset.ledger}
    made |= {kind.stage + REBUILT for kind in qdrant_points.KINDS}
    assert made == {*STAGES}
    assert {*LIVE_STAGES} == {asset.name for asset in assets.ASSETS if asset.live}
    assert [f"stream:{name}" for name in STREAMS] == [stream.name for stream in streams.INBOUND]


def test_every_sensor_and_schedule_that_is_on_is_known() -> None:
    """One that somebody switches off is then seen."""
    found = [one.name for one in SENSORS if one.default_status is dg.DefaultSensorStatus.RUNNING]
    found += [one.name for one in SCHEDULES if one.default_status is dg.DefaultScheduleStatus.RUNNING]
    assert {*AUTOMATIONS} == {*found}


def test_media_labels_are_those_of_the_contract() -> None:
    kinds = ("photo", "video", "animation", "audio", "voice", "video_note", "sticker", "document", "never seen", None)
    assert {media_of(kind) for kind in kinds} == {"photo", "video", "doc", "unknown"}


def test_a_value_that_nobody_listed_is_other() -> None:
    tally = Tally()
    tally.count("albums_parsed", status="Jane's album")
    assert list(tally.samples()) == [("albums_parsed_total", {"status": "other"}, 1)]


@pytest.mark.parametrize(
    ("name", "labels"),
    [("albums", {}), ("albums_parsed", {}), ("albums_parsed", {"status": "ok", "post": "1"}), ("media_size_bytes", {})],
)
def test_what_the_list_does_not_have_cannot_be_counted(name: str, labels: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        Tally().count(name, **labels)


def test_buckets() -> None:
    """A value belongs to the first bound that it does not exceed."""
    tally = Tally()
    for value, times in ((0.01, 1), (0.011, 2), (300.0, 1), (301.0, 3), (5.0, 0)):
        tally.observe("graph_processing_duration_seconds", value, times)
    found = {(name, labels.get("le")): amount for name, labels, amount in tally.samples()}
    name = "graph_processing_duration_seconds"
    assert found == {
        (f"{name}_bucket", "0.01"): 1, (f"{name}_bucket", "0.05"): 2, (f"{name}_bucket", "300.0"): 1,
        (f"{name}_bucket", "+Inf"): 3, (f"{name}_count", None): 7,
        (f"{name}_sum", None): pytest.approx(0.01 + 0.022 + 300 + 903),
    }  # fmt: skip
