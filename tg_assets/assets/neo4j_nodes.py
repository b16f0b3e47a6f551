"""Asset ``neo4j_nodes``: the graph of posts, chats, personas, authors, forwards, replies, tags, topics, named things,
albums and pictures.

Statements are idempotent and batched; a chunk is in the graph before the ledger says so, so a crash repeats
it. Posts and albums are two stages: an album changes without its posts changing. Which topics go together is not
kept: a weight would count posts that not everybody may see, so it is counted when somebody asks.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.assets import (
    dialogues,
    graph_albums,
    graph_chats,
    graph_names,
    graph_pictures,
    graph_replies,
    store_checks,
)
from tg_assets.assets.asset import Asset, Live
from tg_assets.graph import leaving, rows, schema
from tg_assets.graph import statements as cypher
from tg_assets.ledger import replaced
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.ledger.status import failed, mark
from tg_assets.metrics.tally import Tally
from tg_assets.stores.graph import BATCH, GraphStore, TenantGraph
from tg_assets.vision.policy import IS_PICTURE

VERSION = "4"

POST_INPUTS = f"""
    SELECT m.id AS item_id, m.posted_at AS at, 0 AS tokens,
           md5(ROW(m.source, m.telegram_post_url, m.is_service, m.deleted_at, m.sender_tg_id, m.author_name,
                   m.author_type, m.reply_to_message_id, m.reply_to_chat_id, m.thread_id, m.forward_from_peer_id,
                   m.forward_from_chat_id, m.forward_from_message_id, m.forward_date, m.forward_from_name, m.urls,
                   t.data->'tags', t.data->'lang', p.sha256, v.params_hash, v.data->'dominant_colors')::text
           ) AS input_hash
    FROM messages m
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_media_map p ON p.post_id = m.id AND p.position = 0 AND {IS_PICTURE}
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
"""  # noqa: S608 - a constant


def _posts(connection: Connection) -> list[Any]:
    return list(
        connection.execute(
            text(f"""
                SELECT m.*, c.tg_channel_id, c.owner_id, chunk.reason, work.input_hash, t.data->'tags' AS tags,
                       t.data->>'tags_version' AS tagger, t.data->>'lang' AS lang, p.sha256 AS picture,
                       v.data AS vision
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
    statements = (leaving.AROUND, leaving.LABELS_AROUND, leaving.TARGETS) if posts else ()
    return [row for statement in statements for row in graph.read(statement, rows=posts)]


def _drop_alone(graph: TenantGraph, around: list[rows.Row]) -> None:
    for label, statement in leaving.DROP_ALONE.items():
        graph.write(statement, [row["node"] for row in around if row["label"] == label])


def _drop_replaced(graph: TenantGraph, connection: Connection) -> None:
    """Remove what is there under ids that chats had before."""
    chats = [{"channel_id": str(row.id)} for row in replaced.take(connection, "neo4j")]
    while chats and (posts := graph.read(leaving.POSTS_OF_CHATS, rows=chats, limit=BATCH)):
        around = _around(graph, posts)
        graph.write(leaving.FORGET_ANSWERED, posts)
        graph.write(leaving.DROP_POSTS, posts)
        _drop_alone(graph, around)
    for statement in leaving.DROP_CHATS:
        graph.write(statement, chats)


def _deleted(connection: Connection, targets: Iterable[str]) -> list[rows.Row]:
    """Of posts that others point at, those that were deleted."""
    found = connection.execute(
        text("SELECT id::text FROM messages WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NOT NULL"),
        {"ids": sorted(set(targets))},
    )
    return [{"post_id": post} for post in found.scalars()]


def _write_posts(graph: TenantGraph, chunk: Chunk) -> Outcome:
    found = _posts(chunk.connection)
    live = [post for post in found if post.deleted_at is None]
    gone = [{"post_id": str(post.id)} for post in found if post.deleted_at is not None]
    # What is not in the ledger may be in the graph: what others point at, and what a run wrote that then died.
    again = graph.read(cypher.THERE, rows=[{"post_id": str(post.id)} for post in found])
    there = {row["post_id"] for row in again}
    around = _around(graph, again)
    graph_chats.write(graph, chunk.connection)
    graph.write(leaving.FORGET, again)
    graph.write(leaving.FORGET_AUTHOR, again)
    graph.write(leaving.FORGET_GROUP, again)
    graph.write(leaving.LEAVE, gone)
    graph.write(leaving.BURY, gone)
    graph.write(leaving.BURY_ALONE, gone)
    outcome = Outcome()
    posts = list(rows.post_rows(live))
    new = [row for row in posts if row["post_id"] not in there]
    graph.write(cypher.NEW_POSTS, rows.gathered(new, "channel_id"), met=cypher.POSTS)
    graph.write(cypher.POSTS, rows.gathered((row for row in posts if row["post_id"] in there), "channel_id"))
    graph.write(cypher.GROUP_POSTS, rows.gathered(rows.group_rows(live), "group_id"))
    authors, tags = rows.author_rows(live), rows.tag_rows(live)
    graph.write(cypher.AUTHORS, authors)
    graph.write(cypher.TAGS, tags)
    outcome.counts["AUTHOR_OF"] = sum(len(row["posts"]) for row in authors)
    outcome.counts["TAGGED_AS"] = sum(len(row["tags"]) for row in tags)
    targets: list[str] = []
    forwards, replies = list(rows.forward_rows(live)), list(rows.reply_rows(live, chunk.scope.tenant))
    for name, statement, given in (
        ("HAS_TOPIC", cypher.TOPICS, rows.topic_rows(live)),
        ("MENTIONS", cypher.ENTITIES, rows.entity_rows(live)),
        ("REPLIES_TO", cypher.REPLIES, replies),
        ("FORWARDED_FROM", cypher.FORWARDS, forwards),
        ("FORWARDED_FROM_POST", cypher.FORWARDED_POSTS, rows.forwarded_post_rows(live, chunk.scope.tenant)),
        ("HAS_IMAGE", cypher.IMAGES, rows.image_rows(live)),
        ("REFERS_TO", cypher.WEB_PAGES, rows.link_rows(live)),
    ):
        batch = list(given)
        graph.write(statement, batch)
        outcome.counts[name] = len(batch)
        targets += [row["target_id"] for row in batch if "target_id" in row]
    graph_names.renew(graph, chunk.connection, around, found, [*authors, *forwards])
    graph.write(leaving.DELETED, _deleted(chunk.connection, targets))
    pictures = {post.picture for post in live if post.picture}
    pictures |= {row["node"]["sha256"] for row in around if row["label"] == "Image"}
    outcome.counts["HAS_LABEL"] = graph_pictures.write(graph, chunk.connection, pictures)
    outcome.counts.update(dialogues.write(graph, chunk, found))
    private = sum(bool(post.owner_id) for post in found)
    outcome.tally.count("graph_writer_processed", private, operation_type="persona", status="ok")
    graph_replies.write(graph, chunk.connection, found, replies)
    _drop_alone(graph, around)
    outcome.counts["posts"] = len(live)
    outcome.counts["deleted"] = len(gone)
    mark(chunk.connection, "graph_status", outcome)
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
        with neo4j.tenant(chunk.scope.tenant, run_id=chunk.run_id, version=VERSION) as graph:
            _drop_replaced(graph, chunk.connection)
            return _write_posts(graph, chunk)

    def albums(chunk: Chunk) -> Outcome:
        with neo4j.tenant(chunk.scope.tenant, run_id=chunk.run_id, version=VERSION) as graph:
            _drop_replaced(graph, chunk.connection)
            graph_chats.write(graph, chunk.connection)
            return graph_albums.write(graph, chunk.connection)

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
        Stage(
            "neo4j_nodes.albums",
            VERSION,
            graph_albums.INPUTS,
            albums,
            chunk_size=1000,
            counted=partial(_counted, "album"),
        ),
    )


ASSET = Asset(
    name="neo4j_nodes",
    description="Nodes and relations of the window: who wrote, replied to, forwarded, tagged and named what.",
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
