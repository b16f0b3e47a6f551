"""Access tokens: who may ask from outside, for which tenant, owners and feeds.

The database has hashes of them (``tenant_secrets``). What does not belong here: HTTP, opening archives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tg_assets.errors import TgAssetsError
from tg_assets.saved.questions import PREFIX as KEYS
from tg_assets.stores.database import Database
from tg_assets.stores.prepared import prepared
from tg_assets.tenant_secrets import hashed, new, tenant_of

PREFIX = "tga_"
LONGEST_NAME = 100
NO_SUCH_KEY = "23503"
"""SQLSTATE of a foreign key that is nowhere."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token opens, without the token. ``feeds`` None: all; times are aware UTC."""

    name: str
    owners: tuple[int, ...]
    feeds: tuple[str, ...] | None
    made_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Access:
    """What whoever has a token may see."""

    tenant: UUID
    token: str
    """Its name."""
    owners: tuple[int, ...]
    feeds: tuple[str, ...] | None


def make(
    connection: Connection,
    tenant: UUID,
    name: str,
    owners: Sequence[int] = (),
    feeds: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new token of the transaction's tenant; nobody can be told it again.

    Raises TgAssetsError for a name that there is, a feed that there is not, and a time that has passed.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise TgAssetsError(f"A token needs a name of 1 to {LONGEST_NAME} printable characters.")
    now = datetime.now(UTC)
    if expires_at is not None and expires_at <= now:
        raise TgAssetsError("A token cannot end in the past.")
    if feeds is not None:
        rows = connection.execute(text("SELECT key FROM feeds WHERE key = ANY(:feeds)"), {"feeds": list(feeds)})
        known = set(rows.scalars())
        if missing := sorted(set(feeds) - known):
            raise TgAssetsError(f"There is no feed {missing[0]!r}; `tg-assets feeds` lists them.")
    token = new(PREFIX, tenant)
    values = {
        "tenant": tenant, "name": name, "hash": hashed(token), "owners": list(owners),
        "feeds": None if feeds is None else list(feeds), "now": now, "expires_at": expires_at,
    }  # fmt: skip
    try:
        connection.execute(
            text("""
                INSERT INTO access_tokens (tenant_id, name, secret_hash, owners, feeds, made_at, expires_at)
                VALUES (:tenant, :name, :hash, :owners, :feeds, :now, :expires_at)
            """),
            values,
        )
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == NO_SUCH_KEY:
            raise TgAssetsError("There is no such tenant; `tg-assets tenants` lists them.") from None
        raise TgAssetsError(f"There is a token {name!r} already: revoke it, or choose another name.") from None
    return token


def revoke(connection: Connection, name: str) -> None:
    """From the next request on it opens nothing. Raises TgAssetsError where there is none of that name."""
    gone = connection.execute(text("DELETE FROM access_tokens WHERE name = :name"), {"name": name})
    if not gone.rowcount:
        raise TgAssetsError(f"There is no token {name!r}; `tg-assets tokens` lists them.")


def tokens(connection: Connection) -> list[Token]:
    """Tokens of the transaction's tenant, by name."""
    rows = connection.execute(text("SELECT name, owners, feeds, made_at, expires_at FROM access_tokens ORDER BY name"))
    return [
        Token(row.name, tuple(row.owners), None if row.feeds is None else tuple(row.feeds), row.made_at, row.expires_at)
        for row in rows
    ]


def access(database: Database, token: str) -> Access | None:
    """What a token opens now; None for one that is none, ended or was revoked."""
    tenant = tenant_of(PREFIX, token)
    if tenant is None:
        return None
    with database.tenant(tenant) as session, session.transaction() as connection:
        row = connection.execute(
            prepared("""
                SELECT name, owners, feeds FROM access_tokens
                WHERE secret_hash = :hash AND (expires_at IS NULL OR expires_at > now())
            """),
            {"hash": hashed(token)},
        ).first()
    return None if row is None else opened(tenant, row)


def access_by_key(database: Database, saved_id: UUID, key: str) -> Access | None:
    """What the key of a saved question's feed opens, for that feed alone: what its token does now; None for no key."""
    tenant = tenant_of(KEYS, key)
    if tenant is None:
        return None
    with database.tenant(tenant) as session, session.transaction() as connection:
        row = connection.execute(
            text("""
                SELECT a.name, a.owners, a.feeds FROM saved_questions s JOIN access_tokens a ON a.name = s.token
                WHERE s.id = :id AND s.key_hash = :hash AND (a.expires_at IS NULL OR a.expires_at > now())
            """),
            {"id": saved_id, "hash": hashed(key)},
        ).first()
    return None if row is None else opened(tenant, row)


def opened(tenant: UUID, row: Any) -> Access:
    """What a row of ``access_tokens`` opens."""
    return Access(tenant, row.name, tuple(row.owners), None if row.feeds is None else tuple(row.feeds))
