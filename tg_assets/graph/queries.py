"""Questions that people ask the graph; every one binds ``$tenant``. Results are rows of plain values."""

MOST_FORWARDED = """
MATCH (p:Post {tenant_id: $tenant})-[:FORWARDED_FROM]->(s:ForwardSource {tenant_id: $tenant})
RETURN s.name AS source, s.source_type AS type, count(p) AS forwards
ORDER BY forwards DESC, source LIMIT $limit
"""
ALBUMS_OF_CHANNEL = """
MATCH (c:Channel {tenant_id: $tenant, channel_id: $channel_id})-[:HAS_ALBUM]->(a:Album)
RETURN a.album_id AS album_id, a.album_kind AS kind, a.items_count AS items, a.caption AS caption,
       a.posted_at AS posted_at
ORDER BY posted_at DESC LIMIT $limit
"""
ALBUMS_BY_TAGS = """
UNWIND $tags AS name
MATCH (t:Tag {tenant_id: $tenant, name: name})<-[:TAGGED_AS]-(:Post)<-[:CONTAINS]-(a:Album)
RETURN a.album_id AS album_id, a.caption AS caption, count(DISTINCT name) AS matching
ORDER BY matching DESC, album_id LIMIT $limit
"""
POSTS_OF_ALBUM = """
MATCH (a:Album {tenant_id: $tenant, album_id: $album_id})-[r:CONTAINS]->(p:Post)
RETURN p.post_id AS post_id, p.telegram_message_id AS message_id, r.position AS position
ORDER BY position
"""
