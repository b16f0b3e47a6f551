"""What the stages make of messages, and the ledger that says from which inputs they made it."""

from alembic import op

from migrations.tenancy import isolate

revision = "0004"
down_revision = "0003"

TABLES = ("post_enrichment", "indexing_status", "derivations", "feed_statistics", "dead_letters")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE post_enrichment (
            tenant_id uuid NOT NULL,
            post_id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('vision', 'vision_ocr', 'crawl', 'tags', 'classify', 'general')),
            provider text NOT NULL,
            params_hash text,
            data jsonb NOT NULL DEFAULT '{}',
            status text NOT NULL DEFAULT 'ok' CHECK (status IN ('ok', 'partial', 'error', 'skipped')),
            error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE UNIQUE INDEX ux_post_enrichment_post_kind ON post_enrichment (tenant_id, post_id, kind)")
    op.execute("CREATE INDEX idx_post_enrichment_data ON post_enrichment USING gin (data jsonb_path_ops)")
    op.execute("""
        CREATE TABLE indexing_status (
            tenant_id uuid NOT NULL,
            post_id uuid NOT NULL,
            embedding_status text NOT NULL DEFAULT 'pending'
                CHECK (embedding_status IN ('pending', 'processing', 'completed', 'failed', 'skipped')),
            graph_status text NOT NULL DEFAULT 'pending'
                CHECK (graph_status IN ('pending', 'processing', 'completed', 'failed', 'skipped')),
            error_message text,
            retry_count integer NOT NULL DEFAULT 0,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, post_id)
        )
    """)
    # One row per derived thing: the hash of its inputs and the version of what made it. Work is what differs.
    op.execute("""
        CREATE TABLE derivations (
            tenant_id uuid NOT NULL,
            stage text NOT NULL,
            item_id uuid NOT NULL,
            at timestamptz NOT NULL,
            input_hash text NOT NULL,
            version text NOT NULL,
            status text NOT NULL DEFAULT 'ok' CHECK (status IN ('ok', 'error', 'skipped')),
            reason text,
            run_id text,
            made_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, stage, item_id)
        )
    """)
    op.execute("CREATE INDEX idx_derivations_failed ON derivations (tenant_id, stage) WHERE status = 'error'")
    op.execute("""
        CREATE TABLE feed_statistics (
            tenant_id uuid NOT NULL,
            feed text NOT NULL,
            day date NOT NULL,
            messages integer NOT NULL,
            service_messages integer NOT NULL,
            deleted_messages integer NOT NULL,
            authors integer NOT NULL,
            replies integer NOT NULL,
            forwards integer NOT NULL,
            media integer NOT NULL,
            albums integer NOT NULL,
            reactions integer NOT NULL,
            characters integer NOT NULL,
            top_tags jsonb NOT NULL DEFAULT '[]',
            top_forward_sources jsonb NOT NULL DEFAULT '[]',
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, feed, day)
        )
    """)
    op.execute("""
        CREATE TABLE dead_letters (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            source text NOT NULL,
            entry text NOT NULL,
            reason text NOT NULL,
            payload jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id)
        )
    """)
    isolate(*TABLES)
    # After a bulk load the planner still believes that tables are empty, and only their owner may ANALYZE.
    op.execute("""
        CREATE FUNCTION refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp
        SET default_statistics_target = 10 -- a tenth of the sample: sizes matter here, not histograms
        AS $$ BEGIN
            ANALYZE telegram_messages, messages, post_media_map, post_enrichment, derivations;
        END $$
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION refresh_statistics()")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
