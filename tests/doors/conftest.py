"""The service over real HTTP on the loopback, in front of two tenants (``tests.answers.conftest``)."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.answers.conftest import Tenant
from tests.saved.conftest import vaults
from tests.support import pipeline
from tests.support.waiting import wait_for
from tg_assets import ids
from tg_assets.doors import tokens
from tg_assets.doors.access import Opener
from tg_assets.doors.guards import House
from tg_assets.doors.process import OWN_NAMES, bound, server
from tg_assets.doors.service import service
from tg_assets.stores.database import KeptDatabase

OFTEN = "100000/minute"
DAGSTER = "http://dagster.example:3000"


@dataclass(frozen=True)
class Doors:
    """A service that runs."""

    address: str

    @property
    def cookie(self) -> str:
        """The name of the page's cookie there."""
        return f"tga-{self.address.rpartition(':')[2]}"

    def knock(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A client with a token."""
        given = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.address, headers={**given, **headers}, timeout=60)


def token_for(tenant: Tenant, *owners: int, feeds: list[str] | None = None, name: str | None = None) -> str:
    """A new token of a tenant."""
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        return tokens.make(connection, tenant.id, name or pipeline.new_tenant(), owners, feeds)


@pytest.fixture(scope="package")
def opener(servers: dict[str, str]) -> Opener:
    database = KeptDatabase(pipeline.postgres().url, 4)
    nobody = pipeline.archive("nobody")
    assert nobody.tenant != ids.NO_TENANT
    return Opener(database, nobody)


def running(opener: Opener, rate: str = OFTEN, strangers: str = OFTEN) -> Iterator[Doors]:
    """A service in a thread of this process, until the end."""
    where = bound("127.0.0.1", 0)
    app = service(opener, House(OWN_NAMES, rate, strangers), vaults, DAGSTER)
    uvicorn = server(app)
    thread = threading.Thread(target=uvicorn.run, kwargs={"sockets": [where]}, daemon=True)
    thread.start()
    wait_for("the service", lambda: uvicorn.started)
    yield Doors(f"http://127.0.0.1:{where.getsockname()[1]}")
    uvicorn.should_exit = True
    thread.join()


@pytest.fixture(scope="package")
def doors(opener: Opener) -> Iterator[Doors]:
    yield from running(opener)
