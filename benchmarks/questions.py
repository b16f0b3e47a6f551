"""How long each question of ``tg-assets ask`` takes with 100,000 posts in the graph, on both servers.

Posts are those in the middle of the export beside the checkout (``TG_BENCH_QUESTIONS`` says how many), with tags as in
``graph``; every tenth shows a picture, of which half are shown twice, and every fiftieth begins an album of four. A
time is the median of five, after one that is not counted: reading names, the graph and the texts of the answer, in a
process that keeps its connections, as the service does.
"""

import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.graph import prepare, servers
from benchmarks.ingest import ALWAYS
from benchmarks.line import cut
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import ask, questions
from tg_assets.assets import neo4j_nodes
from tg_assets.cli.runtime import KEPT
from tg_assets.embedder import HashEmbedder
from tg_assets.graph import schema
from tg_assets.ledger.engine import run_stage
from tg_assets.settings import load_settings
from tg_assets.stores.database import KeptDatabase, TenantConnection
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import VectorIndex

TENANT = "bench-questions"
POSTS = 100_000
TIMES, TARGET = 5, "<= 200 ms"
PICTURES = (
    """CREATE TEMP TABLE shown ON COMMIT DROP AS
       SELECT id, channel_id, posted_at, n, encode(
           sha256(CASE WHEN n % 20 = 0 THEN (n / 40)::text ELSE n::text END::bytea), 'hex') AS sha256
       FROM (SELECT *, row_number() OVER (ORDER BY telegram_message_id) AS n FROM messages WHERE NOT is_service) m
       WHERE n % 10 = 0""",
    """INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key)
       SELECT current_tenant(), gen_random_uuid(), sha256, 'image/png', 1, '', sha256
       FROM (SELECT DISTINCT sha256 FROM shown) s ON CONFLICT DO NOTHING""",
    """INSERT INTO post_media_map (tenant_id, post_id, position, kind, sha256, mime)
       SELECT current_tenant(), id, 0, 'photo', sha256, 'image/png' FROM shown ON CONFLICT DO NOTHING""",
    """INSERT INTO post_enrichment (tenant_id, post_id, kind, provider, data)
       SELECT current_tenant(), id, 'vision', 'made up', jsonb_build_object('classification', 'photo', 'vision_version',
              '1', 'description', 'a picture', 'labels', jsonb_build_array('label ' || n % 50, 'boat'))
       FROM shown ON CONFLICT DO NOTHING""",
    """INSERT INTO media_groups (tenant_id, id, channel_id, grouped_id, album_kind, items_count, content_hash,
                                posted_at)
       SELECT current_tenant(), gen_random_uuid(), channel_id, n, 'photo', 4, '', posted_at FROM shown
       WHERE n % 50 = 0 ON CONFLICT DO NOTHING""",
    """INSERT INTO media_group_items (tenant_id, group_id, post_id, position, media_type, media_kind)
       SELECT current_tenant(), g.id, s.id, s.n / 10 - g.grouped_id / 10, 'photo', 'photo' FROM media_groups g
       JOIN shown s ON s.n BETWEEN g.grouped_id AND g.grouped_id + 39 ON CONFLICT DO NOTHING""",
    """UPDATE messages m SET album_id = i.group_id FROM media_group_items i WHERE i.post_id = m.id""",
)


def run() -> list[dict[str, Any]]:
    """Rows of (what, rows of the answer, milliseconds on each server, target)."""
    settings = load_settings()
    postgres = KeptDatabase(settings.require("postgres_url"), KEPT)
    tenant = ids.tenant_id(TENANT)
    with ExitStack() as stack, postgres.tenant(tenant) as session:
        export = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "result.json"
        cut(int(os.environ.get("TG_BENCH_QUESTIONS", POSTS)), export)
        scope = prepare(session, settings, TENANT, *ALWAYS, export)
        with session.transaction() as connection:
            for statement in PICTURES:
                connection.execute(text(statement))
        parameters = _parameters(session, scope.feed)
        measured: dict[str, dict[str, tuple[int, float]]] = {}
        for name, url in servers(stack).items():
            store = GraphStore(url=url)
            store.create_schema(schema.CONSTRAINTS)
            for stage in neo4j_nodes.stages(store):
                assert not run_stage(stage, session, scope, force=True).failed
            archive = Archive(
                tenant=tenant, postgres=postgres, vectors=VectorIndex(url=settings.require("qdrant_url"), api_key=""),
                graph=store, objects=ObjectStore(url=settings.require("objects_url")), embedder=HashEmbedder,
            )  # fmt: skip
            measured[name] = {one.name: _time(archive, one.name, parameters) for one in questions()}
    first = next(iter(measured.values()))
    return [
        {
            "what": name, "rows": rows, **{server: f"{found[name][1]:,.0f}" for server, found in measured.items()},
            "unit": "ms", "target": TARGET,
        }
        for name, (rows, _) in first.items()
    ]  # fmt: skip


def _parameters(session: TenantConnection, feed: str) -> dict[str, dict[str, Any]]:
    """Of each question those for which it has most to do."""
    with session.transaction() as connection:

        def one(sql: str) -> Any:
            return connection.execute(text(sql)).scalar()

        def most(column: str) -> Any:
            return one(f"SELECT {column} FROM messages WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC")

        person, source = most("sender_tg_id"), most("forward_from_name")
        post = one("SELECT id::text FROM messages WHERE forward_from_name <> '' ORDER BY posted_at LIMIT 1")
        shown = one("SELECT post_id::text FROM post_media_map WHERE sha256 IS NOT NULL ORDER BY sha256 LIMIT 1")
        album = one("SELECT id::text FROM media_groups ORDER BY posted_at LIMIT 1")
        page = one("SELECT url FROM messages, jsonb_array_elements_text(urls) url WHERE url LIKE 'http%' LIMIT 1")
    return {
        "first-source": {"post": post}, "reach": {"post": post}, "first-forwarders": {"source": source},
        "replies-to": {"person": person}, "threads": {"person": person}, "activity": {"person": person},
        "same-picture": {"picture": shown}, "pictures": {"label": "boat"}, "albums": {"chat": feed},
        "albums-by-tags": {"tags": "tag 1, tag 2"}, "album": {"album": album}, "related-topics": {"topic": "техника"},
        "mentions": {"entity": "place 1"}, "related-entities": {"entity": "place 1"}, "links-to": {"page": page},
        "dialogue": {"chat": feed},
    }  # fmt: skip


def _time(archive: Archive, name: str, parameters: dict[str, dict[str, Any]]) -> tuple[int, float]:
    """Rows of the answer, and the median in milliseconds; 0 where nothing of the kind is there."""
    from tg_assets.errors import TgAssetsError

    taken, rows = [], 0
    for _ in range(TIMES + 1):
        started = time.monotonic()
        try:
            rows = len(ask(archive, name, **parameters.get(name, {})).rows)
        except TgAssetsError:
            return 0, 0.0
        taken.append(1000 * (time.monotonic() - started))
    return rows, statistics.median(taken[1:])
