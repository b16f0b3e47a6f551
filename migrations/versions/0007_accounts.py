"""Accounts that read Telegram, their sessions, what each may read, and how far chats have been read."""

from alembic import op

from migrations.tenancy import isolate

revision = "0007"
down_revision = "0006"

TABLES = ("accounts", "account_sessions", "history")


def upgrade() -> None:
    # The flood budget is the account's: every process that uses it reads and writes it here.
    op.execute("""
        CREATE TABLE accounts (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            telegram_id bigint NOT NULL CHECK (telegram_id > 0),
            name text NOT NULL CHECK (name ~ '^[a-z0-9_-]{1,40}$'),
            is_active boolean NOT NULL DEFAULT true,
            problem text,
            flood_until timestamptz,
            flood_method text,
            floods integer NOT NULL DEFAULT 0,
            pace_seconds real NOT NULL DEFAULT 0,
            heard_at timestamptz,
            dialogs_at jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, telegram_id),
            UNIQUE (tenant_id, name),
            FOREIGN KEY (tenant_id, id) REFERENCES users (tenant_id, id)
        )
    """)
    # A session is used by one process at a time, so an account that listens needs another one to read history.
    op.execute("""
        CREATE TABLE account_sessions (
            tenant_id uuid NOT NULL,
            account_id uuid NOT NULL,
            number integer NOT NULL CHECK (number > 0),
            secret bytea NOT NULL,
            update_state jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz,
            PRIMARY KEY (tenant_id, account_id, number),
            FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
        )
    """)
    # An account's way to a chat. Telegram gives each account another access hash.
    op.execute("ALTER TABLE user_channel ADD access_hash bigint, ADD problem text")
    # complete: stretches of time whose messages were all read; swept_to: ids from here up were compared since the
    # sweep began anew.
    op.execute("""
        CREATE TABLE history (
            tenant_id uuid NOT NULL,
            channel_id uuid NOT NULL,
            complete tstzmultirange NOT NULL DEFAULT '{}',
            swept_to bigint,
            swept_at timestamptz,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, channel_id),
            FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id)
        )
    """)
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("ALTER TABLE user_channel DROP access_hash, DROP problem")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
