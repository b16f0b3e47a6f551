"""Chats of two accounts and of all in two tenants, with tags and pictures made up, in the graph of either server.

It is the sample, and what a second account has: direct messages with the sample's person, and the sample's channel read
as a group of its own. Enrichment is made of the words, so nothing here loads a model.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.support import pipeline
from tests.telegram.exports import account, chat, message
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.assets import neo4j_nodes
from tg_assets.jsonb import jsonb
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.enrichment import save_enrichment
from tg_assets.scope import Scope
from tg_assets.stores.graph import GraphStore

ANN, EVE = 510001001, 510009009
"""The sample's account, and another one."""
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
TOPICS = ("погода", "море", "техника", "транспорт")
NAMES = (("мурманск", "place"), ("катя новак", "person"), ("порт", "organisation"), ("маяк", "name"))
LABELS = ("boat", "lighthouse", "sea", "cat")
STAGES = ("posts", "media_objects", "media_groups")
NODES = "MATCH (n {tenant_id: $tenant}) RETURN elementId(n) AS id, labels(n)[0] AS name, properties(n) AS one"
RELATIONS = """MATCH (a {tenant_id: $tenant})-[r]->(b)
               RETURN type(r) AS name, properties(r) AS one, elementId(a) AS a, elementId(b) AS b"""


@dataclass(frozen=True)
class World:
    """A tenant whose messages are parsed and enriched."""

    tenant: str
    feeds: tuple[str, ...]

    def write(self, store: GraphStore, scopes: Iterable[Scope] | None = None, *, force: bool = True) -> int:
        """Run the graph's stages over scopes, by default all of every feed; how many items they made."""
        made = 0
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            for scope in self.scopes() if scopes is None else scopes:
                for stage in neo4j_nodes.stages(store):
                    report = run_stage(stage, session, scope, force=force, run_id="run")
                    assert not report.failed, report.failed
                    made += report.done
        return made

    def scopes(self, feeds: Sequence[str] | None = None) -> list[Scope]:
        """Everything of feeds."""
        return [Scope(feed, SINCE, UNTIL) for feed in feeds or self.feeds]

    def archive(self, store: GraphStore, owners: Sequence[int] = (), feeds: Sequence[str] | None = None) -> Archive:
        """What somebody may see of it."""

        def embedder() -> Any:
            raise AssertionError("no question asks a model")

        return Archive(
            tenant=ids.tenant_id(self.tenant), owners=tuple(owners), feeds=None if feeds is None else tuple(feeds),
            postgres=pipeline.postgres(), vectors=pipeline.qdrant(), graph=store, objects=pipeline.objects(),
            embedder=embedder,
        )  # fmt: skip

    def wipe(self, store: GraphStore) -> None:
        """Remove the tenant's graph."""
        with store.tenant(ids.tenant_id(self.tenant)) as graph:
            while graph.read(
                "MATCH (n {tenant_id: $tenant}) WITH n LIMIT 2000 DETACH DELETE n RETURN count(*) AS n"
            ) != [{"n": 0}]:
                pass

    def dump(self, store: GraphStore) -> list[str]:
        """All nodes and relations with what they say, whichever run said it; a relation with both its nodes."""
        with store.tenant(ids.tenant_id(self.tenant)) as graph:
            nodes = {row["id"]: f"{row['name']!r}, {_plain(row['one'])}" for row in graph.read(NODES)}
            relations = graph.read(RELATIONS)
        return sorted([
            *(f"({said})" for said in nodes.values()),
            *(f"({one['name']!r}, {_plain(one['one'])}, {nodes[one['a']]}, {nodes[one['b']]})" for one in relations),
        ])  # fmt: skip


def _plain(properties: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (name, str(value)) for name, value in properties.items() if name not in ("run_id", "version", "model")
    )


def build(tenant: str, directory: Path) -> World:
    """Land everything, parse it, and make up what models would say."""
    reports = pipeline.import_path(pipeline.SAMPLE, tenant)
    other = pipeline.write_export(directory / tenant, account(*_chats_of_eve(), user_id=EVE))
    reports += pipeline.import_path(other, tenant)
    world = World(tenant, tuple(dict.fromkeys(report.feed for report in reports)))
    made = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for name in STAGES:
            for of in made[name]:
                for scope in world.scopes():
                    assert not run_stage(of, session, scope).failed
    enrich(tenant)
    _chain(tenant)
    return world


def _chain(tenant: str) -> None:
    """What no export tells: a post of the channel came into the group, from there to Eve, and to another one of hers.

    They are the messages that each chat forwarded first, in that order.
    """
    pipeline.rows(
        tenant,
        """WITH chats AS (
               SELECT id, peer_id, row_number() OVER (ORDER BY owner_id, source, title) AS place FROM channels
               WHERE (source, owner_id) IN (('channel', 0), ('group', 0), ('dm', :eve), ('persona', :eve))
           ), posts AS (
               SELECT DISTINCT ON (c.place) c.place, c.peer_id, m.id, m.telegram_message_id
               FROM chats c JOIN messages m ON m.channel_id = c.id WHERE NOT m.is_service
               ORDER BY c.place, m.telegram_message_id
           )
           UPDATE messages m SET forward_from_chat_id = f.peer_id, forward_from_message_id = f.telegram_message_id,
                  forward_from_name = 'кто-то', forward_from_peer_id = NULL
           FROM posts p JOIN posts f ON f.place = p.place - 1 WHERE m.id = p.id RETURNING 1""",
        eve=EVE,
    )


def _chats_of_eve() -> list[dict[str, Any]]:
    """She talks to the sample's person, forwards what others forward, and is in a small group."""
    who = {"from": "Ева", "from_id": f"user{EVE}"}
    katya = {"from": "Катя с работы", "from_id": "user510001007"}
    forward = {"forwarded_from": "Порт Мурманск", "forwarded_from_id": "channel1500000077"}

    def said(number: int, what: str, sender: dict[str, Any], **more: Any) -> dict[str, Any]:
        words, _, page = what.partition(" https")
        entities = [{"type": "plain", "text": words}, *([{"type": "link", "text": f"https{page}"}] if page else [])]
        return message(number, text=what, text_entities=entities, date_unixtime=str(1_767_700_000 + 3600 * number),
                       **sender, **more)  # fmt: skip

    direct = [said(n, f"тайна {n} у маяка", who if n % 2 else katya, **(forward if n % 3 == 0 else {}),
                   **({"reply_to_message_id": n - 1} if n > 1 else {})) for n in range(1, 9)]  # fmt: skip
    small = [said(100 + n, f"дача {n} https://example.org/secret", who) for n in range(4)]
    return [
        chat(*direct, type="personal_chat", id=510001007, name="Катя Новак"),
        chat(*small, type="private_group", id=78, name="Дача Евы"),
    ]


def enrich(tenant: str) -> None:
    """Tags with topics and names, and looks of pictures, by what a message says."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        posts = connection.execute(text("SELECT id, telegram_message_id AS n, content FROM messages ORDER BY id")).all()
        save_enrichment(connection, "tags", "made up", [(one.id, "", jsonb(_tags(one)), "ok", None) for one in posts])
        shown = connection.execute(
            text("""SELECT DISTINCT post_id, sha256 FROM post_media_map
                    WHERE position = 0 AND sha256 IS NOT NULL AND (kind = 'photo' OR mime LIKE 'image/%')""")
        ).all()
        connection.execute(text("DROP TABLE enriched"))
        rows = [(one.post_id, one.sha256, jsonb(_looks(one.sha256)), "ok", None) for one in shown]
        save_enrichment(connection, "vision", "made up", rows)


def _tags(post: Any) -> dict[str, Any]:
    tags: list[dict[str, Any]] = [{"name": f"слово {post.n % 11}", "confidence": 0.5, "origin": "text"}]
    tags += [{"name": TOPICS[n % 4], "confidence": 0.25 + n % 3 / 4, "origin": "topic"} for n in {post.n, post.n // 3}]
    tags += [
        {"name": name, "confidence": 0.8, "origin": "entity", "type": kind}
        for number, (name, kind) in enumerate(NAMES)
        if post.n % (number + 2) == 0
    ]
    return {"tags": tags, "names": [tag["name"] for tag in tags], "lang": "ru", "tags_version": "made-up-1"}


def _looks(sha256: str) -> dict[str, Any]:
    first = int(sha256[:8], 16)
    return {
        "classification": ("photo", "meme", "document")[first % 3], "description": f"picture {sha256[:6]}",
        "labels": [LABELS[first % 4], LABELS[first // 4 % 4]], "objects": ["boat"], "is_meme": first % 3 == 1,
        "dominant_colors": ["grey", "blue"], "scene": None, "vision_version": "made-up-1",
    }  # fmt: skip


def at_once(*works: Callable[[], object]) -> None:
    """Do several things at the same time; raises what one of them raised."""
    problems: list[BaseException] = []
    start = threading.Barrier(len(works))

    def work(one: Callable[[], object]) -> None:
        try:
            start.wait(timeout=600)
            one()
        except BaseException as problem:  # noqa: BLE001 - raised below
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=900)
    if problems:
        raise problems[0]
