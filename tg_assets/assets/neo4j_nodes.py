"""Asset ``neo4j_nodes``: the graph of posts, chats, personas, authors, forwards, replies, tags, albums and pictures.

Statements are idempotent and batched; a chunk is in the graph before the ledger says so, so a crash repeats
it. Posts and albums are two stages: an album changes without its posts changing.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.assets import dialogues, store_checks
from tg_assets.assets.asset import Asset, Live
from tg_assets.graph import rows, schema
from tg_assets.graph import statements as cypher
from tg_assets.ledger import replaced
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.ledger.status import failed, mark
from tg_assets.metrics.tally import Tally
from tg_assets.stores.graph import BATCH, GraphStore, TenantGraph
from tg_assets.vision.policy import IS_PICTURE

VERSION = "2"

POST_INPUTS = f"""
    SELECT m.id AS item_id, m.posted_at AS at, 0 AS tokens,
           md5(ROW(m.source, m.telegram_post_url, m.is_service, m.deleted_at, m.sender_tg_id, m.author_name,
                   m.author_type, m.reply_to_message_id, m.reply_to_chat_id, m.thread_id, m.forward_from_peer_id,
                   m.forward_from_chat_id, m.forward_from_message_id, m.forward_date, m.forward_from_name, m.urls,
                   t.data->'tags', t.data->'lang', p.sha256, v.params_hash)::text) AS input_hash
    FROM messages m
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_media_map p ON p.post_id = m.id AND p.position = 0 AND {IS_PICTURE}
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
"""  # noqa: S608 - a constant

ALBUM_INPUTS = """
    SELECT g.id AS item_id, g.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', g.content_hash, g.deleted_at, g.meta->'enrichment'->>'vision_summary')) AS input_hash
    FROM media_groups g
    WHERE g.channel_id = ANY(:channels) AND g.posted_at >= :since AND g.posted_at < :until
"""


def _channels(connection: Connection) -> list[rows.Row]:
    found = connection.execute(
        text("""
            SELECT id::text AS channel_id, title, username, tg_channel_id, source, owner_id, feed FROM channels
            WHERE id IN (SELECT m.channel_id FROM chunk JOIN messages m ON m.id = chunk.item_id
                         UNION SELECT g.channel_id FROM chunk JOIN media_groups g ON g.id = chunk.item_id)
        """)
    )
    return [dict(row._mapping) for row in found]


def _posts(connection: Connection) -> list[Any]:
    return list(
        connection.execute(
            text(f"""
                SELECT m.*, c.tg_channel_id, c.owner_id, chunk.reason, work.input_hash, t.data->'tags' AS tags,
                       t.data->>'lang' AS lang, p.sha256 AS picture, v.data AS vision
                FROM chunk JOIN work USING (item_id) JOIN messages m ON m.id = chunk.item_id
                JOIN channels c ON c.id = m.channel_id
                LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
                LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
                LEFT JOIN post_media_map p ON p.post_id = m.id AND p.position = 0 AND {IS_PICTURE}
                ORDER BY m.posted_at, m.id  -- the last name of an author stays
            """)  # noqa: S608 - a constant
        )
    )


def _around(graph: TenantGraph, posts: list[rows.Row]) -> list[rows.Row]:
    """What posts point at, or who wrote them: nodes that may be alone once they are made again or go."""
    statements = (cypher.AROUND, cypher.LABELS_AROUND, cypher.TARGETS) if posts else ()
    return [row for statement in statements for row in graph.read(statement, rows=posts)]


def _drop_alone(graph: TenantGraph, around: list[rows.Row]) -> None:
    for label, statement in cypher.DROP_ALONE.items():
        graph.write(statement, [row["node"] for row in around if row["label"] == label])


def _drop_replaced(graph: TenantGraph, connection: Connection) -> None:
    """Remove what is there under ids that chats had before."""
    channels = [str(row.id) for row in replaced.take(connection, "neo4j")]
    while channels and (posts := graph.read(cypher.POSTS_OF_CHATS, channels=channels, limit=BATCH)):
        around = _around(graph, posts)
        graph.write(cypher.DROP_POSTS, posts)
        _drop_alone(graph, around)
    for statement in cypher.DROP_CHATS:
        graph.write(statement, [{"channel_id": channel} for channel in channels])


def _write_posts(graph: TenantGraph, chunk: Chunk) -> Outcome:
    found = _posts(chunk.connection)
    live = [post for post in found if post.deleted_at is None]
    gone = [{"post_id": str(post.id)} for post in found if post.deleted_at is not None]
    # What is not in the ledger may be in the graph: what others point at, and what a run wrote that then died.
    again = graph.read(cypher.THERE, rows=[{"post_id": str(post.id)} for post in found])
    there = {row["post_id"] for row in again}
    around = _around(graph, again)
    channels = _channels(chunk.connection)
    graph.write(cypher.CHANNELS, channels)
    graph.write(cypher.GROUPS, [row for row in channels if row["source"] in ("group", "persona")])
    graph.write(cypher.FORGET, again)
    graph.write(cypher.FORGET_AUTHOR, again)
    graph.write(cypher.LEAVE, gone)
    graph.write(cypher.BURY, gone)
    graph.write(cypher.BURY_ALONE, gone)
    outcome = Outcome()
    posts = list(rows.post_rows(live))
    new = [row for row in posts if row["post_id"] not in there]
    graph.write(cypher.NEW_POSTS, rows.gathered(new, "channel_id"), met=cypher.POSTS)
    graph.write(cypher.POSTS, rows.gathered((row for row in posts if row["post_id"] in there), "channel_id"))
    graph.write(cypher.GROUP_POSTS, rows.gathered(rows.group_rows(live), "group_id"))
    authors, tags = list(rows.author_rows(live)), list(rows.tag_rows(live))
    graph.write(cypher.AUTHORS, rows.gathered(authors, "author_id", "author_type", "private"))
    graph.write(cypher.TAGS, rows.gathered(tags, "post_id", into="tags"))
    outcome.counts.update(AUTHOR_OF=len(authors), TAGGED_AS=len(tags))
    for name, statement, given in (
        ("REPLIES_TO", cypher.REPLIES, rows.reply_rows(live, chunk.scope.tenant)),
        ("FORWARDED_FROM", cypher.FORWARDS, rows.forward_rows(live)),
        ("FORWARDED_FROM_POST", cypher.FORWARDED_POSTS, rows.forwarded_post_rows(live, chunk.scope.tenant)),
        ("HAS_IMAGE", cypher.IMAGES, rows.image_rows(live)),
        ("HAS_LABEL", cypher.LABELS, rows.label_rows(live)),
        ("REFERS_TO", cypher.WEB_PAGES, rows.link_rows(live)),
    ):
        batch = list(given)
        graph.write(statement, batch)
        outcome.counts[name] = len(batch)
    outcome.counts.update(dialogues.write(graph, chunk, found))
    private = sum(bool(post.owner_id) for post in found)
    outcome.tally.count("graph_writer_processed", private, operation_type="persona", status="ok")
    _drop_alone(graph, around)
    outcome.counts["posts"] = len(live)
    outcome.counts["deleted"] = len(gone)
    mark(chunk.connection, "graph_status", outcome)
    return outcome


def _write_albums(graph: TenantGraph, chunk: Chunk) -> Outcome:
    albums = list(
        chunk.connection.execute(
            text("""SELECT g.*, c.owner_id FROM chunk JOIN media_groups g ON g.id = chunk.item_id
                    JOIN channels c ON c.id = g.channel_id""")
        )
    )
    live = [album for album in albums if album.deleted_at is None]
    graph.write(cypher.CHANNELS, _channels(chunk.connection))
    graph.write(cypher.DROP_ALBUMS, [{"album_id": str(album.id)} for album in albums if album.deleted_at is not None])
    graph.write(
        cypher.ALBUMS,
        [
            {
                "album_id": str(album.id),
                "channel_id": str(album.channel_id),
                "properties": {
                    "grouped_id": album.grouped_id,
                    "owner_id": album.owner_id,
                    "album_kind": album.album_kind,
                    "items_count": album.items_count,
                    "caption": album.caption_text,
                    "posted_at": album.posted_at,
                    "summary": (album.meta.get("enrichment") or {}).get("vision_summary"),
                },
            }
            for album in live
        ],
    )
    graph.write(cypher.FORGET_ITEMS, [{"album_id": str(album.id)} for album in live])
    items = [
        {"album_id": str(item.group_id), "post_id": str(item.post_id), "position": item.position}
        for item in chunk.connection.execute(
            text("""SELECT i.group_id, i.post_id, i.position FROM chunk JOIN media_group_items i
                    ON i.group_id = chunk.item_id WHERE i.deleted_at IS NULL""")
        )
    ]
    graph.write(cypher.ALBUM_ITEMS, items)
    outcome = Outcome()
    outcome.counts.update(albums=len(live), CONTAINS=len(items))
    return outcome


def _counted(operation: str, tally: Tally, settled: Mapping[str, int], seconds: float) -> None:
    for status, count in settled.items():
        tally.count("graph_events_processed", count, status=status)
        tally.count("graph_writer_processed", count, operation_type=operation, status=status)
    tally.count("graph_writer_errors", settled["failed"], error_type="processing_error")
    tally.observe("graph_processing_duration_seconds", seconds)
    tally.observe("graph_writer_operation_duration_seconds", seconds, operation_type=operation)


def stages(neo4j: GraphStore) -> tuple[Stage, Stage]:
    """Posts, then albums."""

    def posts(chunk: Chunk) -> Outcome:
        with neo4j.tenant(chunk.scope.tenant) as graph:
            _drop_replaced(graph, chunk.connection)
            return _write_posts(graph, chunk)

    def albums(chunk: Chunk) -> Outcome:
        with neo4j.tenant(chunk.scope.tenant) as graph:
            _drop_replaced(graph, chunk.connection)
            return _write_albums(graph, chunk)

    return (
        Stage(
            "neo4j_nodes",
            VERSION,
            POST_INPUTS,
            posts,
            chunk_size=4000,
            unmade=partial(failed, column="graph_status"),
            counted=partial(_counted, "post"),
        ),
        Stage("neo4j_nodes.albums", VERSION, ALBUM_INPUTS, albums, chunk_size=1000, counted=partial(_counted, "album")),
    )


ASSET = Asset(
    name="neo4j_nodes",
    description="Nodes and relations of the window: who wrote, replied to, forwarded and tagged what.",
    group="stores",
    kinds=frozenset({"neo4j"}),
    deps=("posts", "tags", "media_groups", "vision_summaries", "album_summaries"),
    needs=("neo4j",),
    pool="graph",
    prepare=lambda tools: tools.graph.create_schema(schema.CONSTRAINTS),
    stages=lambda tools: stages(tools.graph),
    ledger=("neo4j_nodes", "neo4j_nodes.albums"),
    live=Live(),
    checks=(store_checks.nodes("neo4j_nodes", "neo4j_nodes"),),
)
