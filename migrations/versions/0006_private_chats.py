"""Messages of groups that belong to an account are kept with those of other groups, and such a group has its owner.

Source ``persona`` is a small group as one account sees it: Telegram numbers its messages per account. Until now its
messages were in ``posts`` and nobody owned them. Whose they were is not known any more, so they stay what they have
been: a group that the tenant shares.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

# FORCE binds the owner of the tables too, and a migration is for all tenants.
TABLES = ("feeds", "channels", "messages", "media_groups", "derivations")


def upgrade() -> None:
    _lift(TABLES)
    op.execute("""
        UPDATE feeds f SET kind = 'group' WHERE kind = 'channel' AND EXISTS (
            SELECT FROM channels c WHERE c.tenant_id = f.tenant_id AND c.feed = f.key AND c.source = 'persona')
    """)
    # Points say the source, too: they are made again.
    op.execute("""
        UPDATE derivations d SET version = '' FROM (
            SELECT tenant_id, id, 'qdrant_points' AS stage FROM messages WHERE source = 'persona'
            UNION ALL
            SELECT g.tenant_id, g.id, 'qdrant_points.albums'
            FROM media_groups g JOIN channels c ON c.tenant_id = g.tenant_id AND c.id = g.channel_id
            WHERE c.source = 'persona'
        ) item
        WHERE d.tenant_id = item.tenant_id AND d.stage = item.stage AND d.item_id = item.id
    """)
    op.execute("UPDATE channels SET source = 'group' WHERE source = 'persona' AND owner_id = 0")
    op.execute("""
        UPDATE messages m SET kept_in = 'group_messages', source = c.source FROM channels c
        WHERE m.tenant_id = c.tenant_id AND m.channel_id = c.id AND m.source = 'persona'
    """)
    _bind(TABLES)
    op.execute("""
        ALTER TABLE channels ADD CONSTRAINT channels_persona_has_owner CHECK (source <> 'persona' OR owner_id <> 0)
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE channels DROP CONSTRAINT channels_persona_has_owner")
    _lift(("messages",))
    op.execute("UPDATE messages SET kept_in = 'posts' WHERE source = 'persona' AND kept_in = 'group_messages'")
    _bind(("messages",))


def _lift(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _bind(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
