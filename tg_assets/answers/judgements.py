"""What people say of results: whether one is what a question meant.

Kept for the golden set. What does not belong here: ranking by it.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from tg_assets.answers.albums import albums_by_id
from tg_assets.answers.archive import Archive
from tg_assets.answers.rows import NotThere, messages_by_id
from tg_assets.errors import TgAssetsError

MOST = 10_000
_KEEP = """
    INSERT INTO judgements (tenant_id, token, question, result_id, is_it, judged_at)
    SELECT current_tenant(), :token, :question, :result, :is_it, :now
    WHERE (SELECT count(*) FROM judgements WHERE token = :token) < :most
    ON CONFLICT (tenant_id, token, question_key, result_id)
    DO UPDATE SET is_it = excluded.is_it, judged_at = excluded.judged_at
"""


def judge(archive: Archive, token: str, question: str, result: UUID, is_it: bool) -> None:
    """Keep what the holder of a token says of a message or an album; the last word counts. Raises NotThere."""
    with archive.postgres.tenant(archive.tenant) as session, session.transaction() as connection:
        if not messages_by_id(connection, archive, [result]) and not albums_by_id(connection, archive, [result]):
            raise NotThere("message")
        values = {"token": token, "question": question, "result": result, "is_it": is_it, "now": datetime.now(UTC)}
        if not connection.execute(text(_KEEP), {**values, "most": MOST}).rowcount:
            raise TgAssetsError(f"A token has at most {MOST:,} judgements.")
