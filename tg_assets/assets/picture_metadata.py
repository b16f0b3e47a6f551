"""What people see of pictures and albums in the UI: tables of labels and kinds, cost, a contact sheet of albums.

What does not belong here: anything that is derived or kept.
"""

from typing import Any

import dagster as dg
from sqlalchemy import Connection, text

from tg_assets.albums.sheet import MOST_ALBUMS, MOST_PICTURES, Shown, contact_sheet
from tg_assets.assets.tools import Tools
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.vision.prepare import prepare


def pictures_shown(connection: Connection, scope: Scope, _tools: Tools) -> dict[str, Any]:
    """Labels and kinds of a scope's pictures, and what remote models were asked today."""
    values = {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until}
    seen = """FROM messages m JOIN post_enrichment e ON e.post_id = m.id AND e.kind = 'vision' AND e.status <> 'skipped'
              WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until"""
    statements = {
        "labels": f"""SELECT label AS name, count(*) AS posts FROM (SELECT e.data {seen}) s
                      CROSS JOIN jsonb_array_elements_text(s.data->'labels') label
                      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20""",  # noqa: S608 - a constant
        "kinds": f"""SELECT e.data->>'classification' AS name, count(*) AS posts {seen}
                     AND e.data ? 'classification' GROUP BY 1 ORDER BY 2 DESC, 1""",
        "asked_today": """SELECT provider || '/' || model AS name, calls, tokens, reserved,
                                 round(seconds::numeric, 1)::float AS seconds
                          FROM token_usage WHERE day = (now() AT TIME ZONE 'UTC')::date ORDER BY 1""",
    }
    shown = {}
    for name, statement in statements.items():
        rows = connection.execute(text(statement), values if name != "asked_today" else {}).mappings().all()
        if rows:
            shown[name] = dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows])
    return shown


def contact_sheet_of(connection: Connection, scope: Scope, tools: Tools) -> dict[str, Any]:
    """The newest albums of a scope as a contact sheet. Private chats are not shown to whoever opens the UI."""
    rows = connection.execute(
        text("""
            SELECT g.id, g.posted_at, g.album_kind, g.items_count, c.title, g.meta,
                   array_agg(ARRAY[o.s3_key, o.sha256, o.mime] ORDER BY i.position)
                       FILTER (WHERE o.mime LIKE 'image/%') AS files
            FROM media_groups g JOIN channels c ON c.id = g.channel_id
            JOIN media_group_items i ON i.group_id = g.id AND i.deleted_at IS NULL
            LEFT JOIN media_objects o ON o.sha256 = i.media_sha256
            WHERE g.channel_id = ANY(:channels) AND g.posted_at >= :since AND g.posted_at < :until
              AND g.deleted_at IS NULL AND g.meta ? 'enrichment' AND c.owner_id = 0
            GROUP BY g.tenant_id, g.id, c.title ORDER BY g.posted_at DESC, g.id LIMIT :most
        """),
        {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until, "most": MOST_ALBUMS},
    ).all()
    if not rows:
        return {}
    albums = [
        Shown(
            f"{row.posted_at:%Y-%m-%d %H:%M} {row.title or ''}, {row.items_count} × {row.album_kind}",
            [
                (data, mime)
                for key, sha256, mime in (row.files or ())[:MOST_PICTURES]
                if (data := tools.objects.media(key, sha256))
            ],
            row.meta["enrichment"].get("vision_summary") or "",
            row.meta["enrichment"].get("vision_labels") or (),
        )
        for row in rows
    ]
    table = [
        dg.TableRecord({"album": album.title, **{name: said or "" for name, said in row.meta["strategies"].items()}})
        for album, row in zip(albums, rows, strict=True)
    ]
    return {
        "contact_sheet": dg.MetadataValue.md(contact_sheet(albums, lambda *given: prepare(*given, prints=False).jpeg)),
        "strategies": dg.MetadataValue.table(table),
    }
