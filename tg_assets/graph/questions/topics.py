"""Questions about what is talked about: topics, named things, pages, tags.

Which topics go together is counted here and kept nowhere: a kept weight would count posts that not everybody may see,
and would have to be taken back with each of them.
"""

from collections import Counter
from collections.abc import Sequence

from tg_assets.graph.questions.question import (
    CHAT,
    Parameter,
    Question,
    Row,
    columns,
    foremost,
    last,
    most,
    seen,
    within,
)

TOPIC = Parameter("topic", "name", "a topic by its name", "economy")
ENTITY = Parameter("entity", "name", "a person, place or organisation by its name", "Мурманск")

TOPICS = Question(
    "topics",
    "Topics of a chat or of all, the most frequent first.",
    "Темы чата или всех чатов, сначала самые частые.",
    f"""
MATCH (t:Topic {{tenant_id: $tenant}}) WHERE t.name >= ''
MATCH (t)<-[:HAS_TOPIC]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH t, count(p) AS posts, {last("p")} AS latest
RETURN t.name AS topic, posts, latest[1] AS post
ORDER BY posts DESC, topic LIMIT $limit
""",
    columns("topic", "posts", "post", post="post"),
    (CHAT,),
    dated=True,
)


def shares(counts: Sequence[Row]) -> list[Row]:
    """Each topic's share of its month's posts with a topic, and what it was in the month with topics before."""
    totals: Counter[str] = Counter()
    for row in counts:
        totals[row["month"]] += row["posts"]
    months = sorted(totals)
    before = dict(zip(months[1:], months, strict=False))
    share = {(row["month"], row["topic"]): round(row["posts"] / totals[row["month"]], 3) for row in counts}
    return [
        {
            **row,
            "share": (now := share[row["month"], row["topic"]]),
            "change": round(now - share.get((before[row["month"]], row["topic"]), 0.0), 3)
            if row["month"] in before
            else None,
        }
        for row in counts
    ]


TOPIC_DRIFT = Question(
    "topic-drift",
    "How topics come and go: of each month, its topics with their share of the posts, and how much that changed.",
    "Как меняются темы: по месяцам доля каждой темы и насколько она изменилась.",
    f"""
MATCH (t:Topic {{tenant_id: $tenant}}) WHERE t.name >= ''
MATCH (t)<-[:HAS_TOPIC]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH substring(toString(p.posted_at), 0, 7) AS month, t, count(p) AS posts
RETURN month, t.name AS topic, posts
ORDER BY month DESC, posts DESC, topic LIMIT 10000
""",
    columns("month", "topic", "posts", "share", "change"),
    (CHAT,),
    dated=True,
    then=shares,
)
RELATED_TOPICS = Question(
    "related-topics",
    "Topics that go with a topic: in the same posts, or in a post and the one that it answers.",
    "Темы рядом с данной: в тех же записях или в записи и в той, на которую она отвечает.",
    f"""
UNWIND $topic AS name
MATCH (t:Topic {{tenant_id: $tenant, name: name}})<-[:HAS_TOPIC]-(p:Post) WHERE {seen("p")} AND {within("p")}
MATCH (p)-[:REPLIES_TO*0..1]-(q:Post)-[:HAS_TOPIC]->(o:Topic) WHERE {seen("q")} AND o.name <> name
WITH o.name AS topic, count(*) AS together, {last("q")} AS latest
RETURN topic, together, latest[1] AS post
ORDER BY together DESC, topic LIMIT $limit
""",
    columns("topic", "together", "post", post="post"),
    (TOPIC, CHAT),
    dated=True,
)
MENTIONS = Question(
    "mentions",
    "Posts that mention a person, place or organisation, the last first: whom else, what they answer, who answered.",
    "Записи, где упомянуты человек, место или организация: кто ещё назван, на что это ответ и сколько на них ответов.",
    f"""
UNWIND $entity AS name
MATCH (e:Entity {{tenant_id: $tenant, name: name}}) WHERE e.type IS NOT NULL
MATCH (e)<-[:MENTIONS]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH DISTINCT p, name ORDER BY p.posted_at DESC, p.post_id LIMIT $limit
OPTIONAL MATCH (p)-[:MENTIONS]->(o:Entity) WHERE o.name <> name
WITH p, collect(DISTINCT o.name) AS others
OPTIONAL MATCH (p)-[:REPLIES_TO]->(to:Post) WHERE {seen("to")}
WITH p, others, min(to.post_id) AS answered
OPTIONAL MATCH (p)<-[:REPLIES_TO]-(by:Post) WHERE {seen("by")}
WITH p, others, answered, count(by) AS replies
RETURN others, answered, replies, p.post_id AS post
ORDER BY p.posted_at DESC, post
""",
    columns("others", "replies", "answered", "post", post="post"),
    (ENTITY, CHAT),
    dated=True,
)
RELATED_ENTITIES = Question(
    "related-entities",
    "Whom and what the posts that mention somebody mention besides.",
    "Кого и что ещё упоминают записи, где назван этот человек, место или организация.",
    f"""
UNWIND $entity AS name
MATCH (e:Entity {{tenant_id: $tenant, name: name}}) WHERE e.type IS NOT NULL
MATCH (e)<-[:MENTIONS]-(p:Post) WHERE {seen("p")} AND {within("p")}
MATCH (p)-[:MENTIONS]->(o:Entity) WHERE o.name <> name
WITH o.name AS entity, o.type AS type, count(DISTINCT p) AS posts, {last("p")} AS latest
RETURN entity, type, posts, latest[1] AS post
ORDER BY posts DESC, entity, type LIMIT $limit
""",
    columns("entity", "type", "posts", "post", post="post"),
    (ENTITY, CHAT),
    dated=True,
)
_NAMED = f"""MATCH (e)<-[:MENTIONS]-(p:Post) WHERE {seen("p")} AND {within("p")}
    WITH e, collect(p) AS each
    WITH e, each, size(each) AS number ORDER BY number DESC, e.name, e.type LIMIT $limit
    WITH {{e: e, number: number, each: each}} AS row"""
ENTITIES = Question(
    "entities",
    "People, places and organisations that are mentioned most.",
    "Люди, места и организации, которых упоминают чаще всего.",
    f"""
MATCH (e:Entity {{tenant_id: $tenant}}) WHERE e.name >= '' AND e.type IS NOT NULL
WITH e, {most("e", "MENTIONS")}
{foremost("e", _NAMED)}
WITH row.e AS e, row.number AS posts, row.each AS each
ORDER BY posts DESC, e.name, e.type LIMIT $limit
UNWIND each AS p
WITH e, posts, {last("p")} AS latest
RETURN e.name AS entity, e.type AS type, posts, latest[1] AS post
ORDER BY posts DESC, entity, type
""",
    columns("entity", "type", "posts", "post", post="post"),
    (CHAT,),
    dated=True,
)
LINKS_TO = Question(
    "links-to",
    "Posts that link to a page, the first first.",
    "Записи со ссылкой на страницу, сначала первая.",
    f"""
UNWIND $page AS url
MATCH (w:WebPage {{tenant_id: $tenant, url: url}})<-[:REFERS_TO]-(p:Post)
WHERE {seen("p")} AND {within("p")}
RETURN DISTINCT p.posted_at AS at, p.channel_id AS chat, p.post_id AS post
ORDER BY at, post LIMIT $limit
""",
    columns("chat", "post", chat="chat", post="post"),
    (Parameter("page", "page", "the address of a page", "https://example.org/report"), CHAT),
    dated=True,
)
MOST_LINKED = Question(
    "most-linked",
    "Pages that are linked to most.",
    "Страницы, на которые ссылаются чаще всего.",
    f"""
MATCH (w:WebPage {{tenant_id: $tenant}}) WHERE w.url >= ''
MATCH (w)<-[:REFERS_TO]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH w.url AS page, count(p) AS posts, count(DISTINCT p.channel_id) AS chats, {last("p")} AS latest
RETURN page, posts, chats, latest[1] AS post
ORDER BY posts DESC, page LIMIT $limit
""",
    columns("page", "posts", "chats", "post", post="post"),
    (CHAT,),
    dated=True,
)
QUESTIONS = (
    TOPICS, TOPIC_DRIFT, RELATED_TOPICS, ENTITIES, MENTIONS, RELATED_ENTITIES, LINKS_TO, MOST_LINKED,
)  # fmt: skip
