"""What people gave to assistants that ask by OAuth: codes, and the tokens that took their place.

A grant is an access token's and ends with it. It holds hashes, and one row stands for all that was ever given by it: a
new refresh token takes the place of the one before.
"""

from alembic import op

from migrations.tenancy import isolate

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    # No access_hash: the code was not exchanged yet. expires_at is when all of it ends.
    op.execute("""
        CREATE TABLE oauth_grants (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            token text NOT NULL,
            client_id text NOT NULL,
            redirect_uri text NOT NULL,
            code_hash bytea NOT NULL,
            code_challenge text NOT NULL,
            made_at timestamptz NOT NULL,
            access_hash bytea,
            access_expires_at timestamptz,
            refresh_hash bytea,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, code_hash),
            UNIQUE (tenant_id, access_hash),
            FOREIGN KEY (tenant_id, token) REFERENCES access_tokens (tenant_id, name) ON DELETE CASCADE
        )
    """)
    op.execute("CREATE INDEX ON oauth_grants (tenant_id, token)")
    isolate("oauth_grants")


def downgrade() -> None:
    op.execute("DROP TABLE oauth_grants")
