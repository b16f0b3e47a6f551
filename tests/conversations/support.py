"""A chat of a tenant's own, whose messages are put into the table as the parser leaves them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets.conversations import stage
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report
from tg_assets.scope import Scope

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
KINDS = ("window", "thread")


@dataclass(frozen=True)
class Said:
    """A message; ``minute`` counts from the first of March."""

    number: int
    minute: int
    answers: int | None = None
    words: str = "so"
    deleted: bool = False

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(minutes=self.minute)


class Chat:
    """A group, or what ``source`` says."""

    def __init__(self, tenant: str, source: str = "group", owner: int = 0) -> None:
        self.tenant, self.source, self.feed = tenant, source, f"{tenant}.chat"
        self.id = ids.channel_id(ids.tenant_id(tenant), -1, owner)
        self._do("INSERT INTO tenants (id, slug, name) VALUES (:t, :s, :s) ON CONFLICT DO NOTHING", s=tenant)
        self._do("INSERT INTO feeds VALUES (:t, :f, 'channel', 'x') ON CONFLICT DO NOTHING", f=self.feed)
        self._do(
            """INSERT INTO channels (tenant_id, id, tg_channel_id, source, feed, title, owner_id)
               VALUES (:t, :c, -1, :s, :f, 'Talk', :o)""",
            c=self.id, s=source, f=self.feed, o=owner,
        )  # fmt: skip

    def _do(self, sql: str, *rows: dict[str, Any], **values: Any) -> None:
        tenant = ids.tenant_id(self.tenant)
        with pipeline.postgres().tenant(tenant) as session, session.transaction() as connection:
            for row in rows or ({},):
                connection.execute(text(sql), {"t": tenant, **values, **row})

    def post(self, number: int) -> UUID:
        return ids.post_id(self.id, number)

    def put(self, said: Iterable[Said]) -> None:
        """As ``posts`` leaves them: a deleted one has no words and answers nobody."""
        left = [replace(one, answers=None, words="") if one.deleted else one for one in said]
        rows = [
            {
                "i": self.post(one.number),
                "n": one.number,
                "w": one.words,
                "at": one.at,
                "a": one.answers,
                "d": one.deleted,
            }
            for one in left
        ]  # fmt: skip
        if not rows:
            return
        self._do(
            f"""INSERT INTO {"group_messages" if self.source == "group" else "posts"}
                    (tenant_id, id, channel_id, telegram_message_id, source, content, content_hash, posted_at,
                     reply_to_message_id, deleted_at, author_name)
                VALUES (:t, :i, :c, :n, :s, :w, md5(:w), :at, :a, CASE WHEN :d THEN now() END, 'Ann')
                ON CONFLICT (tenant_id, id, kept_in) DO UPDATE SET content = excluded.content,
                    content_hash = excluded.content_hash, reply_to_message_id = excluded.reply_to_message_id,
                    deleted_at = excluded.deleted_at""",
            *rows, c=self.id, s=self.source,
        )  # fmt: skip

    def run(self, days: Collection[datetime] = (), kinds: Sequence[str] = KINDS) -> dict[str, Report]:
        """Make units of these days as live traffic has them made, or of all."""
        scopes = (
            [Scope(self.feed, day, day + timedelta(days=1)) for day in sorted(days)]
            if days
            else [Scope(self.feed, BEGIN, BEGIN + timedelta(days=100))]
        )
        found = {kind: Report() for kind in kinds}
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            for scope in scopes:
                for kind in kinds:
                    found[kind].add(run_stage(stage(kind), session, scope))
        return found

    def units(self) -> set[tuple[Any, ...]]:
        """What there is, by kind and the numbers of its messages."""
        rows = pipeline.rows(
            self.tenant,
            """SELECT u.kind, u.id, u.content_hash, u.posted_at, u.first_message_id, u.last_message_id,
                      (SELECT array_agg(m.telegram_message_id ORDER BY p.n)
                       FROM unnest(u.posts) WITH ORDINALITY AS p (id, n) JOIN messages m USING (id)) AS numbers
               FROM conversations u WHERE u.deleted_at IS NULL""",
        )
        return {(*row[:-1], tuple(row.numbers)) for row in rows}

    def numbers(self, kind: str) -> list[tuple[int, ...]]:
        return sorted(unit[-1] for unit in self.units() if unit[0] == kind)

    def forget(self) -> None:
        """Units and the ledger, as if nothing had ever been made."""
        self._do("DELETE FROM conversations WHERE tenant_id = :t")
        self._do("DELETE FROM derivations WHERE tenant_id = :t")
