"""A person and a small group whose bare ids are equal are two chats: ids are made of the peer, which tells the kind.

Until now the direct messages of an account were filed, and their ids computed, by the negative of the person's id,
which is a small group's id as well; so the two shared one row of ``channels``. ``channels.peer_id`` is the id that
tells them apart, and everything stored under the ids of direct messages gets the new ones: messages, albums, what was
made of them, coverage, facts, events that wait to be sent. Small groups keep theirs.

Messages of two chats that had become one stay together, as the kind of chat that the row says: nothing tells them
apart any more. Importing or reading the chats again puts the messages of the other one under their own chat.

Vectors, nodes and summaries in the object store are not in this database. ``replaced_ids`` says under which ids they
are; the stages remove them before they write anything (``tg_assets.ledger.replaced``), and have the direct messages to
make again: their partitions are marked dirty, which running servers see to by themselves.

Going back gives the old ids again; what the stores hold under the new ones stays there until they are rebuilt. It is
refused where two chats would become one.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from uuid import UUID, uuid5

import orjson
from alembic import op
from sqlalchemy import Connection, text

from migrations.tenancy import isolate, lifted
from tg_assets.partitions import window_sql
from tg_assets.settings import load_settings

revision = "0015"
down_revision = "0014"

BATCH = 20_000
# Where ids are kept, beside rows of channels and media_groups, which others refer to.
COLUMNS = {
    "channel": (
        ("telegram_messages", "channel_id"), ("messages", "channel_id"), ("message_facts", "channel_id"),
        ("coverage", "channel_id"), ("history", "channel_id"), ("user_channel", "channel_id"),
    ),
    "post": (
        ("telegram_messages", "id"), ("telegram_message_versions", "id"), ("messages", "id"),
        ("post_media_map", "post_id"), ("media_group_items", "post_id"), ("post_enrichment", "post_id"),
        ("indexing_status", "post_id"), ("message_facts", "id"), ("derivations", "item_id"),
    ),
    "album": (("media_group_items", "group_id"), ("messages", "album_id"), ("derivations", "item_id")),
}  # fmt: skip
# FORCE binds the owner of the tables too, and a migration is for all tenants.
TABLES = sorted(
    {table for columns in COLUMNS.values() for table, _ in columns}
    | {"channels", "media_groups", "outbox", "dead_letters", "dirty"}
)
# What the ledger says of the stores is about points and nodes under the ids that were.
STORES = "('qdrant_points', 'qdrant_points.albums', 'neo4j_nodes', 'neo4j_nodes.albums', 'neo4j_nodes.dialogues')"
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def upgrade() -> None:
    op.execute("ALTER TABLE channels DROP CONSTRAINT channels_tenant_id_owner_id_tg_channel_id_key")
    op.execute("""
        CREATE TABLE replaced_ids (
            tenant_id uuid NOT NULL,
            store text NOT NULL CHECK (store IN ('qdrant', 'neo4j', 'objects')),
            id uuid NOT NULL,
            replaced_by uuid NOT NULL,
            PRIMARY KEY (tenant_id, store, id)
        )
    """)
    with lifted(*TABLES):
        _give_ids(of_people=True)
        op.execute("""
            INSERT INTO replaced_ids SELECT tenant_id, store, old, new
            FROM rekeyed CROSS JOIN unnest(ARRAY['qdrant', 'neo4j']) store WHERE kind = 'channel'
            UNION ALL
            SELECT tenant_id, 'objects', old, new FROM rekeyed JOIN media_groups g USING (tenant_id)
            WHERE kind = 'album' AND g.id = new AND g.meta ? 'enrichment'
        """)
    isolate("replaced_ids")
    op.execute("""
        ALTER TABLE channels ADD peer_id bigint
        GENERATED ALWAYS AS (CASE source WHEN 'dm' THEN -tg_channel_id ELSE tg_channel_id END) STORED
    """)
    op.execute("ALTER TABLE channels ADD UNIQUE (tenant_id, owner_id, peer_id)")


def downgrade() -> None:
    with lifted(*TABLES):
        both = op.get_bind().scalar(
            text("""SELECT count(*) FROM channels c JOIN channels o USING (tenant_id, owner_id)
                    WHERE c.source = 'dm' AND o.source <> 'dm' AND o.tg_channel_id = c.tg_channel_id""")
        )
        if both:
            raise SystemExit(
                f"{both} direct messages have the id of a small group of their account, and revision 0014 cannot tell "
                "them apart. Nothing was changed."
            )
        op.execute("ALTER TABLE channels DROP COLUMN peer_id")
        _give_ids(of_people=False)
    op.execute("DROP TABLE replaced_ids")
    op.execute("ALTER TABLE channels ADD UNIQUE (tenant_id, owner_id, tg_channel_id)")


def _give_ids(*, of_people: bool) -> None:
    """Move direct messages to ids made of the person's id, or back to those made of its negative."""
    connection = op.get_bind()
    op.execute("CREATE TEMP TABLE rekeyed (kind text, tenant_id uuid, old uuid, new uuid) ON COMMIT DROP")
    chats: dict[UUID, UUID] = {}
    tenants: dict[UUID, UUID] = {}
    rows = connection.execute(text("SELECT tenant_id, id, owner_id, tg_channel_id FROM channels WHERE source = 'dm'"))
    for row in rows.tuples():
        tenant, channel, owner, filed_as = row
        new = uuid5(tenant, f"channel:{owner}:{-filed_as if of_people else filed_as}")
        if channel != new:
            chats[channel], tenants[channel] = new, tenant
    _copy(connection, (("channel", tenants[old], old, new) for old, new in chats.items()))
    _copy(connection, _things(connection, "post", _POSTS, chats, tenants))
    _copy(connection, _things(connection, "album", _ALBUMS, chats, tenants))
    op.execute("CREATE UNIQUE INDEX ON rekeyed (old)")
    op.execute("ANALYZE rekeyed")
    _mark_dirty()
    op.execute(f"DELETE FROM derivations d USING rekeyed r WHERE d.item_id = r.old AND d.stage IN {STORES}")  # noqa: S608
    _duplicate("channels")
    _duplicate("media_groups")
    for kind, columns in COLUMNS.items():
        for table, column in columns:
            op.execute(f"""UPDATE {table} t SET {column} = r.new FROM rekeyed r
                           WHERE r.kind = '{kind}' AND t.{column} = r.old""")  # noqa: S608
    for table in ("media_groups", "channels"):
        op.execute(f"DELETE FROM {table} t USING rekeyed r WHERE t.id = r.old")  # noqa: S608
    op.execute("""
        UPDATE media_groups g SET meta = jsonb_set(g.meta, '{enrichment}', g.meta->'enrichment'
                   || jsonb_build_object('album_id', g.id, 'channel_id', g.channel_id))
        FROM rekeyed r WHERE g.id = r.new AND g.meta ? 'enrichment'
    """)
    op.execute("""
        UPDATE indexing_status i SET graph_status = 'pending',
               embedding_status = CASE embedding_status WHEN 'skipped' THEN 'skipped' ELSE 'pending' END
        FROM rekeyed r WHERE i.post_id = r.new
    """)
    # Posts of the account's groups that answer a person's message point at its node.
    op.execute("""
        UPDATE derivations d SET version = '' FROM messages m JOIN channels c ON c.id = m.channel_id
        WHERE d.stage = 'neo4j_nodes' AND d.item_id = m.id AND m.reply_to_chat_id > 0 AND c.owner_id <> 0
    """)
    _name_anew(connection)
    _rejected(connection, chats)


_CHATS = "(SELECT old FROM rekeyed WHERE kind = 'channel')"
_POSTS = f"""
    SELECT channel_id, telegram_message_id FROM telegram_messages WHERE channel_id IN {_CHATS}
    UNION SELECT channel_id, telegram_message_id FROM messages WHERE channel_id IN {_CHATS}
    UNION SELECT channel_id, telegram_message_id FROM message_facts
    WHERE channel_id IN {_CHATS} AND telegram_message_id IS NOT NULL
"""  # noqa: S608 - constants
_ALBUMS = f"""
    SELECT channel_id, grouped_id FROM telegram_messages WHERE channel_id IN {_CHATS} AND grouped_id IS NOT NULL
    UNION SELECT channel_id, grouped_id FROM messages WHERE channel_id IN {_CHATS} AND grouped_id IS NOT NULL
    UNION SELECT channel_id, grouped_id FROM media_groups WHERE channel_id IN {_CHATS}
"""  # noqa: S608 - constants

Row = tuple[str, UUID, UUID, UUID]


def _things(
    connection: Connection, kind: str, found: str, chats: dict[UUID, UUID], tenants: dict[UUID, UUID]
) -> Iterator[Row]:
    """Ids of posts or albums, by their chat and Telegram's number."""
    rows = connection.execute(text(found), execution_options={"yield_per": BATCH})
    for channel, number in rows.tuples():
        name = f"{kind}:{number}"
        yield kind, tenants[channel], uuid5(channel, name), uuid5(chats[channel], name)


def _copy(connection: Connection, rows: Iterable[Row]) -> None:
    """COPY rows into ``rekeyed``, a batch at a time."""
    cursor = connection.connection.cursor()
    lines: list[str] = []
    for row in rows:
        lines.append("\t".join(map(str, row)))
        if len(lines) >= BATCH:
            _send(cursor, "rekeyed", lines)
            lines.clear()
    _send(cursor, "rekeyed", lines)


def _send(cursor: object, table: str, lines: Sequence[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    cursor.copy_expert(f"COPY {table} FROM STDIN", BytesIO(data))  # type: ignore[attr-defined]


def _duplicate(table: str) -> None:
    """A second row under the new id, for others to refer to before the first one goes."""
    names = op.get_bind().scalars(
        text("""SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = CAST(:table AS regclass)
                AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname NOT IN ('id', 'channel_id')"""),
        {"table": table},
    )
    others = ", ".join(names)
    column, chat = ("", "") if table == "channels" else (", channel_id", ", c.new")
    joined = "" if table == "channels" else "JOIN rekeyed c ON c.old = t.channel_id AND c.kind = 'channel'"
    op.execute(f"""INSERT INTO {table} (id{column}, {others})
                   SELECT r.new{chat}, {", ".join(f"t.{name}" for name in others.split(", "))}
                   FROM {table} t JOIN rekeyed r ON r.old = t.id {joined}""")  # noqa: S608


def _mark_dirty() -> None:
    """The partitions of direct messages, so that running servers make their points and nodes."""
    op.get_bind().execute(
        text(f"""INSERT INTO dirty (tenant_id, feed, date)
                 SELECT DISTINCT c.tenant_id, c.feed, {window_sql("t.posted_at")}
                 FROM telegram_messages t JOIN rekeyed r ON r.kind = 'channel' AND r.old = t.channel_id
                 JOIN channels c ON c.id = t.channel_id WHERE t.posted_at >= :start"""),  # noqa: S608
        {"start": load_settings().start_date},
    )


def _name_anew(connection: Connection) -> None:
    """Events that wait to be sent name what they are about by the ids that it has now."""
    op.execute("CREATE TEMP TABLE said_anew (tenant_id uuid, seq bigint, key text, data text) ON COMMIT DROP")
    rows = connection.execute(
        text("""SELECT tenant_id, seq, idempotency_key, data FROM outbox
                WHERE tenant_id IN (SELECT tenant_id FROM rekeyed)"""),
        execution_options={"yield_per": 1000},
    )
    for batch in rows.partitions(1000):
        named = {one for row in batch for said in (row.idempotency_key, row.data) for one in UUIDS.findall(said)}
        known = connection.execute(
            text("SELECT old::text, new::text FROM rekeyed WHERE old = ANY(CAST(:named AS uuid[]))"),
            {"named": sorted(named)},
        )
        ids = dict(known.tuples().all())
        connection.execute(
            text("""INSERT INTO said_anew SELECT * FROM unnest(
                        CAST(:tenants AS uuid[]), CAST(:numbers AS bigint[]), CAST(:keys AS text[]),
                        CAST(:data AS text[]))"""),
            {
                "tenants": [str(row.tenant_id) for row in batch],
                "numbers": [row.seq for row in batch],
                "keys": [_with(ids, row.idempotency_key) for row in batch],
                "data": [_with(ids, row.data) for row in batch],
            },
        )
    op.execute("""UPDATE outbox o SET idempotency_key = s.key, data = s.data FROM said_anew s
                  WHERE o.tenant_id = s.tenant_id AND o.seq = s.seq
                    AND (o.idempotency_key, o.data) <> (s.key, s.data)""")


def _with(ids: dict[str, str], said: str) -> str:
    return UUIDS.sub(lambda found: ids.get(found[0], found[0]), said)


def _rejected(connection: Connection, chats: dict[UUID, UUID]) -> None:
    """Dead letters of imports have ids made of the chat's: importing again must find them."""
    op.execute("CREATE TEMP TABLE letters_anew (old uuid, new uuid) ON COMMIT DROP")
    rows = connection.execute(
        text("""SELECT d.id, d.payload, r.old AS channel FROM dead_letters d
                JOIN channels c ON c.tenant_id = d.tenant_id AND d.source = 'import ' || c.feed
                JOIN rekeyed r ON r.kind = 'channel' AND r.new = c.id"""),
        execution_options={"yield_per": 1000},
    )
    cursor = connection.connection.cursor()
    for batch in rows.partitions(1000):
        found = []
        for row in batch:
            body = orjson.dumps(row.payload, option=orjson.OPT_SORT_KEYS)
            name = f"rejected:{hashlib.blake2b(body, digest_size=16).hexdigest()}"
            if uuid5(row.channel, name) == row.id:
                found.append(f"{row.id}\t{uuid5(chats[row.channel], name)}")
        _send(cursor, "letters_anew", found)
    op.execute("UPDATE dead_letters d SET id = l.new FROM letters_anew l WHERE d.id = l.old")
