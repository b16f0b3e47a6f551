"""The planner knows how many chats there are: without, it takes a feed for a few messages and looks each up alone.

And how much is in ``indexing_status``, which grows with every chunk.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

_REFRESH = """
    CREATE OR REPLACE FUNCTION refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp
    SET default_statistics_target = 10 -- a tenth of the sample: sizes matter here, not histograms
    AS $$ BEGIN
            ANALYZE {tables};
        END $$
"""
_BEFORE = "telegram_messages, messages, post_media_map, post_enrichment, derivations"


def upgrade() -> None:
    op.execute(_REFRESH.format(tables=f"channels, indexing_status, {_BEFORE}"))


def downgrade() -> None:
    op.execute(_REFRESH.format(tables=_BEFORE))
