"""Questions about forwards: where things come from, who brings them first, how far they go."""

from tg_assets.graph.questions.communities import communities
from tg_assets.graph.questions.question import CHAT, Parameter, Question, columns, first, last, seen, within

POST = Parameter("post", "post", "a post: its link, CHAT/NUMBER or id", "https://t.me/news/17")

FIRST_SOURCE = Question(
    "first-source",
    "Where a forwarded post was first, and by which posts it came here.",
    "Откуда пересланная запись взялась впервые и через какие записи она пришла.",
    f"""
MATCH path = (:Post {{tenant_id: $tenant, post_id: $post}})-[:FORWARDED_FROM_POST*0..20]->(p:Post)
WHERE all(hop IN nodes(path) WHERE {seen("hop")})
OPTIONAL MATCH (p)-[r:FORWARDED_FROM]->(s:ForwardSource)
RETURN length(path) AS step, p.post_id AS post, s.source_id AS source_id, s.source_type AS source_type,
       p.post_id AS source, r.forward_date AS first_posted_at
ORDER BY step LIMIT $limit
""",
    columns("step", "source", "source_type", "source_id", "first_posted_at", "post", source="source", post="post"),
    (POST,),
)
MOST_FORWARDED = Question(
    "most-forwarded",
    "Sources that are forwarded most.",
    "Источники, которые пересылают чаще всего.",
    f"""
MATCH (s:ForwardSource {{tenant_id: $tenant}}) WHERE s.source_id >= '' AND s.source_type IS NOT NULL
MATCH (s)<-[:FORWARDED_FROM]-(p:Post)
WHERE {seen("p")} AND {within("p")}
WITH s.source_id AS source_id, s.source_type AS source_type, count(p) AS forwards,
     count(DISTINCT p.channel_id) AS chats, {last("p")} AS source
RETURN source_id, source_type, forwards, chats, source[1] AS source
ORDER BY forwards DESC, source_id LIMIT $limit
""",
    columns("source", "source_type", "source_id", "forwards", "chats", source="source"),
    (CHAT,),
    dated=True,
)
FIRST_FORWARDERS = Question(
    "first-forwarders",
    "Chats that forward a source, the one that did first before the others, each with its first forward.",
    "Чаты, которые пересылают источник: кто раньше начал; у каждого его первая пересылка.",
    f"""
UNWIND $source AS one
MATCH (s:ForwardSource {{tenant_id: $tenant, source_id: one}}) WHERE s.source_type IS NOT NULL
MATCH (s)<-[:FORWARDED_FROM]-(p:Post)
WHERE {seen("p")} AND {within("p")}
WITH p.channel_id AS chat, count(p) AS forwards, {first("p")} AS began
RETURN chat, forwards, began[1] AS post
ORDER BY began, chat LIMIT $limit
""",
    columns("chat", "forwards", "post", chat="chat", post="post"),
    (Parameter("source", "source", "a source: its name as shown, @username or id", "@news"),),
    dated=True,
)
REACH = Question(
    "reach",
    "Posts that a post was forwarded to, directly or by others, nearest first.",
    "Записи, в которые переслали эту: напрямую или через другие, сначала ближайшие.",
    f"""
MATCH path = (:Post {{tenant_id: $tenant, post_id: $post}})<-[:FORWARDED_FROM_POST*1..10]-(p:Post)
WHERE all(hop IN nodes(path) WHERE {seen("hop")})
WITH p, min(length(path)) AS steps
RETURN steps, p.channel_id AS chat, p.post_id AS post
ORDER BY steps, p.posted_at, post LIMIT $limit
""",
    columns("steps", "chat", "post", chat="chat", post="post"),
    (POST,),
)
COMMUNITIES = Question(
    "communities",
    "Chats that forward the same sources, or each other, by groups.",
    "Группы чатов, которые пересылают одни и те же источники или друг друга.",
    f"""
MATCH (s:ForwardSource {{tenant_id: $tenant}}) WHERE s.source_id >= '' AND s.source_type IS NOT NULL
MATCH (s)<-[:FORWARDED_FROM]-(p:Post)
WHERE {seen("p")} AND {within("p")}
WITH p.channel_id AS chat, s.source_id AS source_id, count(p) AS forwards, {last("p")} AS source
WHERE forwards >= $least
MATCH (c:Channel {{tenant_id: $tenant, channel_id: chat}}) WHERE {seen("c")}
RETURN chat, c.tg_channel_id AS chat_tg_id, source_id, forwards, source[1] AS source
ORDER BY forwards DESC, chat, source_id LIMIT 10000
""",
    columns("community", "member", "forwards", "chat", "source", "source_id", chat="chat", source="source"),
    (Parameter("least", "number", "forwards that make a tie", "3", default=2, required=False),),
    dated=True,
    then=communities,
)
QUESTIONS = (FIRST_SOURCE, MOST_FORWARDED, FIRST_FORWARDERS, REACH, COMMUNITIES)
