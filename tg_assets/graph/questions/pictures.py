"""Questions about pictures and albums."""

from tg_assets.graph.questions.question import CHAT, Parameter, Question, columns, first, last, seen, within

SHARED_PICTURES = Question(
    "shared-pictures",
    "Pictures that several posts show.",
    "Картинки, которые есть в нескольких записях.",
    f"""
MATCH (i:Image {{tenant_id: $tenant}}) WHERE i.sha256 >= ''
MATCH (i)<-[:HAS_IMAGE]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH i.sha256 AS sha256, count(p) AS posts, count(DISTINCT p.channel_id) AS chats, {first("p")} AS began,
     max(p.posted_at) AS last_at
WHERE posts > 1
RETURN sha256, posts, chats, last_at, began[1] AS post
ORDER BY posts DESC, sha256 LIMIT $limit
""",
    columns("posts", "chats", "last_at", "sha256", "post", post="post"),
    (CHAT,),
    dated=True,
)
SAME_PICTURE = Question(
    "same-picture",
    "Posts with the same picture as a post has, or one that looks like it: 0 of 256 bits differ, or a few.",
    "Записи с той же картинкой, что в этой, или с похожей: из 256 бит не отличается ни одного или несколько.",
    f"""
UNWIND $picture AS one
MATCH (i:Image {{tenant_id: $tenant, sha256: one.sha256}})<-[:HAS_IMAGE]-(p:Post)
WHERE {seen("p")} AND {within("p")} AND p.post_id <> one.post
RETURN one.bits AS bits, p.post_id AS post
ORDER BY bits, p.posted_at, post LIMIT $limit
""",
    columns("bits", "post", post="post"),
    (Parameter("picture", "picture", "a post with a picture: its link, CHAT/NUMBER or id", "https://t.me/news/17"),),
    dated=True,
)
PICTURES = Question(
    "pictures",
    "Posts whose picture has a label, such as “boat”, the last first.",
    "Записи, на картинке которых есть то, что названо, например «boat»; сначала недавние.",
    f"""
UNWIND $label AS name
MATCH (l:Label {{tenant_id: $tenant, name: name}})<-[:HAS_LABEL]-(i:Image)<-[:HAS_IMAGE]-(p:Post)
WHERE {seen("p")} AND {within("p")}
RETURN DISTINCT i.classification AS kind, p.posted_at AS at, p.post_id AS post
ORDER BY at DESC, post LIMIT $limit
""",
    columns("kind", "post", post="post"),
    (Parameter("label", "label", "what is to be seen", "boat"), CHAT),
    dated=True,
)
LABELS = Question(
    "labels",
    "What pictures show most.",
    "Что чаще всего видно на картинках.",
    f"""
MATCH (l:Label {{tenant_id: $tenant}}) WHERE l.name >= ''
MATCH (l)<-[:HAS_LABEL]-(:Image)<-[:HAS_IMAGE]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH l.name AS label, count(p) AS posts, {last("p")} AS latest
RETURN label, posts, latest[1] AS post
ORDER BY posts DESC, label LIMIT $limit
""",
    columns("label", "posts", "post", post="post"),
    (CHAT,),
    dated=True,
)
ALBUMS = Question(
    "albums",
    "Albums of a chat, the last first.",
    "Альбомы чата, сначала недавние.",
    f"""
UNWIND $channels AS id
MATCH (c:Channel {{tenant_id: $tenant, channel_id: id}})-[:HAS_ALBUM]->(a:Album)
WHERE {seen("c")} AND {seen("a")} AND {within("a")}
MATCH (a)-[:CONTAINS]->(p:Post) WHERE {seen("p")}
WITH a, {first("p")} AS cover
RETURN a.album_id AS album, a.album_kind AS kind, a.items_count AS items, a.posted_at AS at, cover[1] AS post
ORDER BY at DESC, album LIMIT $limit
""",
    columns("kind", "items", "album", "post", post="post"),
    (Parameter("chat", "chat", "a chat or feed", "@news"),),
    dated=True,
)
# DISTINCT keeps a planner from beginning at all albums, where there are few.
ALBUMS_BY_TAGS = Question(
    "albums-by-tags",
    "Albums with posts that have tags: those with most of them first.",
    "Альбомы, в записях которых есть теги: сначала те, где их больше.",
    f"""
UNWIND $tags AS tag
MATCH (t:Tag {{tenant_id: $tenant, name: tag.name}})
MATCH (t)<-[:TAGGED_AS]-(p:Post) WHERE {seen("p")}
WITH DISTINCT tag.said AS said, p
MATCH (p)<-[:CONTAINS]-(a:Album) WHERE {seen("a")} AND {within("a")}
WITH a, count(DISTINCT said) AS matching, {first("p")} AS cover
RETURN a.album_id AS album, matching, a.items_count AS items, a.posted_at AS at, cover[1] AS post
ORDER BY matching DESC, at DESC, album LIMIT $limit
""",
    columns("matching", "items", "album", "post", post="post"),
    (Parameter("tags", "tags", "tags, separated by commas", "sea, ice"), CHAT),
    dated=True,
)
ALBUM = Question(
    "album",
    "Posts of an album in their order.",
    "Записи альбома по порядку.",
    f"""
MATCH (a:Album {{tenant_id: $tenant, album_id: $album}})-[r:CONTAINS]->(p:Post)
WHERE {seen("a")} AND {seen("p")}
RETURN r.position AS position, p.post_id AS post
ORDER BY position LIMIT $limit
""",
    columns("position", "post", post="post"),
    (Parameter("album", "album", "an album: the link of one of its posts, or its id", "https://t.me/news/17"),),
)
QUESTIONS = (SHARED_PICTURES, SAME_PICTURE, PICTURES, LABELS, ALBUMS, ALBUMS_BY_TAGS, ALBUM)
