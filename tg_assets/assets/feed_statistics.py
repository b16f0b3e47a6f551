"""Asset ``feed_statistics``: a daily roll-up of each feed, and its picture.

A day is stale when a message or a tag in it was written since the roll-up, or its last message has another time now.
Days are UTC.
"""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import dagster as dg
from sqlalchemy import Connection, text

from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.tools import Tools
from tg_assets.jsonb import jsonb
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.stores.database import temp_rows

if TYPE_CHECKING:
    import pandas as pd

TOP = 5

# Times are added up: of two transactions at once, what the one that began first wrote may come last.
INPUTS = """
    SELECT md5(concat_ws('/', 'feed_statistics', :feed, (m.posted_at AT TIME ZONE 'UTC')::date))::uuid AS item_id,
           min(date_trunc('day', m.posted_at)) AS at, 0 AS tokens,
           md5(concat_ws('/', count(*), sum(extract(epoch FROM m.updated_at)), sum(extract(epoch FROM t.updated_at))))
               AS input_hash
    FROM messages m LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
    GROUP BY (m.posted_at AT TIME ZONE 'UTC')::date
    UNION ALL
    SELECT md5(concat_ws('/', 'feed_statistics', :feed, s.day))::uuid, s.day::timestamp AT TIME ZONE 'UTC', 0, 'left'
    FROM feed_statistics s
    WHERE s.feed = :feed AND s.day >= (CAST(:since AS timestamptz) AT TIME ZONE 'UTC')::date
      AND s.day < (CAST(:until AS timestamptz) AT TIME ZONE 'UTC')::date
      AND NOT EXISTS (
          SELECT FROM messages m
          WHERE m.channel_id = ANY(:channels) AND m.posted_at >= s.day::timestamp AT TIME ZONE 'UTC'
            AND m.posted_at < (s.day + 1)::timestamp AT TIME ZONE 'UTC')
"""

# The bounds of all days let the window's index find them; by the join alone each day reads all of the feed.
MESSAGES = """
    SELECT (m.posted_at AT TIME ZONE 'UTC')::date AS day, m.is_service, m.deleted_at IS NOT NULL AS is_deleted,
           m.sender_tg_id, m.reply_to_message_id IS NOT NULL AS is_reply, m.has_media, m.album_id,
           coalesce(m.forward_from_name, m.forward_from_chat_id::text) AS forward_source, m.reactions_count,
           length(m.content) AS characters, t.data->'names' AS tags
    FROM messages m
    JOIN chunk ON m.posted_at >= chunk.at AND m.posted_at < chunk.at + interval '1 day'
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= (SELECT min(at) FROM chunk)
          AND m.posted_at < (SELECT max(at) FROM chunk) + interval '1 day'
"""

COLUMNS = {
    "day": "date", "messages": "int", "service_messages": "int", "deleted_messages": "int", "authors": "int",
    "replies": "int", "forwards": "int", "media": "int", "albums": "int", "reactions": "int", "characters": "int",
    "top_tags": "jsonb", "top_forward_sources": "jsonb",
}  # fmt: skip


def roll_up(frame: "pd.DataFrame") -> "pd.DataFrame":
    """One row per day out of one row per message; columns as in ``MESSAGES`` and ``COLUMNS``."""
    days = frame.groupby("day", sort=True)
    result = days.agg(
        messages=("is_service", "size"),
        service_messages=("is_service", "sum"),
        deleted_messages=("is_deleted", "sum"),
        authors=("sender_tg_id", "nunique"),
        replies=("is_reply", "sum"),
        forwards=("forward_source", "count"),
        media=("has_media", "sum"),
        albums=("album_id", "nunique"),
        reactions=("reactions_count", "sum"),
        characters=("characters", "sum"),
    )
    tags = frame[["day", "tags"]].explode("tags").dropna().rename(columns={"tags": "name"})
    sources = frame[["day", "forward_source"]].dropna().rename(columns={"forward_source": "name"})
    result["top_tags"] = _top(tags).reindex(result.index)
    result["top_forward_sources"] = _top(sources).reindex(result.index)
    return result.reset_index()


def _top(named: "pd.DataFrame") -> "pd.Series[Any]":
    """Per day, the most frequent names as a list of {name, count}; ties by name."""
    import pandas as pd

    if named.empty:
        return pd.Series(dtype=object)
    counts = named.groupby(["day", "name"]).size().reset_index(name="count")
    counts = counts.sort_values(["day", "count", "name"], ascending=[True, False, True]).groupby("day").head(TOP)
    records = {day: group[["name", "count"]].to_dict("records") for day, group in counts.groupby("day")}
    return pd.Series(records, dtype=object)


def _work(chunk: Chunk) -> Outcome:
    import pandas as pd

    rows = chunk.connection.execute(text(MESSAGES), {"channels": channels_of(chunk.connection, chunk.scope)})
    frame = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    outcome = Outcome()
    result = roll_up(frame)
    chunk.connection.execute(
        text("""DELETE FROM feed_statistics s USING chunk
                WHERE s.feed = :feed AND s.day = (chunk.at AT TIME ZONE 'UTC')::date AND s.day <> ALL(:days)"""),
        {"feed": chunk.scope.feed, "days": list(result["day"])},
    )
    temp_rows(
        chunk.connection,
        "rolled_up",
        COLUMNS,
        [
            [_json(value) if COLUMNS[name] == "jsonb" else value for name, value in zip(COLUMNS, row, strict=True)]
            for row in result[list(COLUMNS)].itertuples(index=False)
        ],
    )
    names = ", ".join(COLUMNS)
    chunk.connection.execute(
        text(f"""
            INSERT INTO feed_statistics (tenant_id, feed, {names})
            SELECT current_tenant(), :feed, {names} FROM rolled_up
            ON CONFLICT (tenant_id, feed, day) DO UPDATE SET
                {", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "day")}, updated_at = now()
        """),  # noqa: S608 - constant column names
        {"feed": chunk.scope.feed},
    )
    outcome.counts["days"] = len(result)
    return outcome


def _json(value: object) -> str:
    return jsonb(value if isinstance(value, list) else [])


def plot(days: Sequence[Any], title: str) -> str:
    """A PNG of messages and media per day, as Markdown with a data URI.

    It is kept with the event of every partition of a run, so it is reduced to 16 colours: about 3 KB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(7, 2.4), dpi=80)
    canvas: Any = FigureCanvasAgg(figure)
    # Margins that hold any count: to have them computed takes longer than to draw.
    axes = figure.subplots(gridspec_kw={"left": 0.08, "right": 0.985, "bottom": 0.11, "top": 0.89})
    dates = [row.day for row in days]
    axes.bar(dates, [row.messages for row in days], width=1.0, color="#3b6ea5", label="messages")
    axes.bar(dates, [row.media for row in days], width=1.0, color="#e0a030", label="with media")
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    canvas.draw()
    buffer = BytesIO()
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    drawn.convert("RGB").quantize(16).save(buffer, "PNG", optimize=True)
    return f"![{title}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"


def _shown(connection: Connection, scope: Scope, _tools: Tools) -> dict[str, Any]:
    days = connection.execute(
        text("""SELECT day, messages, media, replies, forwards, authors FROM feed_statistics
                WHERE feed = :feed AND day >= CAST(:since AS date) AND day < CAST(:until AS date) ORDER BY day"""),
        {"feed": scope.feed, "since": scope.since, "until": scope.until},
    ).all()
    if not days:
        return {}
    return {
        "messages": sum(row.messages for row in days),
        "days_with_messages": len(days),
        "volume": dg.MetadataValue.md(plot(days, f"{scope.feed}, messages per day")),
    }


STAGE = Stage("feed_statistics", "1", INPUTS, _work, chunk_size=31)


ASSET = Asset(
    name="feed_statistics",
    description="Volume, media, top tags and forward sources per day, with a plot.",
    group="insight",
    kinds=frozenset({"pandas", "postgres"}),
    deps=("posts", "tags"),
    stages=lambda _tools: (STAGE,),
    ledger=("feed_statistics",),
    shown=_shown,
    live=Live(last=True),
)
