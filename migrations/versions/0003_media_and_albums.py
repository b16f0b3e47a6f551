"""Stored bytes, which message shows them, and albums with their items in order."""

from alembic import op

from migrations.tenancy import isolate

revision = "0003"
down_revision = "0002"

TABLES = ("media_objects", "post_media_map", "media_groups", "media_group_items")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE media_objects (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            mime text NOT NULL,
            size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
            s3_bucket text NOT NULL,
            s3_key text NOT NULL,
            first_seen_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, sha256),
            UNIQUE (tenant_id, id)
        )
    """)
    # References are counted here when asked for; a stored counter was wrong for months in the old system.
    # A medium that the source did not include is a row too, with the reason and without a sha256.
    op.execute("""
        CREATE TABLE post_media_map (
            tenant_id uuid NOT NULL,
            post_id uuid NOT NULL,
            position integer NOT NULL CHECK (position >= 0),
            role text NOT NULL DEFAULT 'primary' CHECK (role IN ('primary', 'attachment', 'thumbnail')),
            kind text NOT NULL,
            sha256 text,
            missing_reason text,
            mime text,
            size_bytes bigint,
            file_name text,
            width integer,
            height integer,
            duration real,
            PRIMARY KEY (tenant_id, post_id, position),
            FOREIGN KEY (tenant_id, sha256) REFERENCES media_objects (tenant_id, sha256),
            CHECK ((sha256 IS NULL) <> (missing_reason IS NULL))
        )
    """)
    op.execute("CREATE INDEX idx_post_media_map_sha256 ON post_media_map (tenant_id, sha256)")
    op.execute("""
        CREATE TABLE media_groups (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            channel_id uuid NOT NULL,
            grouped_id bigint NOT NULL,
            album_kind text NOT NULL CHECK (album_kind IN ('photo', 'video', 'mixed', 'document', 'audio')),
            items_count integer NOT NULL,
            content_hash text NOT NULL,
            caption_text text,
            cover_media_id uuid,
            posted_at timestamptz NOT NULL,
            meta jsonb NOT NULL DEFAULT '{}',
            deleted_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, channel_id, grouped_id)
        )
    """)
    op.execute("CREATE INDEX idx_media_groups_window ON media_groups (tenant_id, channel_id, posted_at)")
    op.execute("""
        CREATE TABLE media_group_items (
            tenant_id uuid NOT NULL,
            group_id uuid NOT NULL,
            post_id uuid NOT NULL,
            position integer NOT NULL CHECK (position >= 0),
            media_type text NOT NULL,
            media_kind text NOT NULL,
            media_sha256 text,
            media_object_id uuid,
            deleted_at timestamptz,
            PRIMARY KEY (tenant_id, group_id, post_id),
            FOREIGN KEY (tenant_id, group_id) REFERENCES media_groups (tenant_id, id)
        )
    """)
    op.execute("CREATE UNIQUE INDEX ux_media_group_items_position ON media_group_items (tenant_id, group_id, position)")
    op.execute("CREATE INDEX idx_media_group_items_post_id ON media_group_items (tenant_id, post_id)")
    isolate(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
