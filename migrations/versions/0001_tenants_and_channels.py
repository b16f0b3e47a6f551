"""Tenants, feeds, channels, and the people whose accounts read them."""

from alembic import op

from migrations.tenancy import isolate

revision = "0001"
down_revision = None

TABLES = ("feeds", "channels", "identities", "users", "user_channel")


def upgrade() -> None:
    # An unset variable is NULL, one that a finished transaction left behind is ''; both mean: no tenant, no rows.
    op.execute("""
        CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE
        AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$
    """)
    op.execute("""
        CREATE TABLE tenants (
            id uuid PRIMARY KEY,
            slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9_-]{1,40}$'),
            name text NOT NULL,
            settings jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE feeds (
            tenant_id uuid NOT NULL REFERENCES tenants,
            key text NOT NULL CHECK (key ~ '^[a-z0-9_-]+[.][a-z0-9_.-]+$'),
            kind text NOT NULL CHECK (kind IN ('channel', 'group', 'dm', 'collection', 'bucket')),
            title text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, key)
        )
    """)
    op.execute("""
        CREATE TABLE channels (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            owner_id bigint NOT NULL DEFAULT 0,
            tg_channel_id bigint NOT NULL,
            source varchar(20) NOT NULL CHECK (source IN ('channel', 'group', 'dm', 'persona')),
            title text,
            username text,
            feed text NOT NULL,
            is_active boolean NOT NULL DEFAULT true,
            settings jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, owner_id, tg_channel_id),
            FOREIGN KEY (tenant_id, feed) REFERENCES feeds (tenant_id, key),
            CHECK (source <> 'dm' OR (tg_channel_id < 0 AND owner_id <> 0))
        )
    """)
    op.execute("CREATE INDEX idx_channels_feed ON channels (tenant_id, feed)")
    op.execute("""
        CREATE TABLE identities (
            tenant_id uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            telegram_id bigint NOT NULL CHECK (telegram_id > 0),
            meta jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, telegram_id)
        )
    """)
    op.execute("""
        CREATE TABLE users (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            identity_id uuid NOT NULL,
            username text,
            first_name text,
            last_name text,
            role varchar(20) NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')),
            settings jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, identity_id),
            FOREIGN KEY (tenant_id, identity_id) REFERENCES identities (tenant_id, id)
        )
    """)
    op.execute("""
        CREATE TABLE user_channel (
            tenant_id uuid NOT NULL,
            user_id uuid NOT NULL,
            channel_id uuid NOT NULL,
            is_active boolean NOT NULL DEFAULT true,
            subscribed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, user_id, channel_id),
            FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
            FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id)
        )
    """)
    isolate("tenants", key="id")
    isolate(*TABLES)


def downgrade() -> None:
    for table in (*reversed(TABLES), "tenants"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION current_tenant()")
