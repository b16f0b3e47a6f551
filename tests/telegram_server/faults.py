"""What goes wrong on request: errors, floods, cut connections, delays, silence.

`TelegramServer.fault(GetHistoryRequest, FloodWait(3), at=2)` answers the second matching request with FLOOD_WAIT_3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from telethon.tl.tlobject import TLObject


class RpcError(Exception):
    """An RPC error to answer with, e.g. `RpcError(400, "CHANNEL_PRIVATE")`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __repr__(self) -> str:
        return f"RpcError({self.code}, {self.message!r})"


def FloodWait(seconds: int) -> RpcError:
    """Too many requests: wait."""
    return RpcError(420, f"FLOOD_WAIT_{seconds}")


def FloodPremiumWait(seconds: int) -> RpcError:
    """Too fast without Telegram Premium: wait. Comes with downloads."""
    return RpcError(420, f"FLOOD_PREMIUM_WAIT_{seconds}")


@dataclass(frozen=True)
class Cut:
    """Close the connection instead of answering; `after` the request has taken effect, or before."""

    after: bool = False


@dataclass(frozen=True)
class Delay:
    """Answer later by so many seconds; other requests are not held up."""

    seconds: float


@dataclass(frozen=True)
class Silence:
    """Never answer."""


Effect = RpcError | Cut | Delay | Silence


class Fault:
    """A planned fault. It hits matching requests number `at` (the first is 1) and the following, `times` in all.

    `requests` is a request class or several; `when` narrows them by looking at the request; `times=None` is for ever.
    `seen` counts matching requests, `hits` those it spoiled.
    """

    def __init__(
        self,
        requests: type | tuple[type, ...],
        effect: Effect,
        *,
        times: int | None = 1,
        at: int = 1,
        when: Callable[[TLObject], bool] | None = None,
    ) -> None:
        self.requests = requests
        self.effect = effect
        self.times = times
        self.at = at
        self.when = when
        self.seen = 0
        self.hits = 0

    def strikes(self, request: TLObject) -> bool:
        """Count the request if it matches; is it to be spoiled?"""
        if not isinstance(request, self.requests) or not (self.when is None or self.when(request)):
            return False
        self.seen += 1
        if self.seen < self.at or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The faults of a server, tried in the order they were planned; the first that strikes decides."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._planned: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._planned.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self._planned.remove(fault)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._planned.clear()

    def effect_on(self, request: TLObject) -> Effect | None:
        with self._lock:
            return next((fault.effect for fault in self._planned if fault.strikes(request)), None)
