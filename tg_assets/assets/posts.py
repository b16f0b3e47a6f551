"""Asset ``posts``: raw messages parsed into rows of ``posts`` (channels, direct messages) and ``group_messages``
(groups, shared or one account's). How they are parsed is ``tg_assets.landing.posts``.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.checks import Rule
from tg_assets.assets.tools import Tools
from tg_assets.events.telethon_words import wordless_media
from tg_assets.landing.posts import STAGE
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.telegram.words import wordless_kind

# Enough to tell what they are.
WORDLESS = """
    SELECT t.format, t.raw FROM messages m JOIN telegram_messages t ON t.id = m.id
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
      AND m.content = '' AND NOT m.is_service AND NOT m.has_media AND m.deleted_at IS NULL LIMIT 1000
"""


def _shown(connection: Connection, scope: Scope, _tools: Tools) -> Mapping[str, Any]:
    """Counts of the scope, from the rows."""
    given = {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until}
    row = connection.execute(
        text("""
            SELECT count(*) AS messages, count(*) FILTER (WHERE is_service) AS service,
                   count(*) FILTER (WHERE reply_to_message_id IS NOT NULL) AS replies,
                   count(coalesce(forward_from_name, forward_from_chat_id::text)) AS forwards,
                   count(*) FILTER (WHERE has_media) AS with_media, count(*) FILTER (WHERE is_edited) AS edited,
                   count(DISTINCT sender_tg_id) AS authors, count(DISTINCT album_id) AS albums,
                   count(*) FILTER (WHERE content = '' AND NOT is_service AND NOT has_media AND deleted_at IS NULL)
                       AS without_words
            FROM messages
            WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
        """),
        given,
    ).one()
    kinds = dict(Counter(map(_wordless, connection.execute(text(WORDLESS), given)))) if row.without_words else {}
    return {"dagster/row_count": row.messages, **row._mapping, **({"without_words_by_kind": kinds} if kinds else {})}


def _wordless(raw: Any) -> str:
    """What a message without words and files is, never what is in it."""
    if raw.format == "desktop":
        return wordless_kind(raw.raw)
    return wordless_media(raw.raw) if raw.format == "telethon" else "event"


ASSET = Asset(
    name="posts",
    description="Messages with text, entities, links, author, forward, reply, reactions, edits; one row per message.",
    group="telegram",
    kinds=frozenset({"python", "postgres"}),
    deps=("telegram_messages",),
    stages=lambda _tools: (STAGE,),
    ledger=("posts",),
    shown=_shown,
    live=Live(),
    checks=(
        Rule(
            "posts",
            "every_message_is_parsed",
            "Every raw message inside the partitions became a row of messages.",
            """SELECT count(*) FROM derivations d WHERE d.stage = 'posts' AND d.status = 'ok'
               AND NOT EXISTS (SELECT FROM messages m WHERE m.id = d.item_id)""",
            "parsed messages without a row",
        ),
    ),
)
