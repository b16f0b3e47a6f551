"""Names beside a message's words, in SQL: of whom it was forwarded from, and of its files.

What does not belong here: how much such a name counts in the index (``index.sparse``).
"""

OF_POST = """
    nullif(concat_ws(' ', m.forward_from_name, (
        SELECT string_agg(p.file_name, ' ' ORDER BY p.position) FROM post_media_map p WHERE p.post_id = m.id)), '')
"""
"""Of a row ``m`` of messages; null where there are none."""
OF_ALBUM = """
    nullif(concat_ws(' ', m.forward_from_name, (
        SELECT string_agg(p.file_name, ' ' ORDER BY a.position, p.position)
        FROM media_group_items a JOIN post_media_map p ON p.post_id = a.post_id
        WHERE a.group_id = g.id AND a.deleted_at IS NULL)), '')
"""
"""Of a row ``g`` of albums and its first message ``m``."""
