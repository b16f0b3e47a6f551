"""What the line is measured beside: stores that are given ready rows, the embedder alone, a worker of single events."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from benchmarks import fingerprint
from benchmarks.costs import Cost, Meter
from benchmarks.ingest import ALWAYS, _columns, _copy_out
from tg_assets import ids
from tg_assets.assets.tools import Tools
from tg_assets.embedder import UseEmbedder
from tg_assets.graph.schema import KEYS
from tg_assets.index.text import TextParts, text_to_embed
from tg_assets.ledger.engine import CHUNK
from tg_assets.ledger.stage import Chunk, Stage
from tg_assets.scope import Scope
from tg_assets.stores.vectors import BATCH as POINTS
from tg_assets.stores.vectors import COLLECTION

TABLES = ("telegram_messages", "messages")
AT_ONCE = 1000
COPY_OF = "bare"
"""The collection and, before a tenant's slug, the tenant in the graph that get what is written once more."""


def texts(tools: Tools, tenant: str) -> list[str]:
    """What is embedded of a tenant's messages, in their order."""
    with tools.database.tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        contents = connection.execute(
            text("SELECT content FROM messages WHERE content <> '' ORDER BY posted_at, telegram_message_id")
        ).scalars()
        return [found for content in contents if (found := text_to_embed(TextParts(post=content)))]


def embed(said: Sequence[str]) -> None:
    """As many at once as a chunk has."""
    embedder = UseEmbedder()
    for first in range(0, len(said), AT_ONCE):
        embedder.encode(said[first : first + AT_ONCE])


def copy(tools: Tools, tenant: str, meter: Meter) -> Cost:
    """COPY of ready rows into empty temporary tables with the indexes of the real ones."""
    with tools.database.tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        ready = {table: _copy_out(connection, table) for table in TABLES}
        with meter.measure() as cost:
            for table, rows in ready.items():
                _copy_in(connection, table, rows)
        return cost


def _copy_in(connection: Connection, table: str, rows: bytes) -> None:
    connection.execute(text(f"CREATE TEMP TABLE bare_{table} (LIKE {table} INCLUDING INDEXES) ON COMMIT DROP"))
    cursor: Any = connection.connection.cursor()
    cursor.copy_expert(f"COPY bare_{table} ({', '.join(_columns(connection, table))}) FROM STDIN", io.BytesIO(rows))


def upsert(tools: Tools, tenant: str, meter: Meter) -> tuple[Cost, int]:
    """Ready points into another collection of the same kind, and how many there are."""
    from qdrant_client import models

    ready = [
        models.PointStruct(id=point.id, vector=point.vector, payload=point.payload)
        for point in fingerprint.points(tools, tenant)
    ]
    with tools.vectors._client() as client:
        about = client.get_collection(COLLECTION)
        params = about.config.params
        client.create_collection(COPY_OF, vectors_config=params.vectors, sparse_vectors_config=params.sparse_vectors)
        for field, schema in about.payload_schema.items():
            client.create_payload_index(COPY_OF, field, schema.params or schema.data_type, wait=True)
        with meter.measure() as cost:
            for first in range(0, len(ready), POINTS):
                client.upsert(COPY_OF, ready[first : first + POINTS], wait=True)
        client.delete_collection(COPY_OF)
    return cost, len(ready)


def unwind(tools: Tools, tenant: str, meter: Meter) -> tuple[Cost, int]:
    """Ready nodes and relations, as another tenant's, by one statement for each kind, and how many there are."""
    nodes = sorted(fingerprint.nodes(tools, tenant), key=lambda row: str(row[0]))
    relations = sorted(fingerprint.relations(tools, tenant), key=_kind)
    with tools.graph.tenant(ids.tenant_id(f"{COPY_OF}-{tenant}")) as graph, meter.measure() as cost:
        for label, found in groupby(nodes, key=lambda row: row[0]):
            key = ", ".join(f"{name}: row.{name}" for name in KEYS[label])
            graph.write(
                f"UNWIND $rows AS row CREATE (n:{label} {{tenant_id: $tenant, {key}}}) SET n += row.properties",
                [{**node, "properties": {**node, "tenant_id": graph.tenant}} for _, node in found],
            )
        for (label, kind, end), relation in groupby(relations, key=_kind):
            graph.write(
                f"""UNWIND $rows AS row MATCH (a:{label} {{tenant_id: $tenant, {_place(label, "a")}}})
                    MATCH (b:{end} {{tenant_id: $tenant, {_place(end, "b")}}})
                    CREATE (a)-[r:{kind}]->(b) SET r += row.properties""",
                [{"a": row[1], "b": row[5], "properties": row[3]} for row in relation],
            )
    return cost, len(nodes) + len(relations)


def _kind(relation: Sequence[Any]) -> tuple[str, str, str]:
    return relation[0], relation[2], relation[4]


def _place(label: str, end: str) -> str:
    return ", ".join(f"{name}: row.{end}[{place}]" for place, name in enumerate(KEYS[label]))


class Opened:
    """A store of one tenant that stays open, as a worker that waits for events has it."""

    alias = COLLECTION

    def __init__(self, store: Any) -> None:
        self._store = store

    @contextmanager
    def tenant(self, _: UUID, *_version: Any, **_run: Any) -> Iterator[Any]:
        """It, whoever asks, and for which run; it has one version."""
        yield self._store


# What a stage reads besides the stores, when nobody keeps a ledger.
WORK = "CREATE TEMP TABLE work (item_id uuid, at timestamptz, input_hash text, reason text) ON COMMIT DELETE ROWS"


def one_by_one(tools: Tools, stages: Sequence[Stage], feed: str, warm: int, meter: Meter) -> tuple[Cost, int]:
    """Each message of a feed through each stage, alone, and how many they are: what a worker does that gets one event
    at a time and keeps no ledger. The first ``warm`` do not count."""
    scope = Scope(feed, *ALWAYS)
    with tools.database.tenant(scope.tenant) as session:
        with session.transaction() as connection:
            connection.execute(text(CHUNK))
            connection.execute(text(WORK))
            messages = connection.execute(text("SELECT id FROM messages ORDER BY posted_at")).scalars().all()

        def make(message: UUID) -> None:
            with session.transaction() as connection:
                connection.execute(
                    text("""WITH one AS (INSERT INTO chunk VALUES (:id, now(), 'new'))
                            INSERT INTO work VALUES (:id, now(), '', 'new')"""),
                    {"id": message},
                )
                for stage in stages:
                    stage.work(Chunk(connection, scope, 1))

        for message in messages[:warm]:
            make(message)
        with meter.measure() as cost:
            for message in messages[warm:]:
                make(message)
    return cost, len(messages) - warm
