"""The graph's write statements, one per node or relation, each over ``$rows`` of one tenant; those of private chats
are in ``persona``.

They are plain Cypher that Neo4j 5 accepts. A relation is always merged from the end with few of its kind: from
a hub, MERGE would look through all of the hub's relations (130 a second at 20,000 of them). What many rows share is
looked up once: they are given together, as ``rows.gathered`` makes them, and the list is let go before the next MERGE,
which would otherwise keep it with each of its rows. What is written in one go costs half of what is made and then set.
"""

CHANNELS = """
UNWIND $rows AS row
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
SET c.title = row.title, c.username = row.username, c.tg_channel_id = row.tg_channel_id, c.source = row.source,
    c.feed = row.feed, c.owner_id = row.owner_id
"""
GROUPS = """
UNWIND $rows AS row
MERGE (g:Group {tenant_id: $tenant, group_id: row.channel_id})
SET g.title = row.title, g.username = row.username, g.tg_channel_id = row.tg_channel_id, g.owner_id = row.owner_id
"""

# Which posts are there already, be it as what others point at.
THERE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
RETURN p.post_id AS post_id
"""
# A post that is made again loses first what it says; where it is and what points at it stays.
FORGET = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
      -[r:REPLIES_TO|FORWARDED_FROM|FORWARDED_FROM_POST|TAGGED_AS|HAS_IMAGE|REFERS_TO]->()
DELETE r
"""
# What a post points at, or who wrote it: looked up before the relations go, so that nodes left alone can go too.
AROUND = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})-[:TAGGED_AS|FORWARDED_FROM|REFERS_TO|HAS_IMAGE|AUTHOR_OF]-(n)
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
# In this order: a label is alone once its last image went.
DROP_ALONE = {
    "Image": """
UNWIND $rows AS row
MATCH (n:Image {tenant_id: $tenant, sha256: row.sha256})
WHERE NOT EXISTS { (n)<-[:HAS_IMAGE]-() }
DETACH DELETE n
""",
    "Label": """
UNWIND $rows AS row
MATCH (n:Label {tenant_id: $tenant, name: row.name})
WHERE NOT EXISTS { (n)--() }
DELETE n
""",
    "Tag": """
UNWIND $rows AS row
MATCH (n:Tag {tenant_id: $tenant, name: row.name})
WHERE NOT EXISTS { (n)--() }
DELETE n
""",
    "ForwardSource": """
UNWIND $rows AS row
MATCH (n:ForwardSource {tenant_id: $tenant, source_id: row.source_id, source_type: row.source_type})
WHERE NOT EXISTS { (n)--() }
DELETE n
""",
    "Author": """
UNWIND $rows AS row
MATCH (n:Author {tenant_id: $tenant, author_id: row.author_id, author_type: row.author_type})
WHERE NOT EXISTS { (n)--() }
DELETE n
""",
    "WebPage": """
UNWIND $rows AS row
MATCH (n:WebPage {tenant_id: $tenant, url: row.url})
WHERE NOT EXISTS { (n)--() }
DELETE n
""",
    "Post": """
UNWIND $rows AS row
MATCH (n:Post {tenant_id: $tenant, post_id: row.post_id})
WHERE n.placeholder AND NOT EXISTS { (n)--() }
DELETE n
""",
}
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
REMOVE p.posted_at, p.url, p.lang, p.author
"""
BURY_ALONE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
WHERE NOT EXISTS { (p)--() }
DELETE p
"""

# Posts of a chat: those that are not there yet, which the server refuses where one is, and any.
NEW_POSTS = """
UNWIND $rows AS row
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
WITH c, row.posts AS posts
UNWIND posts AS post
WITH c, post, post.properties AS given
CREATE (p:Post {tenant_id: $tenant, post_id: post.post_id, placeholder: false, channel_id: given.channel_id,
                telegram_message_id: given.telegram_message_id, posted_at: given.posted_at, source: given.source,
                owner_id: given.owner_id, url: given.url, is_service: given.is_service, lang: given.lang})
MERGE (p)<-[:HAS_POST]-(c)
"""
POSTS = """
UNWIND $rows AS row
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
WITH c, row.posts AS posts
UNWIND posts AS post
WITH c, post
MERGE (p:Post {tenant_id: $tenant, post_id: post.post_id})
SET p += post.properties, p.placeholder = false
MERGE (p)<-[:HAS_POST]-(c)
"""
GROUP_POSTS = """
UNWIND $rows AS row
MERGE (g:Group {tenant_id: $tenant, group_id: row.group_id})
WITH g, row.posts AS posts
UNWIND posts AS post
WITH g, post
MATCH (p:Post {tenant_id: $tenant, post_id: post.post_id})
MERGE (p)<-[:HAS_POST]-(g)
"""
# Authors and sources of forwards are nodes that everybody in a tenant shares, but what a private chat calls them may
# be what their owner calls them: that name is on the relation alone.
AUTHORS = """
UNWIND $rows AS row
MERGE (a:Author {tenant_id: $tenant, author_id: row.author_id, author_type: row.author_type})
SET a.name = CASE WHEN row.private THEN a.name ELSE last(row.posts).name END
WITH a, row.private AS private, row.posts AS posts
UNWIND posts AS post
WITH a, private, post
MATCH (p:Post {tenant_id: $tenant, post_id: post.post_id})
MERGE (p)<-[r:AUTHOR_OF]-(a)
SET r.name = CASE WHEN private THEN post.name END
"""
# The target may not be there yet: its id is known, so it becomes a placeholder until it arrives.
REPLIES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (target:Post {tenant_id: $tenant, post_id: row.target_id})
ON CREATE SET target.placeholder = true, target.telegram_message_id = row.target_message_id
MERGE (p)-[r:REPLIES_TO]->(target)
SET r.thread_id = row.thread_id
"""
FORWARDS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (s:ForwardSource {tenant_id: $tenant, source_id: row.source_id, source_type: row.source_type})
SET s.name = CASE WHEN row.private THEN s.name ELSE coalesce(row.name, s.name) END
MERGE (p)-[r:FORWARDED_FROM]->(s)
SET r.forward_date = row.forward_date, r.name = CASE WHEN row.private THEN row.name END
"""
FORWARDED_POSTS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (target:Post {tenant_id: $tenant, post_id: row.target_id})
ON CREATE SET target.placeholder = true, target.telegram_message_id = row.target_message_id
MERGE (p)-[:FORWARDED_FROM_POST]->(target)
"""
# A post has none of its tags yet: it is new, or it has forgotten them.
TAGS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
WITH p, row.tags AS tags
UNWIND tags AS tag
WITH p, tag
MERGE (t:Tag {tenant_id: $tenant, name: tag.name})
MERGE (p)-[:TAGGED_AS {confidence: tag.confidence}]->(t)
"""
IMAGES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (i:Image {tenant_id: $tenant, sha256: row.sha256})
SET i.classification = row.classification, i.description = row.description
MERGE (p)-[:HAS_IMAGE]->(i)
"""
WEB_PAGES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (w:WebPage {tenant_id: $tenant, url: row.url})
MERGE (p)-[:REFERS_TO]->(w)
"""
LABELS = """
UNWIND $rows AS row
MATCH (i:Image {tenant_id: $tenant, sha256: row.sha256})
MERGE (l:Label {tenant_id: $tenant, name: row.name})
MERGE (i)-[:HAS_LABEL]->(l)
"""

ALBUMS = """
UNWIND $rows AS row
MERGE (a:Album {tenant_id: $tenant, album_id: row.album_id})
SET a += row.properties
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
MERGE (a)<-[:HAS_ALBUM]-(c)
"""
FORGET_ITEMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})-[r:CONTAINS]->()
DELETE r
"""
ALBUM_ITEMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})
MERGE (p:Post {tenant_id: $tenant, post_id: row.post_id})
ON CREATE SET p.placeholder = true
MERGE (p)<-[r:CONTAINS]-(a)
SET r.position = row.position
"""
# All of a chat: its posts a batch at a time, then its albums and itself.
POSTS_OF_CHATS = """
MATCH (p:Post {tenant_id: $tenant}) WHERE p.channel_id IN $channels RETURN p.post_id AS post_id LIMIT $limit
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
