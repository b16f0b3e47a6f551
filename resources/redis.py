"""Redis as a Dagster resource."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from tg_assets.stores.redis import client

if TYPE_CHECKING:
    from redis import Redis as Client


class Redis(dg.ConfigurableResource["Redis"]):
    """Redis by URL (``redis://host:port/0``)."""

    url: str = Field(repr=False)

    def client(self) -> "Client":
        """The process's client for this server."""
        return client(self.url)
