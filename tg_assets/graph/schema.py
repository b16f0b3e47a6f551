"""Constraints of the graph: every node's key is unique together with its tenant.

They must exist before the first write: a MERGE without one scans every node of its label.
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
