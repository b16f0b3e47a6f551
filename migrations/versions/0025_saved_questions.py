"""Questions that somebody wants to be told about: what is asked, what was found, and what has points since.

They are a token's, and end with it. Where a question stands is a snapshot of PostgreSQL: a transaction that was open
when it was taken is new to it, however low its number, so nothing is passed by and nothing waits for the slowest.
"""

from alembic import op

from migrations.tenancy import isolate

revision = "0025"
down_revision = "0024"

TABLES = ("saved_questions", "saved_matches", "newly_indexed")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE saved_questions (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            id uuid NOT NULL,
            token text NOT NULL,
            name text NOT NULL,
            kind text NOT NULL CONSTRAINT chk_saved_questions_kind CHECK (kind IN ('search', 'graph')),
            asked jsonb NOT NULL,
            key_hash bytea NOT NULL,
            made_at timestamptz NOT NULL,
            begun pg_snapshot NOT NULL,
            looked pg_snapshot NOT NULL,
            asked_at timestamptz NOT NULL,
            failed_at timestamptz,
            webhook text,
            webhook_secret text,
            told_until bigint NOT NULL DEFAULT 0,
            telling_until bigint,
            attempts integer NOT NULL DEFAULT 0,
            due_at timestamptz,
            gave_up_at timestamptz,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, key_hash),
            FOREIGN KEY (tenant_id, token) REFERENCES access_tokens (tenant_id, name) ON DELETE CASCADE
        )
    """)
    op.execute("CREATE INDEX ON saved_questions (tenant_id, token)")
    # No words: what a match says is read when it is told. A row of the graph that was there from the beginning has no
    # found_at; seen_at says when it was there last.
    op.execute("""
        CREATE TABLE saved_matches (
            tenant_id uuid NOT NULL,
            saved_id uuid NOT NULL,
            key uuid NOT NULL,
            seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            found_at timestamptz,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, saved_id, key),
            FOREIGN KEY (tenant_id, saved_id) REFERENCES saved_questions (tenant_id, id) ON DELETE CASCADE
        )
    """)
    op.execute("CREATE INDEX ON saved_matches (tenant_id, saved_id, seq)")
    # Posts and albums that got their first point while somebody was to be told; both numbers are of transactions.
    op.execute("""
        CREATE TABLE newly_indexed (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            item_id uuid NOT NULL,
            first_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            last_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            indexed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, item_id)
        )
    """)
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE newly_indexed")
    op.execute("DROP TABLE saved_matches")
    op.execute("DROP TABLE saved_questions")
