"""Who may ask from outside, and what people said of results: tokens of a tenant, and judgements."""

from alembic import op

from migrations.tenancy import isolate

revision = "0024"
down_revision = "0023"

TABLES = ("access_tokens", "judgements")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE access_tokens (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            name text NOT NULL,
            secret_hash bytea NOT NULL,
            owners bigint[] NOT NULL,
            feeds text[],
            made_at timestamptz NOT NULL,
            expires_at timestamptz,
            PRIMARY KEY (tenant_id, name),
            UNIQUE (tenant_id, secret_hash)
        )
    """)
    # Of a question and a result the last word counts. What is judged may be gone later: no key to messages.
    op.execute("""
        CREATE TABLE judgements (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            token text NOT NULL,
            question text NOT NULL,
            question_key uuid NOT NULL GENERATED ALWAYS AS (md5(question)::uuid) STORED,
            result_id uuid NOT NULL,
            is_it boolean NOT NULL,
            judged_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, token, question_key, result_id)
        )
    """)
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE judgements")
    op.execute("DROP TABLE access_tokens")
