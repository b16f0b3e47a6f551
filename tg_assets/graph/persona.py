"""Write statements of private chats: an account as a persona, its dialogues, and whose their messages are.

They are merged from the dialogue or the message; personas and users are hubs (see ``statements``). What does not
belong here: what a message says and points at, which is the same in every chat.
"""

DIALOGUES = """
UNWIND $rows AS row
MERGE (u:User {tenant_id: $tenant, user_id: row.user_id})
MERGE (p:Persona {tenant_id: $tenant, user_id: row.user_id})
SET p.telegram_id = row.telegram_id, p.name = row.name
MERGE (p)<-[:HAS_PERSONA]-(u)
MERGE (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
SET d.dialogue_type = row.dialogue_type, d.peer_id = row.peer_id, d.peer_name = row.peer_name, d.user_id = row.user_id
MERGE (d)<-[:HAS_DIALOGUE]-(p)
"""
IN_DIALOGUE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
MERGE (p)-[:IN_DIALOGUE]->(d)
"""
OWNS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (u:User {tenant_id: $tenant, user_id: row.user_id})
MERGE (p)<-[:OWNS]-(u)
"""
SENT_MESSAGE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (me:Persona {tenant_id: $tenant, user_id: row.user_id})
MERGE (p)<-[:SENT_MESSAGE]-(me)
"""
# A dialogue is there while a message of it is, a persona while a dialogue of it is. In this order.
DROP_ALONE = (
    """
UNWIND $rows AS row
MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
WHERE NOT EXISTS { (d)<-[:IN_DIALOGUE]-() }
DETACH DELETE d
""",
    """
UNWIND $rows AS row
MATCH (p:Persona {tenant_id: $tenant, user_id: row.user_id})
WHERE NOT EXISTS { (p)-[:HAS_DIALOGUE]->() }
DETACH DELETE p
""",
    """
UNWIND $rows AS row
MATCH (u:User {tenant_id: $tenant, user_id: row.user_id})
WHERE NOT EXISTS { (u)--() }
DELETE u
""",
)
THERE = """
UNWIND $rows AS row
OPTIONAL MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
OPTIONAL MATCH (p:Persona {tenant_id: $tenant, user_id: row.user_id})
RETURN row.dialogue_id AS dialogue_id, row.user_id AS user_id, d IS NOT NULL AS dialogue, p IS NOT NULL AS persona
"""
