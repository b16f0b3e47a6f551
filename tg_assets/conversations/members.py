"""What both kinds of units look at in a message: whether it has words, and what its words are made of."""

LEAST = 2
"""Messages with words that a unit has at least; one alone has its own point."""

ENRICHED = """
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status = 'ok'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech' AND s.status = 'ok'
"""
SPEAKS = """
    (m.deleted_at IS NULL AND NOT m.is_service AND (m.content <> '' OR v.post_id IS NOT NULL OR s.post_id IS NOT NULL))
"""
MADE_OF = "concat_ws('/', m.telegram_message_id, m.content_hash, v.params_hash, s.params_hash, m.author_name)"
"""What a unit is stale by, of each message that speaks: its words, its picture's, its voice's, its author's name."""

COLUMNS = "channel_id, anchor, posted_at, reaches, first_message_id, last_message_id, posts, content_hash"
"""Of a unit, in this order, as the rules give them.

``anchor`` is the id of its first message, ``posted_at`` that one's time; ``posts`` are ids of those that speak, in
order, and the two numbers those of the first and the last of them; ``reaches`` is the time of the last message.
"""
