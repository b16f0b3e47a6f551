"""Questions about people: who answers whom, in which threads, when.

Where thousands of posts are looked at, the last or the farthest one is the greatest of lists (time or length, id): to
make texts of times, or to sort paths, takes the embedded server as long as all the rest. Where all replies are looked
at, who wrote one is found from the reply, which has few relations, and not from what it answers, which may have many.
"""

from tg_assets.graph.questions.question import CHAT, PERSON, Question, columns, last, seen, within

WHO_REPLIES = Question(
    "who-replies",
    "Who replies to whom most.",
    "Кто кому чаще всего отвечает.",
    f"""
MATCH (b:Author {{tenant_id: $tenant}}) WHERE b.author_id IS NOT NULL AND b.author_type IS NOT NULL
MATCH (b)-[:AUTHOR_OF]->(q:Post)<-[:REPLIES_TO]-(p:Post)
WHERE {seen("p")} AND {seen("q")} AND {within("p")}
MATCH (p)<-[:AUTHOR_OF]-(a:Author)
WITH a, b, count(p) AS replies, max([p.posted_at, p.post_id]) AS last, max([q.posted_at, q.post_id]) AS answered
WITH a.author_id AS who_id, b.author_id AS whom_id, replies, last, answered
ORDER BY replies DESC, who_id, whom_id LIMIT $limit
RETURN who_id, whom_id, replies, last[1] AS who, answered[1] AS whom, last[1] AS post
ORDER BY replies DESC, who_id, whom_id
""",
    columns("who", "whom", "replies", "who_id", "whom_id", "post", who="person", whom="person", post="post"),
    (CHAT,),
    dated=True,
)
REPLIES_TO = Question(
    "replies-to",
    "Who replies to a person, and how often that person replies back.",
    "Кто отвечает человеку и как часто он отвечает в ответ.",
    f"""
UNWIND $person AS id
MATCH (a:Author {{tenant_id: $tenant, author_id: id}}) WHERE a.author_type IS NOT NULL
MATCH (a)-[:AUTHOR_OF]->(q:Post) WHERE {seen("q")}
OPTIONAL MATCH (q)<-[:REPLIES_TO]-(p:Post) WHERE {seen("p")} AND {within("p")}
OPTIONAL MATCH (q)-[:REPLIES_TO]->(o:Post) WHERE {seen("o")} AND {within("q")}
UNWIND [{{other: p, to: 1, back: 0}}, {{other: o, to: 0, back: 1}}] AS one
WITH a, one.other AS r, one.to AS to, one.back AS back WHERE r IS NOT NULL
MATCH (r)<-[:AUTHOR_OF]-(b:Author)
WITH b.author_id AS who_id, sum(to) AS replies, sum(back) AS replies_back, {last("r")} AS who
RETURN who_id, replies, replies_back, who, right(who, 36) AS post
ORDER BY replies DESC, replies_back DESC, who_id LIMIT $limit
""",
    columns("who", "replies", "replies_back", "who_id", "post", who="person", post="post"),
    (PERSON, CHAT),
    dated=True,
)
THREADS = Question(
    "threads",
    "Threads that a person wrote in, by the message that each began with, the last first.",
    "Ветки, в которых писал человек: сообщение, с которого ветка началась; сначала недавние.",
    f"""
UNWIND $person AS id
MATCH (a:Author {{tenant_id: $tenant, author_id: id}}) WHERE a.author_type IS NOT NULL
MATCH (a)-[:AUTHOR_OF]->(p:Post) WHERE {seen("p")} AND {within("p")} AND (p)-[:REPLIES_TO]-()
OPTIONAL MATCH path = (p)-[:REPLIES_TO*1..15]->(root:Post)
WHERE all(hop IN nodes(path) WHERE {seen("hop")})
WITH p, max(CASE WHEN path IS NULL THEN null ELSE [length(path), root.post_id] END) AS farthest
WITH coalesce(farthest[1], p.post_id) AS post, count(p) AS messages, max(p.posted_at) AS last_at
RETURN post, messages, last_at
ORDER BY last_at DESC, post LIMIT $limit
""",
    columns("messages", "last_at", "post", post="post"),
    (PERSON, CHAT),
    dated=True,
)
ACTIVITY = Question(
    "activity",
    "How much a person wrote in each month, and how much of it are replies and forwards.",
    "Сколько человек писал по месяцам и сколько из этого ответы и пересылки.",
    f"""
UNWIND $person AS id
MATCH (a:Author {{tenant_id: $tenant, author_id: id}}) WHERE a.author_type IS NOT NULL
MATCH (a)-[:AUTHOR_OF]->(p:Post) WHERE {seen("p")} AND {within("p")}
WITH substring(toString(p.posted_at), 0, 7) AS month, p,
     CASE WHEN EXISTS {{ (p)-[:REPLIES_TO]->() }} THEN 1 ELSE 0 END AS reply,
     CASE WHEN EXISTS {{ (p)-[:FORWARDED_FROM]->() }} THEN 1 ELSE 0 END AS forward
RETURN month, count(p) AS messages, sum(reply) AS replies, sum(forward) AS forwards,
       count(DISTINCT p.channel_id) AS chats
ORDER BY month DESC LIMIT $limit
""",
    columns("month", "messages", "replies", "forwards", "chats"),
    (PERSON, CHAT),
    dated=True,
)
QUESTIONS = (WHO_REPLIES, REPLIES_TO, THREADS, ACTIVITY)
