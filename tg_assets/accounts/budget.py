"""An account's flood budget: what Telegram makes it wait for, shared by all processes that use the account.

A wait is written to ``accounts`` when it is asked for and read before requests, so that one process's wait is
every process's. Pace adapts: a flood wait doubles the time between requests, and each hundred requests without
one take a fifth off, down to none. Telegram publishes no limits; its own answers decide
(https://core.telegram.org/api/errors#420-flood). What does not belong here: which requests are made.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.stores.database import TenantConnection

LOOK_SECONDS = 1.0
FIRST_PACE, SLOWEST_PACE = 0.05, 5.0
CALM_REQUESTS = 100

# Telegram's waits are of a day at most. One that ends later was noted while the clock was ahead, and the account would
# stand still until then; whoever asks too early is told to wait once more.
_WAIT = "CASE WHEN flood_until < now() + interval '7 days' THEN flood_until END"

Log = Callable[[str], None]


class FloodTooLong(TgAssetsError):
    """Telegram asks for a wait that is longer than a run should sleep."""


class Budget:
    """The budget of one account, for the requests of one process. Not thread-safe; ``session`` is its own."""

    def __init__(self, session: "TenantConnection", account: UUID, name: str, limit_seconds: int, log: Log) -> None:
        self._session, self._account, self.name = session, account, name
        self._limit, self._log = limit_seconds, log
        self._until, self._method, self._pace = 0.0, "", 0.0
        self._looked, self._next, self._calm = 0.0, 0.0, 0
        self.waits = 0

    async def ready(self, *, paced: bool = True) -> None:
        """Return when the account may ask again; raises FloodTooLong."""
        while True:
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._reread()
            left = self._until - time.time()
            if left <= 0:
                break
            if left > self._limit:
                raise FloodTooLong(
                    f"Telegram asks account {self.name} to wait until {_clock(self._until)} UTC ({self._method}). "
                    "What was read so far is kept; run it again then. TG_FLOOD_LIMIT_SECONDS says how long a run may "
                    "wait."
                )
            await asyncio.sleep(left)
        if paced and self._pace:
            now = time.monotonic()
            self._next = max(self._next, now) + self._pace
            await asyncio.sleep(self._next - self._pace - now)

    def say(self, line: str) -> None:
        """Tell something about the account."""
        self._log(line)

    async def flooded(self, method: str, seconds: int) -> None:
        """Telegram asked to wait: tell everybody. The next ``ready`` waits."""
        self.waits += 1
        self._calm = 0
        with self._session.transaction() as connection:
            row = connection.execute(
                text(f"""UPDATE accounts SET flood_method = :method, floods = floods + 1,
                               flood_until = greatest({_WAIT}, now() + make_interval(secs => :seconds)),
                               pace_seconds = least(:slowest, greatest(:first, pace_seconds * 2))
                        WHERE id = :account RETURNING extract(epoch FROM flood_until - now()), pace_seconds"""),  # noqa: S608 - a constant
                {
                    "account": self._account, "seconds": seconds, "method": method, "first": FIRST_PACE,
                    "slowest": SLOWEST_PACE,
                },
            ).one()  # fmt: skip
        self._until, self._pace, self._method = time.time() + float(row[0]), float(row[1]), method
        self._log(
            f"Telegram asks account {self.name} to wait {seconds} s ({method}), until {_clock(self._until)} UTC; "
            f"then at most {1 / self._pace:.1f} requests a second"
        )

    def went_well(self) -> None:
        """A request was answered: after many in a row the pace picks up."""
        if not self._pace:
            return
        self._calm += 1
        if self._calm >= CALM_REQUESTS:
            self._calm = 0
            with self._session.transaction() as connection:
                self._pace = float(
                    connection.execute(
                        text("""UPDATE accounts SET pace_seconds =
                                CASE WHEN pace_seconds * 0.8 < :first / 4 THEN 0 ELSE pace_seconds * 0.8 END
                                WHERE id = :account RETURNING pace_seconds"""),
                        {"account": self._account, "first": FIRST_PACE},
                    ).scalar_one()
                )

    def _reread(self) -> None:
        """What other processes were told."""
        with self._session.transaction() as connection:
            row = connection.execute(
                text(f"""SELECT coalesce(extract(epoch FROM {_WAIT} - now()), 0), coalesce(flood_method, ''),
                                pace_seconds FROM accounts WHERE id = :account"""),  # noqa: S608 - a constant
                {"account": self._account},
            ).one()
        left = float(row[0])
        until = time.time() + left if left > 0 else 0.0
        if until > max(self._until, time.time()) + LOOK_SECONDS:
            self._log(f"Account {self.name} waits until {_clock(until)} UTC, as Telegram asked another process")
        self._until, self._method, self._pace = until, row[1], float(row[2])
        self._looked = time.monotonic()


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
