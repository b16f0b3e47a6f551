"""Write statements of private chats: an account as a persona, its dialogues, and whose their messages are.

They are merged from the dialogue or the message; personas and users are hubs (see ``statements``). What does not
belong here: what a message says and points at, which is the same in every chat. Of ``$made`` see ``statements``.
"""

from tg_assets.graph import schema

DIALOGUES = """
UNWIND $rows AS row
MERGE (u:User {tenant_id: $tenant, user_id: row.user_id})
ON CREATE SET u.run_id = $made.run_id
MERGE (p:Persona {tenant_id: $tenant, user_id: row.user_id})
ON CREATE SET p.run_id = $made.run_id
SET p.telegram_id = row.telegram_id, p.name = row.name
MERGE (p)<-[of:HAS_PERSONA]-(u)
SET of.run_id = $made.run_id, of.version = $made.version
MERGE (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
ON CREATE SET d.run_id = $made.run_id
SET d.dialogue_type = row.dialogue_type, d.peer_id = row.peer_id, d.peer_name = row.peer_name, d.user_id = row.user_id,
    d.owner_id = row.telegram_id, d.channel_id = row.dialogue_id
MERGE (d)<-[r:HAS_DIALOGUE]-(p)
SET r.run_id = $made.run_id, r.version = $made.version
"""
IN_DIALOGUE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
MERGE (p)-[r:IN_DIALOGUE]->(d)
SET r.run_id = $made.run_id, r.version = $made.version
"""
OWNS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (u:User {tenant_id: $tenant, user_id: row.user_id})
MERGE (p)<-[r:OWNS]-(u)
SET r.run_id = $made.run_id, r.version = $made.version
"""
SENT_MESSAGE = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
MATCH (me:Persona {tenant_id: $tenant, user_id: row.user_id})
MERGE (p)<-[r:SENT_MESSAGE]-(me)
SET r.run_id = $made.run_id, r.version = $made.version
"""
# A dialogue is there while a message of it is, a persona while a dialogue of it is.
DROP_ALONE = {label: schema.drop_alone(label) for label in schema.PRIVATE}
THERE = """
UNWIND $rows AS row
OPTIONAL MATCH (d:Dialogue {tenant_id: $tenant, dialogue_id: row.dialogue_id})
OPTIONAL MATCH (p:Persona {tenant_id: $tenant, user_id: row.user_id})
RETURN row.dialogue_id AS dialogue_id, row.user_id AS user_id, d IS NOT NULL AS dialogue, p IS NOT NULL AS persona
"""
