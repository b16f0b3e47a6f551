"""Grants: what a person gave to a client, from a code to the tokens that take its place, until it ends.

A grant opens what its access token opens at that moment, and ends with it. There is a row of each, with hashes. Whoever
brings a code or a refresh token that was used already has a copy, or was copied: the whole grant ends then. But an
answer may be lost on its way: for ``AGAIN`` the refresh token before is good once more, as long as nothing that took
its place was used. What does not belong here: requests, who clients are.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from tg_assets.doors import tokens
from tg_assets.doors.oauth.places import place_of
from tg_assets.stores.database import Database
from tg_assets.stores.prepared import prepared
from tg_assets.tenant_secrets import hashed, new, read, tenant_of

CODE, ACCESS, REFRESH = "tgc_", "tgo_", "tgr_"
"""How codes, access tokens and refresh tokens begin."""
CODE_LASTS, ACCESS_LASTS, REFRESH_LASTS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=30)
AGAIN = timedelta(seconds=30)
MOST = 50
"""Grants of an access token; the oldest go."""
ID_BYTES = 16

_VALID = "(a.expires_at IS NULL OR a.expires_at > now())"
_GIVE = f"""
    INSERT INTO oauth_grants (tenant_id, id, token, client_id, redirect_uri, code_hash, code_challenge, made_at,
                              expires_at)
    SELECT current_tenant(), :id, a.name, :client, :address, :code, :challenge, now(), now() + CAST(:lasts AS interval)
    FROM access_tokens a WHERE a.secret_hash = :hash AND {_VALID} FOR KEY SHARE
    RETURNING token
"""  # noqa: S608 - a constant
_ONLY_SO_MANY = """
    DELETE FROM oauth_grants WHERE id IN (
        SELECT id FROM oauth_grants WHERE token = :token ORDER BY made_at DESC, id OFFSET :most
    )
"""
_FIND = f"""
    SELECT g.* FROM oauth_grants g JOIN access_tokens a ON a.name = g.token
    WHERE g.expires_at > now() AND {_VALID} AND
"""  # noqa: S608 - a constant
# What took its place came to nobody: it was not used.
_IS_LOST = """
    SELECT NOT is_used AND before_hash = :hash AND renewed_at > now() - CAST(:again AS interval)
    FROM oauth_grants WHERE id = :id
"""
# Of two who bring the same at once, one finds it changed.
_RENEW = """
    UPDATE oauth_grants SET access_hash = :access, access_expires_at = now() + CAST(:access_lasts AS interval),
                            refresh_hash = :refresh, expires_at = now() + CAST(:refresh_lasts AS interval),
                            renewed_at = CASE WHEN before_hash = :brought THEN renewed_at ELSE now() END,
                            before_hash = :brought, is_used = false
    WHERE id = :id AND refresh_hash IS NOT DISTINCT FROM :before
"""
_OPEN = f"""
    SELECT a.name, a.owners, a.feeds, g.id, g.is_used FROM oauth_grants g JOIN access_tokens a ON a.name = g.token
    WHERE g.access_hash = :hash AND g.access_expires_at > now() AND {_VALID}
"""  # noqa: S608 - a constant


_USED = "UPDATE oauth_grants SET is_used = true WHERE id = :id AND access_hash = :hash"


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as it was found by a code or a refresh token that was good then; ``refresh_hash`` None: by a code.

    ``brought`` is the hash of that refresh token, which may be the one before the one that stands.
    """

    tenant: UUID
    id: UUID
    client_id: str
    redirect_uri: str
    code_challenge: str
    refresh_hash: bytes | None
    brought: bytes | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """New tokens of a grant, told once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def give(database: Database, token: str, client_id: str, redirect_uri: str, challenge: str) -> str | None:
    """A code with which a client may have what an access token opens; None for a token that opens nothing."""
    tenant = tenant_of(tokens.PREFIX, token)
    if tenant is None:
        return None
    code = new(CODE, tenant)
    values = {
        "id": uuid4(), "client": client_id, "address": redirect_uri, "code": hashed(code), "challenge": challenge,
        "hash": hashed(token), "lasts": CODE_LASTS,
    }  # fmt: skip
    with database.tenant(tenant) as session, session.transaction() as connection:
        name = connection.execute(text(_GIVE), values).scalar()
        if name is None:
            return None
        connection.execute(text(_ONLY_SO_MANY), {"token": name, "most": MOST})
    return code


def by_code(database: Database, code: str) -> Grant | None:
    """The grant of a code; None for none, and for one that was used: what was given for it ends."""
    tenant = tenant_of(CODE, code)
    if tenant is None:
        return None
    with database.tenant(tenant) as session, session.transaction() as connection:
        found = _found(connection, tenant, "g.code_hash = :hash", hash=hashed(code))
        if found is None or found.refresh_hash is None:
            return found
        _end(connection, found.id)
    return None


def by_refresh(database: Database, token: str) -> Grant | None:
    """The grant of a refresh token; None for none, and for one whose place another has taken: the grant ends."""
    known = read(REFRESH, token)
    if known is None:
        return None
    tenant, grant_id = known[0], UUID(bytes=known[1][:ID_BYTES])
    with database.tenant(tenant) as session, session.transaction() as connection:
        found = _found(connection, tenant, "g.id = :id AND g.refresh_hash IS NOT NULL", id=grant_id)
        if found is None:
            return None
        values = {"id": grant_id, "hash": hashed(token), "again": AGAIN}
        if found.refresh_hash == hashed(token) or connection.execute(text(_IS_LOST), values).scalar():
            return replace(found, brought=hashed(token))
        _end(connection, found.id)
    return None


def renew(database: Database, grant: Grant) -> Given | None:
    """Tokens in place of the code or the refresh token that the grant was found by; None where somebody was faster,
    and then the grant ends."""
    given = Given(new(ACCESS, grant.tenant), new(REFRESH, grant.tenant, grant.id.bytes))
    values = {
        "id": grant.id, "before": grant.refresh_hash, "brought": grant.brought,
        "access": hashed(given.access), "access_lasts": ACCESS_LASTS,
        "refresh": hashed(given.refresh), "refresh_lasts": REFRESH_LASTS,
    }  # fmt: skip
    with database.tenant(grant.tenant) as session, session.transaction() as connection:
        if connection.execute(text(_RENEW), values).rowcount:
            return given
        _end(connection, grant.id)
    return None


def access(database: Database, token: str) -> tokens.Access | None:
    """What an access token of a grant opens now; None for one that is none, or whose grant ended."""
    tenant = tenant_of(ACCESS, token)
    if tenant is None:
        return None
    with database.tenant(tenant) as session, session.transaction() as connection:
        row = connection.execute(prepared(_OPEN), {"hash": hashed(token)}).first()
        if row is not None and not row.is_used:
            connection.execute(text(_USED), {"id": row.id, "hash": hashed(token)})
    return None if row is None else tokens.opened(tenant, row)


def revoke(database: Database, token: str, client_id: str) -> None:
    """End the grant of an access token or a refresh token, where it is this client's."""
    for prefix, column in ((ACCESS, "access_hash"), (REFRESH, "refresh_hash")):
        tenant = tenant_of(prefix, token)
        if tenant is not None:
            with database.tenant(tenant) as session, session.transaction() as connection:
                connection.execute(
                    text(f"DELETE FROM oauth_grants WHERE {column} = :hash AND client_id = :client"),  # noqa: S608
                    {"hash": hashed(token), "client": client_id},
                )


def holders(connection: Connection) -> dict[str, list[str]]:
    """Hosts, or schemes of apps, to which tokens of the transaction's tenant were given and that may still use them, by
    names of tokens."""
    given = text("""
        SELECT DISTINCT token, redirect_uri FROM oauth_grants WHERE refresh_hash IS NOT NULL AND expires_at > now()
    """)
    found: dict[str, set[str]] = {}
    for token, address in connection.execute(given):
        found.setdefault(token, set()).add(place_of(address))
    return {token: sorted(hosts) for token, hosts in found.items()}


def remove_ended(connection: Connection) -> int:
    """Remove what ended of the transaction's tenant; returns how many grants."""
    ended = text("""
        DELETE FROM oauth_grants g USING access_tokens a
        WHERE a.name = g.token AND (g.expires_at <= now() OR a.expires_at <= now())
    """)
    return connection.execute(ended).rowcount


def _found(connection: Connection, tenant: UUID, which: str, **values: Any) -> Grant | None:
    row = connection.execute(text(_FIND + which), values).first()
    if row is None:
        return None
    before = None if row.refresh_hash is None else bytes(row.refresh_hash)
    return Grant(tenant, row.id, row.client_id, row.redirect_uri, row.code_challenge, before)


def _end(connection: Connection, grant_id: UUID) -> None:
    connection.execute(text("DELETE FROM oauth_grants WHERE id = :id"), {"id": grant_id})
