"""Landing: the one way in for messages, whether an import, the live path or Telegram's history brings them.

Rows wait in the temporary table of ``incoming``; ``land`` brings them into ``telegram_messages`` so that the end
state depends on what arrived, never on its order or how often: the latest version of a message wins, what an edit
replaces is kept, stored media survive a version that left them out, a deleted message stays deleted. Everything runs in
the caller's one transaction. What does not belong here: reading sources, and parsing messages into ``posts``.
"""

from sqlalchemy import Connection, text

from tg_assets.landing.turns import take_turns

_STORED = "jsonb_array_length(jsonb_path_query_array({0}.media, '$[*] ? (exists(@.sha256))'))"
# How much is known of a message's media: how many are stored, and whether there are any.
_KNOWN = f"({_STORED}, {{0}}.media <> '[]')"
# Of two exports an edit lies between, the media are one another's only when they look alike; an export has no file ids.
_SHAPE = "({0}.media->0->'kind', {0}.media->0->'width', {0}.media->0->'height', {0}.media->0->'duration')"
_REPLACED = (
    "(i.format = 'desktop' AND t.format = 'desktop' AND i.edited_at IS DISTINCT FROM t.edited_at "
    f"AND {_SHAPE.format('i')} IS DISTINCT FROM {_SHAPE.format('t')})"
)
_MORE_KNOWN = f"({_KNOWN.format('i')} > {_KNOWN.format('t')} AND NOT {_REPLACED})"
# Of the same content, what downloading has settled without a file stays settled; two exports' files of one message
# at one time are ordered, so that any order of arrival ends the same.
_SETTLED = (
    f"(i.raw_hash = t.raw_hash AND {_STORED.format('i')} = {_STORED.format('t')} AND (t.media @? '$[*].file_id' "
    "OR (i.format = 'desktop' AND i.version_at = t.version_at AND i.media < t.media)))"
)
_MEDIA = (
    f"CASE WHEN t.media <> '[]' AND NOT {_REPLACED} AND ({_KNOWN.format('i')} < {_KNOWN.format('t')} OR {_SETTLED}) "
    "THEN t.media ELSE i.media END"
)
# A later edit wins; then the source that knows more (an event of a client says what history says); then who looked
# later. What is equal in all of it is ordered by content, so that any order of arrival ends the same.
_RANK = "array_position(ARRAY['persona', 'desktop', 'event'], replace({0}.format, 'telethon', 'event'))"
_VERSION = f"(coalesce({{0}}.edited_at, '-infinity'), {_RANK}, coalesce({{0}}.version_at, '-infinity'), {{0}}.raw_hash)"
_OLDER = f"{_VERSION.format('i')} < {_VERSION.format('t')}"
# What changes without an edit belongs to who looked last, also when that is an export, which knows less otherwise.
_LOOK = """jsonb_build_object(
    'at', extract(epoch FROM {0}.version_at), 'raw_hash', {0}.raw_hash,
    'raw', coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each({0}.raw)
                     WHERE key IN ('reactions', 'poll')), '{{}}'))"""
_LOOKED = "((t.later_look->>'at')::numeric, t.later_look->>'raw_hash')"
_LATER_LOOK = f"""
    CASE WHEN t.id IS NULL OR (i.format <> 'desktop' AND t.format <> 'desktop' AND t.later_look IS NULL) THEN NULL
         WHEN {_OLDER} THEN
             CASE WHEN i.format = 'desktop' AND t.format <> 'desktop' AND i.edited_at IS NOT DISTINCT FROM t.edited_at
                       AND i.version_at > t.version_at
                       AND (t.later_look IS NULL OR (extract(epoch FROM i.version_at), i.raw_hash) > {_LOOKED})
                  THEN {_LOOK.format("i")} ELSE t.later_look END
         WHEN i.format = 'desktop' OR i.edited_at IS DISTINCT FROM t.edited_at THEN NULL
         WHEN t.format = 'desktop' THEN CASE WHEN t.version_at > i.version_at THEN {_LOOK.format("t")} END
         WHEN (t.later_look->>'at')::numeric > extract(epoch FROM i.version_at) THEN t.later_look END
"""
# What a row that is not the last word may still add: media that are stored by now, the album, which never changes,
# and a later look.
_ADDS = (
    f"({_MORE_KNOWN} OR (t.told_grouped_id IS NULL AND i.grouped_id IS NOT NULL) "
    "OR look.later IS DISTINCT FROM t.later_look)"
)


def land(connection: Connection, chat: int = 0) -> dict[str, int]:
    """Land the rows of ``incoming`` with this ``chat``; returns counts new, changed, adds, unchanged.

    Leaves the temporary table ``landed(id, channel_id, posted_at, was)``: messages that are not what they were before,
    with the album that they were in; one whose time is another also as it was.
    """
    values = {"chat": chat}
    take_turns(connection, "SELECT channel_id FROM incoming WHERE chat = :chat", values)
    connection.execute(text("DROP TABLE IF EXISTS verdict"))
    connection.execute(
        text(f"""
            CREATE TEMP TABLE verdict ON COMMIT DROP AS
            SELECT i.ordinal, i.id, i.channel_id, i.posted_at, t.posted_at AS stored_at, t.format AS stored_format,
                   t.grouped_id AS was,
                   look.later AS later_look,
                   CASE WHEN t.id IS NULL THEN i.media ELSE {_MEDIA} END AS media,
                   CASE WHEN t.id IS NULL THEN 'new'
                        WHEN t.format = 'deleted' THEN 'deleted'
                        WHEN {_OLDER} THEN CASE WHEN {_ADDS} THEN 'adds' ELSE 'older' END
                        WHEN t.raw_hash <> i.raw_hash OR t.media <> {_MEDIA}
                             OR look.later IS DISTINCT FROM t.later_look THEN 'changed'
                        ELSE 'unchanged' END AS verdict
            FROM incoming i LEFT JOIN telegram_messages t ON t.id = i.id
            CROSS JOIN LATERAL (SELECT {_LATER_LOOK} AS later) look
            WHERE i.chat = :chat
        """),  # noqa: S608 - constant fragments, values are bound
        values,
    )
    connection.execute(text("ANALYZE verdict (ordinal, id, verdict)"))
    rows = connection.execute(text("SELECT verdict, count(*) FROM verdict GROUP BY verdict"))
    counts = {verdict: count for verdict, count in rows.tuples()}  # noqa: C416 - rows are not plain tuples to mypy
    if counts.keys() - {"new"}:
        _keep_versions(connection)
    _write(connection)
    if counts.keys() & {"adds", "unchanged"}:
        _add(connection)
    connection.execute(text("DROP TABLE IF EXISTS landed"))
    connection.execute(
        text("""CREATE TEMP TABLE landed ON COMMIT DROP AS
                SELECT DISTINCT ON (id) id, channel_id,
                       CASE verdict WHEN 'adds' THEN stored_at ELSE posted_at END AS posted_at, was
                FROM verdict WHERE verdict IN ('new', 'changed', 'adds')""")
    )
    if "changed" in counts:
        _leave(connection)
    connection.execute(text("ANALYZE landed (id)"))
    if "deleted" in counts:
        _place(connection)
    _cover(connection, chat)
    counts["unchanged"] = counts.get("unchanged", 0) + counts.pop("older", 0) + counts.pop("deleted", 0)
    return counts


def _keep_versions(connection: Connection) -> None:
    """Keep what an edit replaced, and edits that came after a later one."""
    replaced = connection.execute(
        text("""
            INSERT INTO telegram_message_versions AS w (tenant_id, id, raw_hash, edited_at, version_at, format, raw)
            SELECT t.tenant_id, t.id, t.raw_hash, t.edited_at, t.version_at, t.format, t.raw
            FROM verdict v JOIN incoming i USING (ordinal) JOIN telegram_messages t ON t.id = i.id
            WHERE v.verdict = 'changed' AND t.edited_at IS DISTINCT FROM i.edited_at
            UNION ALL
            SELECT t.tenant_id, t.id, i.raw_hash, i.edited_at, i.version_at, i.format, i.raw
            FROM verdict v JOIN incoming i USING (ordinal) JOIN telegram_messages t ON t.id = i.id
            WHERE v.verdict IN ('older', 'adds') AND t.edited_at IS DISTINCT FROM i.edited_at
            ON CONFLICT (tenant_id, id, raw_hash) DO UPDATE SET version_at = greatest(w.version_at, excluded.version_at)
        """)
    ).rowcount
    if replaced:
        keep_one_per_edit(connection, "SELECT id FROM verdict")


def keep_one_per_edit(connection: Connection, ids: str) -> None:
    """Keep one version per edit, the last look of who knows most; ``ids`` selects messages."""
    order = f"({_RANK}, coalesce({{0}}.version_at, '-infinity'), {{0}}.raw_hash)"
    connection.execute(
        text(f"""
            DELETE FROM telegram_message_versions v
            WHERE v.id IN ({ids}) AND EXISTS (
                SELECT FROM telegram_message_versions w
                WHERE w.id = v.id AND w.edited_at IS NOT DISTINCT FROM v.edited_at
                  AND {order.format("w")} > {order.format("v")})
        """)  # noqa: S608 - a constant
    )


def _write(connection: Connection) -> None:
    connection.execute(
        text("""
            INSERT INTO telegram_messages AS t (tenant_id, id, channel_id, telegram_message_id, posted_at, edited_at,
                                                version_at, format, raw, raw_hash, media, grouped_id,
                                                told_grouped_id, later_look)
            SELECT current_tenant(), i.id, i.channel_id, i.message_id, i.posted_at, i.edited_at, i.version_at,
                   i.format, i.raw, i.raw_hash, v.media, i.grouped_id, i.grouped_id, v.later_look
            FROM verdict v JOIN incoming i USING (ordinal) WHERE v.verdict IN ('new', 'changed')
            ON CONFLICT (tenant_id, id) DO UPDATE SET
                posted_at = excluded.posted_at, edited_at = excluded.edited_at, version_at = excluded.version_at,
                format = excluded.format, raw = excluded.raw, raw_hash = excluded.raw_hash, media = excluded.media,
                grouped_id = coalesce(excluded.grouped_id, t.grouped_id),
                told_grouped_id = coalesce(excluded.told_grouped_id, t.told_grouped_id),
                later_look = excluded.later_look, received_at = now()
        """)
    )


def _leave(connection: Connection) -> None:
    """Messages whose time is another leave their old day, whichever of both is worked on first."""
    connection.execute(
        text("""
            WITH gone AS (
                SELECT id, channel_id, stored_at, posted_at, was FROM verdict
                WHERE verdict = 'changed' AND stored_at <> posted_at
            ), moved AS (
                UPDATE messages m SET posted_at = gone.posted_at, updated_at = now() FROM gone WHERE m.id = gone.id
            )
            INSERT INTO landed SELECT id, channel_id, stored_at, was FROM gone
        """)
    )


def _add(connection: Connection) -> None:
    """What rows that are not the last word still add: stored media, the album, a later look at the same."""
    connection.execute(
        text(f"""
            UPDATE telegram_messages t SET
                media = CASE WHEN v.verdict = 'adds' AND {_MORE_KNOWN} THEN i.media ELSE t.media END,
                grouped_id = coalesce(t.told_grouped_id, i.grouped_id, t.grouped_id),
                told_grouped_id = coalesce(t.told_grouped_id, i.grouped_id), later_look = v.later_look,
                version_at = CASE v.verdict WHEN 'adds' THEN t.version_at ELSE i.version_at END
            FROM verdict v JOIN incoming i USING (ordinal)
            WHERE t.id = i.id AND (v.verdict = 'adds' OR (v.verdict = 'unchanged' AND i.version_at > t.version_at))
        """)  # noqa: S608 - constant fragments
    )


def _place(connection: Connection) -> None:
    """Of a deleted message nothing comes back but its place in an album, and of which kind its media were."""
    connection.execute(
        text("""
            WITH said AS (
                SELECT i.id, min(i.grouped_id) AS grouped_id,
                       (array_agg(i.media->0->'kind' ORDER BY i.media->0->'kind') FILTER (
                           WHERE i.media->0->>'role' = 'primary' AND NOT i.is_service))[1] AS kind
                FROM verdict v JOIN incoming i USING (ordinal) WHERE v.verdict = 'deleted' GROUP BY i.id
            ), told AS (
                SELECT t.id, t.grouped_id AS was, coalesce(t.told_grouped_id, s.grouped_id) AS told_grouped_id,
                       coalesce(t.told_grouped_id, s.grouped_id, t.grouped_id) AS grouped_id,
                       CASE WHEN t.media = '[]' AND s.kind IS NOT NULL
                            THEN jsonb_build_array(jsonb_build_object('position', 0, 'kind', s.kind, 'role', 'primary',
                                                                      'missing_reason', 'deleted'))
                            ELSE t.media END AS media
                FROM said s JOIN telegram_messages t USING (id)
            ), changed AS (
                UPDATE telegram_messages t SET
                    told_grouped_id = told.told_grouped_id, grouped_id = told.grouped_id, media = told.media
                FROM told WHERE t.id = told.id
                  AND (t.told_grouped_id, t.grouped_id, t.media)
                      IS DISTINCT FROM (told.told_grouped_id, told.grouped_id, told.media)
                RETURNING t.id, t.channel_id, t.posted_at, told.was
            )
            INSERT INTO landed SELECT * FROM changed
        """)
    )


def _cover(connection: Connection, chat: int) -> None:
    """Account for the ids of ``incoming``, whatever became of their rows."""
    connection.execute(
        text("""
            INSERT INTO coverage AS c (tenant_id, channel_id, stored, service, live_from)
            SELECT current_tenant(), channel_id,
                   coalesce(range_agg(int8range(message_id, message_id, '[]')) FILTER (WHERE NOT is_service), '{}'),
                   coalesce(range_agg(int8range(message_id, message_id, '[]')) FILTER (WHERE is_service), '{}'),
                   min(message_id) FILTER (WHERE format IN ('event', 'persona'))
            FROM incoming WHERE chat = :chat AND message_id > 0
            GROUP BY channel_id
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET
                stored = c.stored + (excluded.stored - c.deleted), service = c.service + (excluded.service - c.deleted),
                absent = c.absent - excluded.stored - excluded.service,
                live_from = least(c.live_from, excluded.live_from), updated_at = now()
        """),
        {"chat": chat},
    )
