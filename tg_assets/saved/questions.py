"""Saved questions of tokens: making, listing and removing them.

A question is its token's: it sees what the token opens when it is asked, and ends with it. Its feed has a key of its
own, and what is sent to its receiver a secret; both are told once. What does not belong here: asking them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tg_assets import tenant_secrets
from tg_assets.answers.archive import Archive
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.rows import NotThere
from tg_assets.answers.search import narrowing
from tg_assets.errors import TgAssetsError
from tg_assets.ledger import arrivals
from tg_assets.saved import signing
from tg_assets.saved.addresses import check
from tg_assets.saved.asked import Asked, SavedQuestion, SavedSearch, kind_of, named
from tg_assets.saved.graph_rows import now_there
from tg_assets.saved.signing import Vaults
from tg_assets.tagging.lemmas import words

MOST = 50
"""Questions of a token."""
PREFIX = "tgs_"
"""How keys of feeds begin."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A question as it is listed. ``webhook`` is the host of its receiver and ``telling`` how that goes: ``fine``,
    ``retrying`` or ``given_up``; both None without one. ``waiting`` matches were not told it. Times are aware UTC.

    ``failed_at`` is when it could not be asked, until it can be again.
    """

    id: UUID
    token: str
    name: str
    kind: str
    asked: Any
    made_at: datetime
    matches: int
    newest: datetime | None
    failed_at: datetime | None
    webhook: str | None
    telling: str | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Made:
    """A new question, the key of its feed, and what signs messages to its receiver, where it has one."""

    id: UUID
    key: str = field(repr=False)
    webhook_secret: str | None = field(repr=False)


_KEEP = """
    INSERT INTO saved_questions (tenant_id, id, token, name, kind, asked, key_hash, made_at, begun, looked, asked_at,
                                 webhook, webhook_sealed, xids_before)
    SELECT current_tenant(), :id, :token, :name, :kind, CAST(:asked AS jsonb), :hash, now(),
           CAST(:now AS pg_snapshot), CAST(:now AS pg_snapshot), now(), :webhook, :sealed,
           coalesce((SELECT max(xids_before) FROM saved_questions), 0)
    WHERE (SELECT count(*) FROM saved_questions WHERE token = :token) < :most
"""
# Of questions that there are none of any more; their numbers may be another cluster's.
_LEFT = "DELETE FROM newly_indexed WHERE NOT EXISTS (SELECT FROM saved_questions)"
_BASE = """
    INSERT INTO saved_matches (tenant_id, saved_id, key, seen_at)
    SELECT current_tenant(), :id, key, now() FROM unnest(CAST(:keys AS uuid[])) AS key
"""
_LIST = """
    SELECT s.id, s.token, s.name, s.kind, s.asked, s.made_at, m.matches, m.newest, s.failed_at, s.webhook,
           CASE WHEN s.webhook IS NULL THEN NULL WHEN s.gave_up_at IS NOT NULL THEN 'given_up'
                WHEN s.attempts > 0 THEN 'retrying' ELSE 'fine' END AS telling,
           CASE WHEN s.webhook IS NULL THEN 0 ELSE m.waiting END AS waiting
    FROM saved_questions s CROSS JOIN LATERAL (
        SELECT count(*) AS matches, max(found_at) AS newest, count(*) FILTER (WHERE seq > s.told_until) AS waiting
        FROM saved_matches WHERE saved_id = s.id AND found_at IS NOT NULL
    ) m WHERE s.token = coalesce(CAST(:token AS text), s.token) ORDER BY s.made_at, s.id
"""


def save(
    archive: Archive,
    token: str,
    asked: Asked,
    name: str | None = None,
    webhook: str | None = None,
    trusted: Collection[str] = (),
    vaults: Vaults | None = None,
) -> Made:
    """Save a question of a token that opens this archive. What is there already is no news.

    ``trusted`` are hosts that may be told although their address is private; with a ``webhook`` there are ``vaults``,
    by which its secret is kept. Raises TgAssetsError for a question that
    cannot be asked, a receiver that may not be told, and where the token has ``MOST``.
    """
    if webhook is not None:
        check(webhook, trusted)
    there = _asked_now(archive, asked)
    made = Made(uuid4(), tenant_secrets.new(PREFIX, archive.tenant), signing.new() if webhook is not None else None)
    sealed = None
    if made.webhook_secret is not None:
        assert vaults is not None
        sealed = vaults().close(made.webhook_secret)
    values = {
        "id": made.id, "token": token, "name": named(asked, name), "kind": kind_of(asked),
        "asked": orjson.dumps(asked.model_dump(mode="json")).decode(), "hash": tenant_secrets.hashed(made.key),
        "webhook": webhook, "sealed": sealed, "most": MOST,
    }  # fmt: skip
    with archive.postgres.tenant(archive.tenant) as session, session.transaction() as connection:
        arrivals.hold(connection)
        arrivals.go_on(connection)
        connection.execute(text(_LEFT))
        try:
            kept = connection.execute(text(_KEEP), {**values, "now": arrivals.now(connection)}).rowcount
        except IntegrityError:
            raise NotThere("token") from None
        if not kept:
            raise TgAssetsError(f"A token has at most {MOST} saved questions: remove one first.")
        connection.execute(text(_BASE), {"id": made.id, "keys": [str(one) for one in there]})
    return made


def opened(connection: Connection, token: str) -> tuple[tuple[int, ...], tuple[str, ...] | None]:
    """Owners and feeds that a token of this name opens now. Raises NotThere."""
    row = connection.execute(
        text("""SELECT owners, feeds FROM access_tokens
                WHERE name = :token AND (expires_at IS NULL OR expires_at > now())"""),
        {"token": token},
    ).first()
    if row is None:
        raise NotThere("token")
    return tuple(row.owners), None if row.feeds is None else tuple(row.feeds)


def _asked_now(archive: Archive, asked: Asked) -> Collection[UUID]:
    """Rows that the graph has now; of a search nothing, for what has points now is known otherwise."""
    if isinstance(asked, SavedQuestion):
        return now_there(archive, asked).keys()
    if not words(asked.q):
        raise TgAssetsError("A search needs at least one word.")
    narrowed(asked)
    check_feeds(archive, asked.feeds)
    return ()


def narrowed(asked: SavedSearch) -> Any:
    """What a saved search is limited to. Raises TgAssetsError for a value that cannot be."""
    return narrowing(
        kind=asked.kind, tags=asked.tags, since=asked.since, until=asked.until, author=asked.author, lang=asked.lang,
        feeds=asked.feeds,
    )  # fmt: skip


def saved(connection: Connection, token: str | None = None) -> list[Saved]:
    """Questions of the transaction's tenant, or of one of its tokens, the oldest first."""
    rows = connection.execute(text(_LIST), {"token": token})
    return [Saved(**{**row._mapping, "webhook": row.webhook and urlsplit(row.webhook).hostname}) for row in rows]


def remove(connection: Connection, saved_id: UUID, token: str | None = None) -> None:
    """Tell nothing more of a question, which is the token's where one is named. Raises NotThere."""
    _one(connection, "DELETE FROM saved_questions", saved_id, token)


def new_key(connection: Connection, tenant: UUID, saved_id: UUID, token: str | None = None) -> str:
    """Another key for a question's feed; the one before opens nothing any more. Raises NotThere."""
    key = tenant_secrets.new(PREFIX, tenant)
    _one(connection, "UPDATE saved_questions SET key_hash = :hash", saved_id, token, hash=tenant_secrets.hashed(key))
    return key


def try_again(connection: Connection, saved_id: UUID, token: str | None = None) -> None:
    """Tell a receiver what waits, although it was given up or its next time has not come. Raises NotThere."""
    again = "UPDATE saved_questions SET attempts = 0, due_at = NULL, gave_up_at = NULL"
    _one(connection, again, saved_id, token)


def _one(connection: Connection, statement: str, saved_id: UUID, token: str | None, **values: Any) -> None:
    which = " WHERE id = :id AND token = coalesce(CAST(:token AS text), token)"
    done = connection.execute(text(statement + which), {"id": saved_id, "token": token, **values})
    if not done.rowcount:
        raise NotThere("saved question")
