"""A provider, time that a test moves, and a budget in memory for what is not about the real one."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.model_server import ModelServer
from tg_assets.remote.budget import Reservation
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.connecting import _wire
from tg_assets.remote.guard import Clock, Guarded

KEY = "c2stdGVzdC1zZWNyZXQ6MTIzNDU2Nzg5MA=="


class Time:
    """Sleeping takes no time, but is remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


class Ledger:
    """A budget without a limit that remembers what it was told."""

    def __init__(self) -> None:
        self.reserved: list[int] = []
        self.settled: list[tuple[int, int]] = []

    def reserve(self, tokens: int) -> Reservation:
        self.reserved.append(tokens)
        return Reservation(date(2026, 1, 1), tokens)

    def settle(self, reservation: Reservation, *, tokens: int, calls: int, seconds: float) -> None:
        assert seconds >= 0
        self.settled.append((tokens, calls))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer().running() as running:
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def model(server: ModelServer) -> Callable[..., RemoteModel]:
    """A model at the server; values as in ``RemoteModel``."""

    def make(kind: str = "openai", **values: Any) -> RemoteModel:
        addresses = {
            "openai": {"url": server.openai_url},
            "gigachat": {"url": server.gigachat_url, "auth_url": server.auth_url},
        }[kind]
        usual = {"kind": kind, "model": "m-1", "key_env": "MODEL_KEY", "daily_tokens": 10**6, "timeout_seconds": 5}
        return RemoteModel.model_validate({**usual, "requests_per_minute": 10**6, **addresses, **values})

    return make


@pytest.fixture
def guarded(model: Callable[..., RemoteModel], time: Time, ledger: Ledger) -> Iterator[Callable[..., Guarded]]:
    """A guarded model at the server, with the test's time and ledger."""
    made: list[Guarded] = []

    def make(kind: str = "openai", **values: Any) -> Guarded:
        chosen = model(kind, **values)
        made.append(Guarded(_wire(chosen, SecretStr(KEY)), chosen, ledger, time.clock))
        return made[-1]

    yield make
    for one in made:
        one.close()
