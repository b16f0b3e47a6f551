"""Questions that people ask the graph. Results are rows of plain values.

Every one binds ``$tenant`` and shows of private chats only those of ``$owners`` (``TenantGraph.read`` sets both).
"""

MOST_FORWARDED = """
MATCH (p:Post {tenant_id: $tenant})-[r:FORWARDED_FROM]->(s:ForwardSource {tenant_id: $tenant})
WHERE p.owner_id IN $owners
WITH s, count(p) AS forwards, max(r.name) AS shown
RETURN coalesce(s.name, shown) AS source, s.source_type AS type, forwards
ORDER BY forwards DESC, source LIMIT $limit
"""
ALBUMS_OF_CHANNEL = """
MATCH (c:Channel {tenant_id: $tenant, channel_id: $channel_id})-[:HAS_ALBUM]->(a:Album)
WHERE a.owner_id IN $owners
RETURN a.album_id AS album_id, a.album_kind AS kind, a.items_count AS items, a.caption AS caption,
       a.posted_at AS posted_at
ORDER BY posted_at DESC LIMIT $limit
"""
ALBUMS_BY_TAGS = """
UNWIND $tags AS name
MATCH (t:Tag {tenant_id: $tenant, name: name})<-[:TAGGED_AS]-(:Post)<-[:CONTAINS]-(a:Album)
WHERE a.owner_id IN $owners
RETURN a.album_id AS album_id, a.caption AS caption, count(DISTINCT name) AS matching
ORDER BY matching DESC, album_id LIMIT $limit
"""
POSTS_OF_ALBUM = """
MATCH (a:Album {tenant_id: $tenant, album_id: $album_id})-[r:CONTAINS]->(p:Post)
WHERE a.owner_id IN $owners
RETURN p.post_id AS post_id, p.telegram_message_id AS message_id, r.position AS position
ORDER BY position
"""
DIALOGUES_OF_PERSONA = """
MATCH (p:Persona {tenant_id: $tenant, user_id: $user_id})-[:HAS_DIALOGUE]->(d:Dialogue)
WHERE p.telegram_id IN $owners
RETURN d.dialogue_id AS dialogue_id, d.dialogue_type AS type, d.peer_id AS peer_id, d.peer_name AS peer
ORDER BY peer, dialogue_id
"""
POSTS_OF_DIALOGUE = """
MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: $dialogue_id})<-[:IN_DIALOGUE]-(p:Post)
WHERE p.owner_id IN $owners
OPTIONAL MATCH (me:Persona)-[:SENT_MESSAGE]->(p)
RETURN p.post_id AS post_id, p.telegram_message_id AS message_id, p.posted_at AS posted_at,
       me IS NOT NULL AS own
ORDER BY message_id LIMIT $limit
"""
