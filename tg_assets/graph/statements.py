"""The graph's write statements, one per node or relation, each over ``$rows`` of one tenant; those of private chats
are in ``persona``, those by which something leaves in ``leaving``.

They are plain Cypher that Neo4j 5 accepts. A relation is always merged from the end with few of its kind: from
a hub, MERGE would look through all of the hub's relations (130 a second at 20,000 of them). What many rows share is
looked up once: they are given together, as ``rows.gathered`` makes them, and the list is let go before the next MERGE,
which would otherwise keep it with each of its rows. What is written in one go costs half of what is made and then set.

``$made`` has the ``run_id`` and the ``version`` of this stage. Relations have both, those that a model found its
``model`` in place of the version; a post has the run that wrote it last, a node that posts share the run that made it
first. A post that is written has no group, author, replies, forwards, tags and links: it is new, or it has forgotten
them. So the run can stand in the pattern of a MERGE, where it costs half of what it does when it is set.
"""

from tg_assets.graph import schema

CHANNELS = """
UNWIND $rows AS row
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
ON CREATE SET c.run_id = $made.run_id
SET c.title = row.title, c.username = row.username, c.tg_channel_id = row.tg_channel_id, c.source = row.source,
    c.feed = row.feed, c.owner_id = row.owner_id
"""
GROUPS = """
UNWIND $rows AS row
MERGE (g:Group {tenant_id: $tenant, group_id: row.channel_id})
ON CREATE SET g.run_id = $made.run_id
SET g.title = row.title, g.username = row.username, g.tg_channel_id = row.tg_channel_id, g.owner_id = row.owner_id
"""

# Which posts are there already, be it as what others point at.
THERE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
RETURN p.post_id AS post_id
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
                owner_id: given.owner_id, url: given.url, is_service: given.is_service, lang: given.lang,
                run_id: $made.run_id})
MERGE (p)<-[:HAS_POST {run_id: $made.run_id, version: $made.version}]-(c)
"""
POSTS = """
UNWIND $rows AS row
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
WITH c, row.posts AS posts
UNWIND posts AS post
WITH c, post
MERGE (p:Post {tenant_id: $tenant, post_id: post.post_id})
SET p += post.properties, p.placeholder = false, p.deleted = null, p.run_id = $made.run_id
MERGE (p)<-[r:HAS_POST]-(c)
SET r.run_id = $made.run_id, r.version = $made.version
"""
GROUP_POSTS = """
UNWIND $rows AS row
MERGE (g:Group {tenant_id: $tenant, group_id: row.group_id})
WITH g, row.posts AS posts
UNWIND posts AS post
WITH g, post
MATCH (p:Post {tenant_id: $tenant, post_id: post.post_id})
MERGE (p)<-[:HAS_POST {run_id: $made.run_id, version: $made.version}]-(g)
"""
# Authors and sources of forwards are nodes that everybody in a tenant shares, but what a private chat calls them may
# be what their owner calls them: that name is on the relation alone. The name of the newest post stays, in whichever
# order posts come; a forward has its source's name in any case.
AUTHORS = """
UNWIND $rows AS row
MERGE (a:Author {tenant_id: $tenant, author_id: row.author_id, author_type: row.author_type})
ON CREATE SET a.run_id = $made.run_id
SET a.name = CASE WHEN row.private OR a.named_at > row.named_at THEN a.name ELSE row.name END,
    a.named_at = CASE WHEN row.private OR a.named_at > row.named_at THEN a.named_at ELSE row.named_at END
WITH a, row.posts AS posts
UNWIND posts AS post
WITH a, post
MATCH (p:Post {tenant_id: $tenant, post_id: post.post_id})
MERGE (p)<-[r:AUTHOR_OF {run_id: $made.run_id, version: $made.version}]-(a)
SET r.name = post.name
"""
# The target may not be there yet: its id is known, so it becomes a placeholder until it arrives.
REPLIES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (target:Post {tenant_id: $tenant, post_id: row.target_id})
ON CREATE SET target.placeholder = true, target.telegram_message_id = row.target_message_id,
              target.run_id = $made.run_id
MERGE (p)-[r:REPLIES_TO {run_id: $made.run_id, version: $made.version}]->(target)
SET r.thread_id = row.thread_id
"""
# Whom a reply answers, with all that is asked of it, so that who replies to whom is counted without a look at posts. It
# is of both posts and both authors, so it is made anew when either post is.
REPLIES_TO_AUTHOR = f"""
UNWIND $rows AS row
MATCH (p:Post {{tenant_id: $tenant, post_id: row.post_id}})
MATCH (p)<-[:AUTHOR_OF]-(a:Author)
MATCH (p)-[:REPLIES_TO]->(q:Post)<-[:AUTHOR_OF]-(b:Author)
MERGE (p)-[r:REPLIES_TO_AUTHOR {{run_id: $made.run_id, version: $made.version}}]->(b)
SET {", ".join(f"r.{name} = {of}" for name, of in schema.REPLIED.items())}
"""
# Replies to posts.
REPLYING = """
UNWIND $rows AS row
MATCH (q:Post {tenant_id: $tenant, post_id: row.post_id})<-[:REPLIES_TO]-(p:Post)
RETURN DISTINCT p.post_id AS post_id
"""
FORWARDS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (s:ForwardSource {tenant_id: $tenant, source_id: row.source_id, source_type: row.source_type})
ON CREATE SET s.run_id = $made.run_id
SET s.name = CASE WHEN row.named_at IS NULL OR s.named_at > row.named_at THEN s.name ELSE row.name END,
    s.named_at = CASE WHEN row.named_at IS NULL OR s.named_at > row.named_at THEN s.named_at ELSE row.named_at END
MERGE (p)-[r:FORWARDED_FROM {run_id: $made.run_id, version: $made.version}]->(s)
SET r.forward_date = row.forward_date, r.name = row.name
"""
FORWARDED_POSTS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (target:Post {tenant_id: $tenant, post_id: row.target_id})
ON CREATE SET target.placeholder = true, target.telegram_message_id = row.target_message_id,
              target.run_id = $made.run_id
MERGE (p)-[:FORWARDED_FROM_POST {run_id: $made.run_id, version: $made.version}]->(target)
"""

TAGS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
WITH p, row.model AS model, row.tags AS tags
UNWIND tags AS tag
WITH p, model, tag
MERGE (t:Tag {tenant_id: $tenant, name: tag.name})
ON CREATE SET t.run_id = $made.run_id
MERGE (p)-[:TAGGED_AS {confidence: tag.confidence, run_id: $made.run_id, model: model}]->(t)
"""
TOPICS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (t:Topic {tenant_id: $tenant, name: row.name})
ON CREATE SET t.run_id = $made.run_id
MERGE (p)-[:HAS_TOPIC {weight: row.weight, run_id: $made.run_id, model: row.model}]->(t)
"""
ENTITIES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (e:Entity {tenant_id: $tenant, name: row.name, type: row.type})
ON CREATE SET e.run_id = $made.run_id
MERGE (p)-[:MENTIONS {confidence: row.confidence, run_id: $made.run_id, model: row.model}]->(e)
"""
IMAGES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (i:Image {tenant_id: $tenant, sha256: row.sha256})
ON CREATE SET i.run_id = $made.run_id
MERGE (p)-[r:HAS_IMAGE]->(i)
SET r.run_id = $made.run_id, r.model = row.model
"""
# What a picture shows, as one of its posts has it; null where none has.
LOOKS = """
UNWIND $rows AS row
MATCH (i:Image {tenant_id: $tenant, sha256: row.sha256})
SET i += row.properties
"""
LABELS = """
UNWIND $rows AS row
MATCH (i:Image {tenant_id: $tenant, sha256: row.sha256})
MERGE (l:Label {tenant_id: $tenant, name: row.name})
ON CREATE SET l.run_id = $made.run_id
MERGE (i)-[r:HAS_LABEL]->(l)
SET r.run_id = $made.run_id, r.model = row.model
"""
WEB_PAGES = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MERGE (w:WebPage {tenant_id: $tenant, url: row.url})
ON CREATE SET w.run_id = $made.run_id
MERGE (p)-[:REFERS_TO {run_id: $made.run_id, version: $made.version}]->(w)
"""

ALBUMS = """
UNWIND $rows AS row
MERGE (a:Album {tenant_id: $tenant, album_id: row.album_id})
SET a += row.properties, a.run_id = $made.run_id
MERGE (c:Channel {tenant_id: $tenant, channel_id: row.channel_id})
MERGE (a)<-[r:HAS_ALBUM]-(c)
SET r.run_id = $made.run_id, r.version = $made.version
"""
ALBUM_ITEMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})
MERGE (p:Post {tenant_id: $tenant, post_id: row.post_id})
ON CREATE SET p.placeholder = true, p.run_id = $made.run_id
MERGE (p)<-[r:CONTAINS]-(a)
SET r.position = row.position, r.run_id = $made.run_id, r.version = $made.version
"""
