"""How many points have a word: per tenant and owner, so that nobody's ranking depends on what others write.

Until now the vector server counted words over all tenants. The counts are made by the next run of ``qdrant_points``
(``stores.word_counts``), whose new version makes every point stale.
"""

from alembic import op

from migrations.tenancy import isolate

revision = "0023"
down_revision = "0022"

TABLES = ("word_counts", "counted_points")


def upgrade() -> None:
    # Room in each page, so that a count that moves stays in its page and its index is not touched.
    op.execute("""
        CREATE TABLE word_counts (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            owner_id bigint NOT NULL,
            kind smallint NOT NULL,
            term bigint NOT NULL,
            documents integer NOT NULL,
            PRIMARY KEY (tenant_id, owner_id, kind, term)
        ) WITH (fillfactor = 80)
    """)
    op.execute("""
        CREATE TABLE counted_points (
            tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
            point_id uuid NOT NULL,
            channel_id uuid NOT NULL,
            owner_id bigint NOT NULL,
            lemmas bytea NOT NULL,
            trigrams bytea NOT NULL,
            PRIMARY KEY (tenant_id, point_id)
        )
    """)
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE counted_points")
    op.execute("DROP TABLE word_counts")
