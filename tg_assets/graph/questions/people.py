"""Questions about people: who answers whom, in which threads, when.

Where thousands of posts are looked at, the farthest one is the greatest of lists (length, id): to sort paths takes the
embedded server as long as all the rest. Where all replies are looked at, no post is: what is asked of both is kept by
the relation of the reply to whom it answers. A post replies to one post at most and has one source, so they are counted
as they are joined.
"""

from tg_assets.graph.questions.question import CHAT, PERSON, Question, answers, columns, foremost, most, seen, within

# Of ``last``, the greatest ``dated`` of relations: when that reply was sent, and the id of the reply or of its target.
_REPLY, _ANSWERED = "left(last, size(last) - 37)", "left(last, size(last) - 74) + ' ' + right(last, 36)"

# An author that posts have as two kinds is one person.
_WHOSE = f"""CALL {{
        WITH whom UNWIND whom AS b
        MATCH (b)<-[r:REPLIES_TO_AUTHOR]-() WHERE {answers("r")} AND {within("r")}
        RETURN r.author_id AS who_id, collect(r) AS each
    }}
    WITH whom[0].author_id AS whom_id, who_id, each, size(each) AS number
    ORDER BY number DESC, who_id, whom_id LIMIT $limit
    WITH {{whom_id: whom_id, who_id: who_id, number: number, each: each}} AS row"""
WHO_REPLIES = Question(
    "who-replies",
    "Who replies to whom most.",
    "Кто кому чаще всего отвечает.",
    f"""
MATCH (b:Author {{tenant_id: $tenant}}) WHERE b.author_id IS NOT NULL AND b.author_type IS NOT NULL
WITH b, {most("b", "REPLIES_TO_AUTHOR")}
WITH b.author_id AS whom_id, collect(b) AS whom, sum(most) AS most
{foremost("whom", _WHOSE)}
WITH row.whom_id AS whom_id, row.who_id AS who_id, row.number AS replies, row.each AS each
ORDER BY replies DESC, who_id, whom_id LIMIT $limit
UNWIND each AS r
WITH who_id, whom_id, replies, max(r.dated) AS last
RETURN who_id, whom_id, replies, right({_REPLY}, 36) AS who, right({_ANSWERED}, 36) AS whom, right({_REPLY}, 36) AS post
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
CALL {{
    WITH a MATCH (a)<-[r:REPLIES_TO_AUTHOR]-() WHERE {answers("r")} AND {within("r")}
    WITH r.author_id AS who_id, count(r) AS replies, max(r.dated) AS last
    RETURN who_id, replies, 0 AS replies_back, {_REPLY} AS who
    UNION ALL
    WITH a MATCH (a)-[:AUTHOR_OF]->()-[r:REPLIES_TO_AUTHOR]->(b:Author) WHERE {answers("r")} AND {within("r")}
    WITH b.author_id AS who_id, count(r) AS replies_back, max(r.dated) AS last
    RETURN who_id, 0 AS replies, replies_back, {_ANSWERED} AS who
}}
WITH who_id, sum(replies) AS replies, sum(replies_back) AS replies_back, max(who) AS who
RETURN who_id, replies, replies_back, right(who, 36) AS who, right(who, 36) AS post
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
OPTIONAL MATCH (p)-[reply:REPLIES_TO]->()
OPTIONAL MATCH (p)-[forward:FORWARDED_FROM]->()
WITH substring(toString(p.posted_at), 0, 7) AS month, p.channel_id AS chat, count(p) AS messages,
     count(reply) AS replies, count(forward) AS forwards
RETURN month, sum(messages) AS messages, sum(replies) AS replies, sum(forwards) AS forwards, count(chat) AS chats
ORDER BY month DESC LIMIT $limit
""",
    columns("month", "messages", "replies", "forwards", "chats"),
    (PERSON, CHAT),
    dated=True,
)
QUESTIONS = (WHO_REPLIES, REPLIES_TO, THREADS, ACTIVITY)
