"""What was said in a recording is an enrichment of its post."""

from alembic import op

revision = "0010"
down_revision = "0009"

_KINDS = ("vision", "vision_ocr", "crawl", "tags", "classify", "general")


def upgrade() -> None:
    _allow(*_KINDS, "speech")


def downgrade() -> None:
    op.execute("DELETE FROM post_enrichment WHERE kind = 'speech'")
    op.execute("DELETE FROM derivations WHERE stage = 'transcripts'")
    _allow(*_KINDS)


def _allow(*kinds: str) -> None:
    named = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE post_enrichment DROP CONSTRAINT post_enrichment_kind_check")
    op.execute(f"ALTER TABLE post_enrichment ADD CONSTRAINT post_enrichment_kind_check CHECK (kind IN ({named}))")
