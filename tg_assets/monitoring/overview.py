"""The dashboard that an operator looks at first: what is wrong now, and then stage by stage."""

from collections.abc import Mapping

from tg_assets.monitoring.grafana import Dashboard, Kind, Panel, Query, Row
from tg_assets.monitoring.queries import OUTCOMES, RATE, per_second, quantile

_DAY = 86_400.0
_WHERE = "alertname, target, name, stream, stage, outcome"
_FIRING = f"""
2 * max by ({_WHERE}) (ALERTS{{alertstate="firing",severity="critical"}})
or max by ({_WHERE}) (ALERTS{{alertstate="firing",severity="warning"}})
or label_replace(vector(0), "alertname", "No alert fires", "", "") unless on () ALERTS{{alertstate="firing"}}
""".strip()


def _unsettled(outcome: str) -> str:
    # There is no series of a stage without such items; where the database was asked there is one of dead letters.
    return f'sum(stage_unsettled_items{{outcome="{outcome}"}}) or 0 * sum(dead_letters)'


def _now(title: str, description: str, expr: str, steps: Mapping[float, str], unit: str = "short") -> Panel:
    return Panel(title, description, (Query(expr, title),), unit, Kind.stat, width=3, height=4, steps=steps)


_NOW = (
    Panel(
        "Alerts", "What is wrong now: alerts that fire, red where they are critical.",
        (Query(_FIRING, "{{alertname}} {{target}} {{name}} {{stream}} {{stage}} {{outcome}}"),),
        kind=Kind.stat, width=12, height=6, steps={1: "orange", 2: "red"}, names_only=True,
    ),
    Panel(
        "Servers", "Whether each server answers, and the page of metrics itself.",
        (Query("metrics_backend_up", "{{target}}"), Query('up{job="tg-assets"}', "metrics")),
        kind=Kind.stat, width=12, height=6, words={0: ("away", "red"), 1: ("up", "green")},
    ),
    _now("Oldest entry", "Age of the oldest entry of a stream that is not settled.",
         "max(stream_oldest_seconds)", {60: "orange", 300: "red"}, "s"),
    _now("Oldest partition", "How long a partition that live traffic changed has waited for a run.",
         "max(dirty_oldest_seconds)", {300: "orange", 900: "red"}, "s"),
    _now("Oldest event", "How long an event has waited to be sent.",
         "max(outgoing_oldest_seconds)", {600: "orange"}, "s"),
    _now("Dead letters", "Events and messages that were rejected and not replayed.",
         "sum(dead_letters)", {1: "orange"}),
    _now("Failed items", "Items that a stage stumbled over; later runs try them again.",
         _unsettled("failed"), {1: "orange"}),
    _now("Waiting items", "Items that wait for something outside, such as a model or its budget.",
         _unsettled("waiting"), {1: "orange"}),
    _now("Miscounted albums", "Albums that say another number of items than they have.",
         "sum(albums_miscounted)", {1: "orange"}),
    _now("Disk free", "Free part of the disk that holds the data directory.",
         "min(disk_free_bytes / disk_size_bytes)", {0: "red", 0.1: "orange", 0.2: "green"}, "percentunit"),
    _now("Failed runs", "Runs that failed within the last hour.", "max(failed_runs)", {1: "orange"}),
    _now("Missing messages", "Stretches of message ids that are unknown although later ones came live.",
         "max(live_holes)", {1: "orange"}),
    _now("Quiet chats", "Chats that are silent for longer than they ever were in four weeks.",
         "max(quiet_chats)", {1: "orange"}),
    _now("Accounts stopped", "Accounts that do not read Telegram any more.", "max(accounts_stopped)", {1: "orange"}),
    _now("Flood wait", "How long Telegram lets the account wait that waits longest.",
         "max(flood_wait_seconds)", {900: "orange"}, "s"),
    _now("Session unused", "Since the session that rests longest was used or made.",
         "max(session_unused_seconds)", {90 * _DAY: "orange"}, "s"),
    _now("Tokens left", "Part of today's tokens that is left to the tenant and model that have least.",
         "min(token_budget_left_ratio)", {0: "orange", 0.1: "green"}, "percentunit"),
    _now("Certificates", "Until the first certificate of a server ends; grey where none shows one.",
         "min(certificate_left_seconds)", {0: "orange", 14 * _DAY: "green"}, "s"),
    Panel(
        "Sensors and schedules", "Whether those are on that an installation runs by.",
        (Query("automation_on", "{{name}}"),),
        kind=Kind.stat, width=13, height=6, words={0: ("off", "orange"), 1: ("on", "green")},
    ),
    Panel(
        "Receivers given up", "Receivers of saved questions that did not answer for days and are told no more.",
        (Query("sum(receivers_given_up)", "receivers"),), kind=Kind.stat, width=3, height=6, steps={1: "orange"},
    ),
    Panel(
        "Measured", "Whether each part of what is shown here could be measured; what could not is grey.",
        (Query("measured_ok", "{{part}}"),),
        kind=Kind.stat, width=8, height=6, words={0: ("unknown", "orange"), 1: ("known", "green")},
    ),
)  # fmt: skip

_LIVE = (
    Panel(
        "Unread entries", "Entries of streams that nobody has read.",
        (Query("stream_unread_entries", "{{stream}}"),), width=6,
    ),
    Panel(
        "Entries at work", "Entries that were read and are not acknowledged.",
        (Query("stream_pending_entries", "{{stream}}"),), width=6,
    ),
    Panel(
        "Age of entries", "Age of each stream's oldest entry that is not settled.",
        (Query("stream_oldest_seconds", "{{stream}}"),), "s", width=6, steps={300: "red"},
    ),
    Panel(
        "Entries kept", "Entries that streams hold, those among them that everybody has acknowledged.",
        (Query("stream_entries", "{{stream}}"),), width=6,
    ),
    Panel(
        "Waiting in the database", "Partitions to refresh, events to be sent, and rejected messages.",
        (
            Query("sum(dirty_partitions)", "partitions"), Query("sum(outgoing_events)", "events"),
            Query("sum(dead_letters)", "dead letters"),
        ),
        width=12, colors={"dead letters": "red"},
    ),
    Panel(
        "Waited longest", "Age of the partition and of the event that have waited longest.",
        (Query("max(dirty_oldest_seconds)", "partitions"), Query("max(outgoing_oldest_seconds)", "events")),
        "s", width=12, steps={600: "orange", 900: "red"},
    ),
)  # fmt: skip

_STAGES = (
    Panel(
        "Items done", "Items that each stage settled well.",
        (Query(per_second('stage_items_total{outcome="ok"}', "stage") + " > 0", "{{stage}}"),),
        "suffix: items/s", nothing="No stage is at work",
    ),
    Panel(
        "Oldest work", "How long the partition has waited that waits longest for each stage.",
        (Query("stage_oldest_seconds > 0", "{{stage}}"),), "s", steps={300: "orange", 900: "red"},
        nothing="Nothing waits",
    ),
    Panel(
        "Items not done", "Items that failed, wait or were skipped, by stage.",
        (Query(per_second('stage_items_total{outcome!="ok"}', "stage", "outcome") + " > 0", "{{stage}} {{outcome}}"),),
        "suffix: items/s", nothing="None",
    ),
    Panel(
        "Chunks, p95", "Time that a chunk of a stage took, over 10 minutes.",
        (Query(quantile(0.95, "stage_chunk_seconds", "stage"), "{{stage}}"),), "s", nothing="No stage is at work",
    ),
    Panel(
        "Unsettled items", "Items that failed or wait for something outside, as the ledger has them.",
        (Query("stage_unsettled_items", "{{stage}} {{outcome}}"),), nothing="None",
    ),
    Panel(
        "Age of unsettled items", "Time since the oldest of them was tried last.",
        (Query("stage_unsettled_oldest_seconds", "{{stage}} {{outcome}}"),), "s", nothing="None",
    ),
)  # fmt: skip

_MODELS = (
    Panel(
        "Media", "Media stored, described or heard, by stage and by what came of them.",
        (Query(per_second("media_processing_total", "stage", "outcome") + " > 0", "{{stage}} {{outcome}}"),),
        "suffix: media/s", nothing="None",
    ),
    Panel(
        "Bytes of media", "Bytes of media stored for the first time.",
        (Query(per_second("media_bytes_total", "media") + " > 0", "{{media}}"),), "Bps", nothing="None",
    ),
    Panel(
        "Size of media, p95", "Size of media stored for the first time, over 10 minutes.",
        (Query(quantile(0.95, "media_size_bytes", "media"), "{{media}}"),), "bytes", nothing="None",
    ),
    Panel(
        "Describing a picture, p95", "Time per picture, by provider and with or without text in it, over 10 minutes.",
        (Query(quantile(0.95, "vision_analysis_duration_seconds", "provider", "has_ocr"),
               "{{provider}}, text: {{has_ocr}}"),),
        "s", nothing="None",
    ),
    Panel(
        "Tokens of a day", "Tokens that models elsewhere took within 24 hours, by stage.",
        (Query("sum by (stage) (increase(stage_tokens_total[1d])) > 0", "{{stage}}"),), nothing="None",
    ),
    Panel(
        "Albums", "Albums without a summary, and those whose number of items is not as they say.",
        (Query("sum(albums_in_progress)", "in progress"), Query("sum(albums_miscounted)", "miscounted")),
    ),
)  # fmt: skip

_TAGS_AND_GRAPH = (
    Panel(
        "Retagging", "Posts tagged again because of what their pictures show, and those left as they were.",
        (
            Query(per_second("retagging_processed_total", "changed", "outcome") + " > 0",
                  "changed: {{changed}}, {{outcome}}"),
            Query(per_second("retagging_skipped_total", "reason") + " > 0", "{{reason}}"),
        ),
        "suffix: posts/s", nothing="None",
    ),
    Panel(
        "Retagging, p95", "Time per post, by whether its tags changed, over 10 minutes.",
        (Query(quantile(0.95, "retagging_duration_seconds", "changed"), "changed: {{changed}}"),), "s", nothing="None",
    ),
    Panel(
        "Disk", "Free bytes and size of the disk that holds the data directory.",
        (Query("min(disk_free_bytes)", "free"), Query("min(disk_size_bytes)", "size")), "bytes",
    ),
    Panel(
        "Into the graph", "Posts and albums written to the graph, by what came of them.",
        (Query(per_second("graph_events_processed_total", "status"), "{{status}}"),),
        "suffix: items/s", colors=OUTCOMES,
    ),
    Panel(
        "Nodes and relations", "What was written of posts, albums and personas, and what could not be.",
        (
            Query(per_second("graph_writer_processed_total", "operation_type", "status") + " > 0",
                  "{{operation_type}} {{status}}"),
            Query(f"sum by (error_type) (rate(graph_writer_errors_total[{RATE}])) > 0", "{{error_type}}"),
        ),
        "suffix: items/s", nothing="None",
    ),
    Panel(
        "Writing the graph, p95", "Time of a chunk, of all and by what it is of, over 10 minutes.",
        (
            Query(quantile(0.95, "graph_processing_duration_seconds"), "all"),
            Query(quantile(0.95, "graph_writer_operation_duration_seconds", "operation_type"), "{{operation_type}}"),
        ),
        "s", nothing="None",
    ),
)  # fmt: skip

_TELEGRAM_AND_DAGSTER = (
    Panel(
        "Silence", "Gaps of the live path, chats that are quieter than usual, accounts that stopped.",
        (
            Query("max(live_holes)", "gaps"), Query("max(quiet_chats)", "quiet chats"),
            Query("max(accounts_stopped)", "accounts stopped"),
        ),
        colors={"accounts stopped": "orange"},
    ),
    Panel(
        "Runs that failed", "Runs of Dagster that failed within the hour before.",
        (Query("max(failed_runs)", "failed"),), colors={"failed": "red"},
    ),
    Panel(
        "Dagster's event log", "Rows of the event log, as PostgreSQL estimates them.",
        (Query("max(event_log_rows)", "rows"),), steps={20e6: "orange"},
    ),
)  # fmt: skip

DASHBOARD = Dashboard(
    "tg-assets", "tg-assets", "What is wrong now, what waits, what is being done.",
    (
        Row("", _NOW), Row("Live traffic", _LIVE), Row("Stages", _STAGES), Row("Media, models and albums", _MODELS),
        Row("Tags, graph and disk", _TAGS_AND_GRAPH), Row("Telegram and Dagster", _TELEGRAM_AND_DAGSTER),
    ),
)  # fmt: skip
