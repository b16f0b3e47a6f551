"""Accounts and their sessions in the database. Everything works inside a tenant's transaction.

An account is a Telegram user who logged in for a tenant; its id is that of its row in ``users``. What does not
belong here: talking to Telegram, keys.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Connection, text

from tg_assets.errors import TgAssetsError


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a tenant. ``name`` is what people call it here; sessions are counted, never shown."""

    id: UUID
    telegram_id: int
    name: str
    is_active: bool
    problem: str | None
    sessions: int
    flood_until: datetime | None
    flood_method: str | None
    floods: int
    pace_seconds: float
    heard_at: datetime | None
    only: list[str] | None = None
    """Chats that it is limited to, as ``tg_assets.accounts.limits`` names them; None: it is not."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredSession:
    """A session as it is at rest. Without a repr: it would open a person's Telegram."""

    number: int
    secret: bytes


_ACCOUNTS = """
    SELECT a.id, telegram_id, name, is_active, problem,
           (SELECT count(*) FROM account_sessions s WHERE s.account_id = a.id) AS sessions,
           flood_until, flood_method, floods, pace_seconds, heard_at, only_chats
    FROM accounts a
"""


def account_id(tenant: UUID, telegram_id: int) -> UUID:
    """Id of an account, which is its user's as well."""
    return uuid5(tenant, f"user:{telegram_id}")


def accounts(connection: Connection) -> list[Account]:
    """The tenant's accounts by name."""
    return [Account(*row) for row in connection.execute(text(f"{_ACCOUNTS} ORDER BY name"))]


def find(connection: Connection, name: str | None) -> Account:
    """The account of this name, or the only one there is; raises TgAssetsError."""
    found = accounts(connection)
    chosen = [one for one in found if name in (None, one.name, str(one.telegram_id))]
    if len(chosen) == 1:
        return chosen[0]
    if not found:
        raise TgAssetsError("This tenant has no account. Log in with `tg-assets login`.")
    names = ", ".join(one.name for one in found)
    if name is None:
        raise TgAssetsError(f"This tenant has several accounts: {names}. Choose one with --account.")
    raise TgAssetsError(f"This tenant has no account {name!r}. There are: {names}.")


def keep_account(connection: Connection, tenant: UUID, telegram_id: int, name: str | None, username: str | None) -> str:
    """Make sure that an account is there, with its user and identity; returns its name.

    ``name`` renames it; without one a new account is called by its username, else ``account-N``.
    """
    values = {
        "id": account_id(tenant, telegram_id),
        "identity": uuid5(tenant, f"identity:{telegram_id}"),
        "telegram_id": telegram_id,
        "username": username,
    }
    connection.execute(
        text("""INSERT INTO identities (tenant_id, id, telegram_id)
                VALUES (current_tenant(), :identity, :telegram_id) ON CONFLICT (tenant_id, telegram_id) DO NOTHING"""),
        values,
    )
    connection.execute(
        text("""INSERT INTO users (tenant_id, id, identity_id, username)
                SELECT current_tenant(), :id, id, :username FROM identities WHERE telegram_id = :telegram_id
                ON CONFLICT (tenant_id, identity_id) DO UPDATE SET username = excluded.username"""),
        values,
    )
    taken = {one.name: one.telegram_id for one in accounts(connection)}
    known = next((one for one, owner in taken.items() if owner == telegram_id), None)
    chosen = name or known or _free_name(username, taken)
    if taken.get(chosen, telegram_id) != telegram_id:
        raise TgAssetsError(f"Another account is called {chosen!r}. Choose another name with --account.")
    connection.execute(
        text("""INSERT INTO accounts (tenant_id, id, telegram_id, name)
                VALUES (current_tenant(), :id, :telegram_id, :name)
                ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, is_active = true, problem = NULL"""),
        values | {"name": chosen},
    )
    return chosen


def limit(connection: Connection, account: UUID, only: Sequence[str] | None) -> None:
    """Limit an account to chats, as ``chat_names`` gives them; None lifts the limit."""
    connection.execute(
        text("UPDATE accounts SET only_chats = CAST(:only AS text[]) WHERE id = :account"),
        {"account": account, "only": None if only is None else list(only)},
    )


def check_name(name: str) -> str:
    """A name that an account may have; raises TgAssetsError."""
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name):
        raise TgAssetsError(f"Account name {name!r} is not usable: 1 to 40 of a-z, 0-9, _ and - please.")
    return name


def _free_name(username: str | None, taken: dict[str, int]) -> str:
    base = re.sub(r"[^a-z0-9_-]", "-", (username or "").lower())[:38] or "account"
    number, name = 2, base
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def keep_session(connection: Connection, account: UUID, secret: bytes) -> int:
    """Add a session to an account; returns its number."""
    number = connection.execute(
        text("""INSERT INTO account_sessions (tenant_id, account_id, number, secret)
                SELECT current_tenant(), :account, coalesce(max(number), 0) + 1, :secret
                FROM account_sessions WHERE account_id = :account RETURNING number"""),
        {"account": account, "secret": secret},
    ).scalar_one()
    return int(number)


def sessions(connection: Connection, account: UUID) -> Sequence[StoredSession]:
    """An account's sessions in order."""
    rows = connection.execute(
        text("""SELECT number, secret FROM account_sessions
                WHERE account_id = :account ORDER BY number"""),
        {"account": account},
    )
    return [StoredSession(row.number, bytes(row.secret)) for row in rows]


def session_used(connection: Connection, account: UUID, number: int) -> None:
    """Note that a session is being used now."""
    connection.execute(
        text("UPDATE account_sessions SET last_used_at = now() WHERE account_id = :account AND number = :number"),
        {"account": account, "number": number},
    )


def drop_session(connection: Connection, account: UUID, number: int, problem: str | None) -> None:
    """Forget a session that Telegram does not accept any more; an account without one is out of use."""
    values = {"account": account, "number": number, "problem": problem}
    connection.execute(text("DELETE FROM account_sessions WHERE account_id = :account AND number = :number"), values)
    connection.execute(
        text("""UPDATE accounts SET is_active = false, problem = :problem WHERE id = :account
                AND NOT EXISTS (SELECT FROM account_sessions s WHERE s.account_id = :account)"""),
        values,
    )
