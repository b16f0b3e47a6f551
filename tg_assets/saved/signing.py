"""Secrets that sign what receivers are told: encrypted with the key of sessions, which is not in the database.

A hash would not do, for who signs needs the secret itself. What does not belong here: signing (``monitoring.webhook``),
the key (``accounts.vault``).
"""

import base64
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.accounts.vault import NoKey, Vault
from tg_assets.errors import TgAssetsError, WrongSetting

Vaults = Callable[[], Vault]
"""Gives the installation's vault; asked when there is something to encrypt or to open. Raises NoKey."""

_SEAL = "UPDATE saved_questions SET webhook_sealed = :sealed, webhook_secret = NULL WHERE id = CAST(:id AS uuid)"
_SEALED = "SELECT webhook_sealed FROM saved_questions WHERE webhook_sealed IS NOT NULL"


def new() -> str:
    """A secret as the Standard Webhooks have it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def secret_of(connection: Connection, saved_id: UUID, row: Any, vaults: Vaults) -> str:
    """The secret of a row of ``saved_questions``; one that stands there plain, of before, is encrypted where there is
    a key. Raises WrongSetting."""
    if row.webhook_sealed is not None:
        return opened(bytes(row.webhook_sealed), vaults)
    try:
        values = {"id": str(saved_id), "sealed": vaults().close(row.webhook_secret)}
    except NoKey:
        return str(row.webhook_secret)
    connection.execute(text(_SEAL), values)
    return str(row.webhook_secret)


def opened(sealed: bytes, vaults: Vaults) -> str:
    """The secret. Raises WrongSetting where it was encrypted with a key that is not here."""
    try:
        return vaults().open(sealed)
    except TgAssetsError:
        raise WrongSetting(
            "What signs messages to receivers was encrypted with a key that is not here. Put that key into "
            "TG_SESSION_KEY (or its file) wherever questions are saved and told, or save the question anew."
        ) from None


def check(connection: Connection, vaults: Vaults) -> None:
    """Whether every secret of the transaction's tenant can be opened. Raises WrongSetting."""
    for sealed in connection.execute(text(_SEALED)).scalars():
        opened(bytes(sealed), vaults)
