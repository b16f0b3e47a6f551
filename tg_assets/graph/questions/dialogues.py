"""Questions about private chats: of the accounts for which the archive is opened, and of nobody else."""

from tg_assets.graph.questions.question import Parameter, Question, columns, seen, within

DIALOGUES = Question(
    "dialogues",
    "Direct messages and small groups of an account, the last that was used first.",
    "Личные переписки и малые группы аккаунта, сначала недавние.",
    f"""
UNWIND $account AS id
MATCH (:Persona {{tenant_id: $tenant, user_id: id}})-[:HAS_DIALOGUE]->(d:Dialogue) WHERE {seen("d")}
MATCH (d)<-[:IN_DIALOGUE]-(p:Post) WHERE {seen("p")} AND {within("p")}
WITH d, count(p) AS messages, max(p.posted_at) AS last_at
RETURN d.channel_id AS chat, d.dialogue_type AS type, d.peer_id AS peer_id, messages, last_at
ORDER BY last_at DESC, chat LIMIT $limit
""",
    columns("chat", "type", "peer_id", "messages", "last_at", chat="chat"),
    (Parameter("account", "account", "an owner's id; by default all that may be seen", "510001001", required=False),),
    dated=True,
)
DIALOGUE = Question(
    "dialogue",
    "Messages of direct messages or a small group in their order, and which of them its account sent.",
    "Сообщения переписки по порядку; какие из них отправил сам аккаунт.",
    f"""
UNWIND $channels AS id
MATCH (d:Dialogue {{tenant_id: $tenant, dialogue_id: id}})<-[:IN_DIALOGUE]-(p:Post)
WHERE {seen("d")} AND {seen("p")} AND {within("p")}
WITH p ORDER BY p.posted_at, p.telegram_message_id LIMIT $limit
RETURN EXISTS {{ (p)<-[:SENT_MESSAGE]-(:Persona) }} AS own, p.post_id AS post
ORDER BY p.posted_at, p.telegram_message_id
""",
    columns("own", "post", post="post"),
    (Parameter("chat", "dialogue", "a private chat: its title, @username or id", "Катя"),),
    dated=True,
)
QUESTIONS = (DIALOGUES, DIALOGUE)
