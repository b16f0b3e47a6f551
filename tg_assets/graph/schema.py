"""Constraints of the graph: every node's key is unique together with its tenant.

They must exist before the first write: a MERGE without one scans every node of its label. And when a node that several
share is alone, so that it goes.
"""

KEYS = {
    "Post": ("post_id",),
    "Channel": ("channel_id",),
    "Author": ("author_id", "author_type"),
    "ForwardSource": ("source_id", "source_type"),
    "Tag": ("name",),
    "Topic": ("name",),
    "Entity": ("name", "type"),
    "Album": ("album_id",),
    "Image": ("sha256",),
    "Label": ("name",),
    "WebPage": ("url",),
    "User": ("user_id",),
    "Persona": ("user_id",),
    "Dialogue": ("dialogue_id",),
    "Group": ("group_id",),
}

UNIQUE = {(label, frozenset({"tenant_id", *key})) for label, key in KEYS.items()}
CONSTRAINTS = tuple(
    f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS FOR (n:{label}) "
    f"REQUIRE ({', '.join(f'n.{name}' for name in ('tenant_id', *key))}) IS UNIQUE"
    for label, key in KEYS.items()
)

# When a node ``n`` that others are the only reason for is alone. In this order: a label is alone once its last image
# went, a persona once its last dialogue did.
ALONE = {
    "Image": "NOT EXISTS { (n)<-[:HAS_IMAGE]-() }",
    **dict.fromkeys(
        ("Label", "Tag", "Topic", "Entity", "ForwardSource", "Author", "WebPage"), "NOT EXISTS { (n)--() }"
    ),
    "Post": "n.placeholder AND NOT EXISTS { (n)--() }",
    "Dialogue": "NOT EXISTS { (n)<-[:IN_DIALOGUE]-() }",
    "Persona": "NOT EXISTS { (n)-[:HAS_DIALOGUE]->() }",
    "User": "NOT EXISTS { (n)--() }",
}
PRIVATE = ("Dialogue", "Persona", "User")
"""Those that only private chats have."""

REPLIED = {
    "author_id": "a.author_id",
    "owner_id": "p.owner_id",
    "channel_id": "p.channel_id",
    "answered_owner_id": "q.owner_id",
    "answered_channel_id": "q.channel_id",
    "posted_at": "p.posted_at",
    "dated": "toString(p.posted_at.epochSeconds) + ' ' + p.post_id + ' ' + q.post_id",
}
"""What a relation ``REPLIES_TO_AUTHOR`` says, of a reply ``p`` by ``a`` to ``q``. ``dated`` is in the order of replies
and ends with both ids; a text of a time would be no order where a server leaves zeros out."""


def drop_alone(label: str) -> str:
    """The statement that drops nodes of a label if they are alone; its rows have their keys."""
    key = ", ".join(f"{name}: row.{name}" for name in KEYS[label])
    return f"""
UNWIND $rows AS row
MATCH (n:{label} {{tenant_id: $tenant, {key}}})
WHERE {ALONE[label]}
DETACH DELETE n
"""
