"""Statements by which posts, albums and chats leave the graph, and what is left alone by them.

What belongs to a post alone goes with it; what it shares with others (tags, authors, pages, pictures …) goes with the
last that has it, so it is looked up (``AROUND``) before relations go, and dropped after new ones are made. What does
not belong here: private chats (``persona``).
"""

from tg_assets.graph import schema

# A post that is made again loses first what it says; where it is and what points at it stays, but
# for its group.
FORGET = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
      -[r:REPLIES_TO|REPLIES_TO_AUTHOR|FORWARDED_FROM|FORWARDED_FROM_POST
          |TAGGED_AS|HAS_TOPIC|MENTIONS|HAS_IMAGE|REFERS_TO]->()
DELETE r
"""
FORGET_REPLIES_TO_AUTHOR = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})-[r:REPLIES_TO_AUTHOR]->()
DELETE r
"""
# Of posts that go: replies to them answer nobody any more.
FORGET_ANSWERED = """
UNWIND $rows AS row
MATCH (q:Post {tenant_id: $tenant, post_id: row.post_id})<-[:REPLIES_TO]-(:Post)-[r:REPLIES_TO_AUTHOR]->()
DELETE r
"""
# What a post points at, or who wrote it: looked up before the relations go, so that nodes left alone can go too.
AROUND = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
      -[:TAGGED_AS|HAS_TOPIC|MENTIONS|FORWARDED_FROM|REFERS_TO|HAS_IMAGE|AUTHOR_OF]-(n)
RETURN DISTINCT labels(n)[0] AS label, properties(n) AS node
"""
TARGETS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})-[:REPLIES_TO|FORWARDED_FROM_POST]->(n:Post)
WHERE n.placeholder
RETURN DISTINCT labels(n)[0] AS label, properties(n) AS node
"""
LABELS_AROUND = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})-[:HAS_IMAGE]->(:Image)-[:HAS_LABEL]->(n:Label)
RETURN DISTINCT labels(n)[0] AS label, properties(n) AS node
"""
# The newest shared post that gives an author or a source its name, once the one that did is gone.
NEWEST_OF_AUTHORS = """
UNWIND $rows AS row
MATCH (a:Author {tenant_id: $tenant, author_id: row.author_id, author_type: row.author_type})-[:AUTHOR_OF]->(p:Post)
WHERE p.owner_id = 0
RETURN a.author_id AS author_id, a.author_type AS author_type, max([p.posted_at, p.post_id]) AS last
"""
NAME_AUTHORS = """
UNWIND $rows AS row
MATCH (a:Author {tenant_id: $tenant, author_id: row.author_id, author_type: row.author_type})
SET a.name = row.name, a.named_at = row.named_at
"""
NEWEST_OF_SOURCES = """
UNWIND $rows AS row
MATCH (s:ForwardSource {tenant_id: $tenant, source_id: row.source_id, source_type: row.source_type})
      <-[r:FORWARDED_FROM]-(p:Post)
WHERE p.owner_id = 0 AND r.name IS NOT NULL
RETURN s.source_id AS source_id, s.source_type AS source_type, max([p.posted_at, p.post_id]) AS last
"""
NAME_SOURCES = """
UNWIND $rows AS row
MATCH (s:ForwardSource {tenant_id: $tenant, source_id: row.source_id, source_type: row.source_type})
SET s.name = row.name, s.named_at = row.named_at
"""
# Labels of pictures that are described again.
FORGET_LABELS = """
UNWIND $rows AS row
MATCH (i:Image {tenant_id: $tenant, sha256: row.sha256})-[r:HAS_LABEL]->()
DELETE r
"""
DROP_ALONE = {label: schema.drop_alone(label) for label in schema.ALONE if label not in schema.PRIVATE}
FORGET_GROUP = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})<-[r:HAS_POST]-(:Group)
DELETE r
"""
FORGET_AUTHOR = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})<-[r:AUTHOR_OF|SENT_MESSAGE]-()
DELETE r
"""
# A deleted post leaves its chat, its dialogue and its album, too.
LEAVE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})-[r:HAS_POST|OWNS|IN_DIALOGUE|CONTAINS]-()
DELETE r
"""
# A deleted post that others reply to stays as a placeholder, as if it had never arrived.
BURY = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
SET p.placeholder = true, p.deleted = true
REMOVE p.posted_at, p.url, p.lang, p.channel_id, p.owner_id, p.source, p.is_service
"""
# What others point at may have been deleted before they came: that is known, whichever was written first.
DELETED = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
WHERE p.placeholder
SET p.deleted = true
"""
BURY_ALONE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
WHERE NOT EXISTS { (p)--() }
DELETE p
"""
ITEMS_AROUND = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})-[:CONTAINS]->(p:Post)
WHERE p.placeholder
RETURN p.post_id AS post_id
"""
FORGET_ITEMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})-[r:CONTAINS]->()
DELETE r
"""
# All of a chat: its posts a batch at a time, then its albums and itself.
POSTS_OF_CHATS = """
UNWIND $rows AS row
MATCH (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})-[:HAS_POST]->(p:Post)
RETURN p.post_id AS post_id LIMIT $limit
"""
DROP_POSTS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
DETACH DELETE p
"""
DROP_CHATS = (
    """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant})<-[:HAS_ALBUM]-(c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
DETACH DELETE a
""",
    """
UNWIND $rows AS row
MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.channel_id})
DETACH DELETE d
""",
    """
UNWIND $rows AS row
MATCH (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
DETACH DELETE c
""",
)
DROP_ALBUMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})
DETACH DELETE a
"""
