"""Raw messages parsed into rows of ``messages``, which lie in ``posts`` or ``group_messages``.

Parsing is pure and lives in ``tg_assets.telegram``; this module selects what is stale and upserts a chunk in
one statement through the parent ``messages``.
"""

from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tg_assets import ids
from tg_assets.events.from_telethon import TELETHON_PARSER_VERSION, parse_telethon
from tg_assets.events.post_row import EVENT_PARSER_VERSION, parse_event
from tg_assets.jsonb import jsonb
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.stores.database import copy_rows
from tg_assets.telegram.desktop_post import PARSER_VERSION, ChatContext, PostRow, parse
from tg_assets.telegram.later_look import looked_at_later

INPUTS = """
    SELECT t.id AS item_id, t.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', t.raw_hash, t.grouped_id, t.deleted_at, c.username, t.later_look->'raw')) AS input_hash
    FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
    WHERE t.channel_id = ANY(:channels) AND t.posted_at >= :since AND t.posted_at < :until
"""

# Columns that the parser gives: as they are, and as JSON.
PLAIN = (
    "content", "content_hash", "is_edited", "is_pinned", "has_media", "telegram_post_url", "views_count",
    "forwards_count", "reactions_count", "replies_count", "post_author", "author_name", "author_type", "sender_tg_id",
    "sender_username", "reply_to_message_id", "reply_to_chat_id", "thread_id", "forum_topic_id", "forward_from_chat_id",
    "forward_from_message_id", "forward_date", "forward_from_name", "is_service", "action_type",
)  # fmt: skip
JSON = ("entities", "urls", "media_urls", "reactions", "author_peer_id", "forward_from_peer_id", "service", "poll")
PARSED = PLAIN + JSON
# Columns that the raw row gives; only what the parser made travels to the database.
RAW = {
    "id": "t.id", "tenant_id": "t.tenant_id", "channel_id": "t.channel_id", "source": "c.source",
    "telegram_message_id": "t.telegram_message_id", "posted_at": "t.posted_at", "edited_at": "t.edited_at",
    "deleted_at": "t.deleted_at", "grouped_id": "t.grouped_id",
    "kept_in": "CASE WHEN c.source IN ('group', 'persona') THEN 'group_messages' ELSE 'posts' END",
}  # fmt: skip
COLUMNS = (*RAW, "album_id", *PARSED)
KEY = {"id", "tenant_id", "channel_id", "telegram_message_id", "kept_in"}

# The raw form travels only where nobody has it parsed already.
SELECT = """
    SELECT t.id::text AS id, t.channel_id::text AS channel_id, t.grouped_id, t.format, t.raw_hash,
           t.later_look->'raw' AS later_look, c.tg_channel_id, c.source, c.username, c.owner_id,
           CASE WHEN t.id || t.raw_hash = ANY(:known) THEN NULL ELSE t.raw END AS raw
    FROM chunk JOIN telegram_messages t ON t.id = chunk.item_id JOIN channels c ON c.id = t.channel_id
"""
UPSERT = f"""
    INSERT INTO messages ({", ".join(COLUMNS)})
    SELECT {", ".join(RAW.values())}, p.album_id, {", ".join(f"p.{name}" for name in PARSED)}
    FROM parsed p JOIN telegram_messages t ON t.id = p.id JOIN channels c ON c.id = t.channel_id
    ON CONFLICT (tenant_id, id, kept_in) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in KEY)}, updated_at = now()
"""  # noqa: S608 - constant column names


# What is left of a deleted message.
TOMBSTONE = parse({}, ChatContext(0, "dm"))

# Parsed messages by post id and hash of the raw form.
Parsed = Mapping[tuple[str, str], PostRow]


def stage(parsed: Parsed | None = None) -> Stage:
    """The stage; ``parsed`` are messages that the caller has just landed and parsed."""
    known = parsed or {}
    names = [post_id + raw_hash for post_id, raw_hash in known]

    def work(chunk: Chunk) -> Outcome:
        connection = chunk.connection
        rows = [_row(raw, known) for raw in connection.execute(text(SELECT), {"known": names})]
        columns = ("id", "album_id", *PARSED)
        connection.execute(
            text(f"CREATE TEMP TABLE parsed ON COMMIT DROP AS SELECT {', '.join(columns)} FROM messages LIMIT 0")  # noqa: S608
        )
        copy_rows(connection, "parsed", columns, rows)
        connection.execute(text(UPSERT))
        return Outcome(counts=Counter(messages=len(rows)))

    return Stage(
        "posts", f"{PARSER_VERSION}/{EVENT_PARSER_VERSION}/{TELETHON_PARSER_VERSION}", INPUTS, work, chunk_size=5000
    )


# Names of PostRow, which a test checks.
_plain, _nested = itemgetter(*PLAIN), itemgetter(*JSON)


def _row(raw: Any, known: Parsed) -> list[object]:
    """A parsed message: its id, its album's id, and the parser's columns."""
    post = known.get((raw.id, raw.raw_hash)) or parse_raw(raw)
    if raw.later_look is not None:
        post = looked_at_later(post, raw.later_look)
    album = None if raw.grouped_id is None else ids.album_id(UUID(raw.channel_id), raw.grouped_id)
    row: list[object] = [raw.id, album]
    row += _plain(post)
    row += map(_json, _nested(post))
    return row


def parse_raw(raw: Any) -> PostRow:
    """A message as received, parsed; ``raw`` has its form and itself, and of its chat id, source, username, owner."""
    chat = ChatContext(raw.tg_channel_id, raw.source, raw.username)
    if raw.format == "deleted":
        return TOMBSTONE
    if raw.format == "desktop":
        return parse(raw.raw, chat)
    if raw.format == "telethon":
        return parse_telethon(raw.raw, chat, raw.owner_id)
    return parse_event(raw.raw, chat, raw.format)


def _json(value: object) -> str | None:
    if value is None:
        return None
    return "[]" if not value and value == [] else jsonb(value)  # most of them are


STAGE = stage()
