"""The dashboard of albums: how many come in, how many are summarised, how long that takes, what waits."""

from tg_assets.monitoring.grafana import Dashboard, Kind, Panel, Query, Row
from tg_assets.monitoring.queries import OUTCOMES, per_second, quantile

_ALBUMS = (
    Panel(
        "Albums parsed", "Albums assembled of their messages, by what came of them.",
        (Query(f"60 * {per_second('albums_parsed_total', 'status')}", "{{status}}"),),
        unit="suffix: albums/min", width=12, colors=OUTCOMES,
    ),
    Panel(
        "Albums assembled", "Albums summarised, by what came of them; as fast as they are parsed, but for bursts.",
        (Query(f"60 * {per_second('albums_assembled_total', 'status')}", "{{status}}"),),
        unit="suffix: albums/min", width=12, colors=OUTCOMES,
    ),
    Panel(
        "Assembly lag", "Time from an album's first described item to its summary, over 10 minutes.",
        (
            Query(quantile(0.95, "album_assembly_lag_seconds"), "p95"),
            Query(quantile(0.5, "album_assembly_lag_seconds"), "p50"),
        ),
        unit="s", width=12, steps={300: "orange", 600: "red"}, nothing="No album was summarised",
    ),
    Panel(
        "Albums in progress", "Albums without a summary, and the items of theirs that are there.",
        (
            Query("sum(albums_in_progress)", "albums"),
            Query('sum(album_items_count_gauge{status="pending"})', "items"),
        ),
        width=12, steps={500: "orange"},
    ),
    Panel(
        "Items of albums", "Items by what is known of them: summarised, still pending, deleted.",
        (Query("sum by (status) (album_items_count_gauge)", "{{status}}"),),
        colors={"settled": "green", "pending": "orange", "deleted": "text"},
    ),
    Panel(
        "Aggregation, p95", "Time per album that a chunk of summaries took, over 10 minutes.",
        (Query(quantile(0.95, "album_aggregation_duration_ms"), "p95"),),
        unit="ms", steps={5000: "orange"}, nothing="No album was summarised",
    ),
    Panel(
        "Size of summaries, p95", "Size of albums' summaries as they are stored, over 10 minutes.",
        (Query(quantile(0.95, "album_vision_summary_size_bytes"), "p95"),),
        unit="bytes", nothing="No album was summarised",
    ),
    Panel(
        "Active alerts", "Alerts of albums that fire, or are about to.",
        kind=Kind.alerts, width=24, height=6, alerts='{component="album_assembler"}',
    ),
)  # fmt: skip

DASHBOARD = Dashboard(
    "album-pipeline", "Albums", "From messages to summaries of albums.", (Row("", _ALBUMS),)
)  # fmt: skip
