"""A tenant's tokens of one day: reserved before a call, settled after it, counted in PostgreSQL.

Every step is a short transaction on a connection of its own, so a stage's long one holds nobody up. No answer from
the database means no call. A process that is killed leaves its reservation: that day can only be underused.
What does not belong here: how many tokens a call takes (``estimate``).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tg_assets.errors import TgAssetsError
from tg_assets.remote.errors import NotNow
from tg_assets.stores.database import Database

log = logging.getLogger(__name__)

# One statement: the row's lock makes concurrent processes see each other's reservations.
_RESERVE = text("""
    INSERT INTO token_usage AS u (tenant_id, day, provider, model, reserved)
    SELECT current_tenant(), :day, :provider, :model, :tokens WHERE :tokens <= :most
    ON CONFLICT (tenant_id, day, provider, model) DO UPDATE SET reserved = u.reserved + excluded.reserved
    WHERE u.tokens + u.reserved + excluded.reserved <= :most
    RETURNING reserved
""")
_SETTLE = text("""
    UPDATE token_usage SET reserved = reserved - :reserved, tokens = tokens + :tokens, calls = calls + :calls,
                           seconds = seconds + :seconds
    WHERE day = :day AND provider = :provider AND model = :model
""")


@dataclass(frozen=True)
class Reservation:
    """Tokens set aside on a day of UTC."""

    day: date
    tokens: int


class Purse(Protocol):
    """What a guard needs of a budget."""

    def reserve(self, tokens: int) -> Reservation:
        """Set tokens aside. Raises NotNow when they are not left."""
        ...

    def settle(self, reservation: Reservation, *, tokens: int, calls: int, seconds: float) -> None:
        """Put what was really used in the place of a reservation."""
        ...


def _today() -> date:
    return datetime.now(UTC).date()


class Budget:
    """``daily_tokens`` of a tenant for one model of a provider."""

    def __init__(
        self,
        postgres: Database,
        tenant: UUID,
        provider: str,
        model: str,
        daily_tokens: int,
        today: Callable[[], date] = _today,
    ) -> None:
        self._postgres = postgres
        self._tenant = tenant
        self._row = {"provider": provider, "model": model}
        self._most = daily_tokens
        self._today = today

    def reserve(self, tokens: int) -> Reservation:
        """Set tokens of today aside. Raises NotNow when they are not left, or nobody can tell."""
        day = self._today()
        values = {**self._row, "day": day, "tokens": tokens, "most": self._most}
        try:
            with self._postgres.tenant(self._tenant) as session, session.transaction() as connection:
                granted = connection.execute(_RESERVE, values).first()
        except (TgAssetsError, SQLAlchemyError) as error:
            raise NotNow(
                f"the database that counts tokens does not answer ({type(error).__name__}), so nothing is asked"
            ) from None
        if granted is None:
            raise NotNow(
                f"today's budget of {self._most} tokens for {self._row['provider']}/{self._row['model']} does not "
                f"allow another {tokens}: wait for the next day (UTC), or raise daily_tokens"
            )
        return Reservation(day, tokens)

    def settle(self, reservation: Reservation, *, tokens: int, calls: int, seconds: float) -> None:
        """Put what was really used in the place of a reservation; if that fails, the reservation stays."""
        used = {"tokens": tokens, "calls": calls, "seconds": seconds}
        values = {**self._row, **used, "day": reservation.day, "reserved": reservation.tokens}
        try:
            with self._postgres.tenant(self._tenant) as session, session.transaction() as connection:
                connection.execute(_SETTLE, values)
        except (TgAssetsError, SQLAlchemyError) as error:
            log.warning("%d tokens stay reserved: settling them failed (%s).", reservation.tokens, type(error).__name__)
