"""PostgreSQL as a Dagster resource: a database whose run shows that its process lives."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from tg_assets.stores.database import Database, engine
from tg_assets.stores.run_lock import alive


class Postgres(dg.ConfigurableResource["Postgres"], Database):
    """PostgreSQL by URL (``postgresql+psycopg2://…``), as the application role."""

    url: str = Field(repr=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Postgres"]:
        """The resource of a run, which shows by a lock that its process lives as long as it has this."""
        run = context.run
        if run is None:
            yield self
            return
        with alive(engine(self.url), run.run_id):
            yield self
