"""Vectors of texts by a hash of the text, so that each text is embedded once (``stores.embeddings``)."""

from alembic import op

from migrations.tenancy import isolate

revision = "0020"
down_revision = "0019"

TABLES = ("embeddings",)


def upgrade() -> None:
    # A vector of 512 numbers is 2 kB that nothing compresses: it stays in its row, three to a page, where PostgreSQL
    # would else try to compress it and then put it elsewhere in two pieces.
    op.execute("""
        CREATE TABLE embeddings (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            name uuid NOT NULL,
            sealed bytea NOT NULL,
            used_on date NOT NULL DEFAULT current_date,
            PRIMARY KEY (tenant_id, name)
        ) WITH (toast_tuple_target = 8160)
    """)
    op.execute("ALTER TABLE embeddings ALTER sealed SET STORAGE EXTERNAL")
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE embeddings")
