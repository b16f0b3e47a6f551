"""Every metric that exists, by name: what it is, and which values its labels may have.

No label holds a post, a channel, an album, a tenant or a person, so the number of series has a bound that is known
before anything is counted. What does not belong here: counting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod

OTHER = "other"
"""Stands for whatever value a label does not know."""


class Kind(StrEnum):
    """As Prometheus has them."""

    counter = "counter"
    gauge = "gauge"
    histogram = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """``labels`` maps names to the values that they may have; ``bounds`` are a histogram's, upper and inclusive.

    A counter's name has no ``_total``; it is shown with it.
    """

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bounds: tuple[float, ...] = ()

    @property
    def most_series(self) -> int:
        """How many series there can be."""
        series = prod(len({*values, OTHER}) for values in self.labels.values())
        return series * (len(self.bounds) + 3 if self.kind is Kind.histogram else 1)


OUTCOMES = ("ok", "failed", "skipped", "waiting")
MEDIA = ("photo", "video", "album", "doc", "unknown")
STAGES = (
    "posts", "media_objects", "media_groups", "vision_summaries", "vision_summaries.looks", "album_summaries",
    "transcripts", "conversations", "conversations.threads", "tags", "qdrant_points", "qdrant_points.albums",
    "qdrant_points.conversations", "qdrant_points.clip", "neo4j_nodes", "neo4j_nodes.albums", "feed_statistics",
    # Of a version of the index that is being built.
    "qdrant_points.rebuilt", "qdrant_points.albums.rebuilt", "qdrant_points.conversations.rebuilt",
)  # fmt: skip
# Those that live traffic asks for; `assets.ASSETS` says which, and a test compares them.
LIVE_STAGES = tuple(stage for stage in STAGES if "." not in stage)
STREAMS = (
    "posts:parsed", "posts:edited", "posts:deleted", "albums:parsed", "posts:vision:uploaded", "posts:vision:analyzed",
    "persona:messages:ingested",
)  # fmt: skip
TARGETS = ("postgres", "dagster", "daemon", "redis", "qdrant", "neo4j", "objects")
# What is measured besides whether servers answer.
PARTS = ("waiting", "streams", "disk", "dagster", "telegram", "event_log", "certificates")
# Sensors and schedules that are on unless somebody switches them off.
AUTOMATIONS = (
    "start_tail", "start_refresh", "register_feeds", "find_gaps", "evaluate_checks", "report_failed_runs",
    "report_alerts", "start_telling", "hourly_catch_up", "frequent_fetch", "daily_sweep", "nightly_maintenance",
    "hourly_tidying",
)  # fmt: skip
PROVIDERS = ("local", "gigachat", "openai", "hash")
YES_NO = ("true", "false")

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_LAG = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 86_400.0)
_BYTES = (1e3, 1e4, 1e5, 1e6, 5e6, 1e7, 5e7, 1e8, 1e9)

METRICS = (
    # -- albums
    Metric("albums_parsed", Kind.counter, "Albums assembled of their messages.", {"status": OUTCOMES}),
    Metric("albums_assembled", Kind.counter, "Albums summarised.", {"status": OUTCOMES}),
    Metric(
        "album_assembly_lag_seconds", Kind.histogram, "From an album's first described item to its summary.",
        bounds=_LAG,
    ),
    Metric(
        "album_items_count_gauge", Kind.gauge, "Items of albums, by what is known of them.",
        {"status": ("settled", "pending", "deleted")},
    ),
    Metric("albums_in_progress", Kind.gauge, "Albums that have no summary yet."),
    Metric("albums_miscounted", Kind.gauge, "Albums that say another number of items than they have."),
    Metric("album_vision_summary_size_bytes", Kind.histogram, "Size of albums' summaries.", bounds=_BYTES),
    Metric(
        "album_aggregation_duration_ms", Kind.histogram, "Time per album that a chunk of summaries took.",
        bounds=(1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0, 30_000.0),
    ),
    # -- media
    Metric(
        "media_processing", Kind.counter, "Media worked on: stored, and described or heard.",
        {"stage": ("media_objects", "vision_summaries", "transcripts"), "media": MEDIA, "outcome": OUTCOMES},
    ),
    Metric("media_bytes", Kind.counter, "Bytes of media stored for the first time.", {"media": MEDIA}),
    Metric("media_size_bytes", Kind.histogram, "Size of media stored for the first time.", {"media": MEDIA}, _BYTES),
    # -- pictures
    Metric(
        "vision_analysis_duration_seconds", Kind.histogram, "Time per picture that a chunk of descriptions took.",
        {"provider": PROVIDERS, "has_ocr": YES_NO}, _SECONDS,
    ),
    # -- tags
    Metric(
        "retagging_processed", Kind.counter, "Posts tagged again because of what their pictures show.",
        {"changed": YES_NO, "outcome": OUTCOMES},
    ),
    Metric(
        "retagging_duration_seconds", Kind.histogram, "Time per post that a chunk of tags took.",
        {"changed": YES_NO}, _SECONDS,
    ),
    Metric(
        "retagging_skipped", Kind.counter, "Posts looked at again whose pictures show what they did.",
        {"reason": ("features_unchanged", "unusable_reply")},
    ),
    # -- graph
    Metric("graph_events_processed", Kind.counter, "Posts and albums written to the graph.", {"status": OUTCOMES}),
    Metric("graph_processing_duration_seconds", Kind.histogram, "Time of a chunk of the graph.", bounds=_SECONDS),
    Metric(
        "graph_writer_processed", Kind.counter, "Nodes and relations written, by what they are of.",
        {"operation_type": ("post", "album", "persona"), "status": OUTCOMES},
    ),
    Metric(
        "graph_writer_operation_duration_seconds", Kind.histogram, "Time of a chunk of the graph, by what it is of.",
        {"operation_type": ("post", "album", "persona")}, _SECONDS,
    ),
    Metric(
        "graph_writer_errors", Kind.counter, "Posts and albums that could not be written.",
        {"error_type": ("processing_error", "not_ready")},
    ),
    # -- every stage
    Metric("stage_items", Kind.counter, "Items settled.", {"stage": STAGES, "outcome": OUTCOMES}),
    Metric("stage_chunk_seconds", Kind.histogram, "Time of a chunk, of whatever size.", {"stage": STAGES}, _SECONDS),
    Metric("stage_tokens", Kind.counter, "Tokens that models elsewhere took.", {"stage": STAGES}),
    # -- measured when asked for
    Metric("metrics_backend_up", Kind.gauge, "Whether a server answers.", {"target": TARGETS}),
    Metric("stream_entries", Kind.gauge, "Entries that a stream keeps.", {"stream": STREAMS}),
    Metric("stream_unread_entries", Kind.gauge, "Entries that nobody has read.", {"stream": STREAMS}),
    Metric("stream_pending_entries", Kind.gauge, "Entries read and not acknowledged.", {"stream": STREAMS}),
    Metric("stream_oldest_seconds", Kind.gauge, "Age of the oldest entry not settled.", {"stream": STREAMS}),
    Metric("dirty_partitions", Kind.gauge, "Partitions that live traffic changed and no run has worked on since."),
    Metric("dirty_oldest_seconds", Kind.gauge, "How long the one that waits longest has waited."),
    Metric(
        "stage_oldest_seconds", Kind.gauge, "How long the partition has waited that waits longest for this stage.",
        {"stage": LIVE_STAGES},
    ),
    Metric("outgoing_events", Kind.gauge, "Events that wait to be sent."),
    Metric("outgoing_oldest_seconds", Kind.gauge, "How long the one that waits longest has waited."),
    Metric("dead_letters", Kind.gauge, "Events and messages that were rejected and not replayed."),
    Metric("receivers_given_up", Kind.gauge, "Receivers of saved questions that did not answer for days."),
    Metric(
        "stage_unsettled_items", Kind.gauge, "Items that failed or wait for something outside.",
        {"stage": STAGES, "outcome": ("failed", "waiting")},
    ),
    Metric(
        "stage_unsettled_oldest_seconds", Kind.gauge, "Time since the oldest of them was tried last.",
        {"stage": STAGES, "outcome": ("failed", "waiting")},
    ),
    Metric("measured_ok", Kind.gauge, "Whether a part of these gauges could be measured.", {"part": PARTS}),
    Metric("automation_on", Kind.gauge, "Whether a sensor or schedule is on.", {"name": AUTOMATIONS}),
    Metric("failed_runs", Kind.gauge, "Runs that failed within the last hour."),
    Metric("event_log_rows", Kind.gauge, "Rows of Dagster's event log, as PostgreSQL estimates them."),
    Metric("live_holes", Kind.gauge, "Stretches of unknown message ids on the live path."),
    Metric("quiet_chats", Kind.gauge, "Chats that are silent for longer than they ever were in four weeks."),
    Metric("flood_wait_seconds", Kind.gauge, "How long Telegram lets the account wait that waits longest."),
    Metric("accounts_stopped", Kind.gauge, "Accounts that do not read Telegram any more."),
    Metric("session_unused_seconds", Kind.gauge, "Since the session that rests longest was used or made."),
    Metric(
        "token_budget_left_ratio", Kind.gauge, "What is left of today's tokens, where least is; 1 without a budget.",
    ),
    Metric(
        "certificate_left_seconds", Kind.gauge, "Until a server's certificate ends; only where it shows one.",
        {"target": TARGETS},
    ),
    Metric("disk_free_bytes", Kind.gauge, "Free bytes of the disk that holds the data directory."),
    Metric("disk_size_bytes", Kind.gauge, "Size of the disk that holds the data directory."),
)  # fmt: skip
BY_NAME = {metric.name: metric for metric in METRICS}

_MEDIA = {
    "photo": "photo", "video": "video", "animation": "video", "video_note": "video", "document": "doc", "audio": "doc",
    "voice": "doc", "sticker": "doc",
}  # fmt: skip


def media_of(kind: str | None) -> str:
    """The label of a kind of media: photo, video, album, doc, unknown."""
    return _MEDIA.get(kind or "", "unknown")
