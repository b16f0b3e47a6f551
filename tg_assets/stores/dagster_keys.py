"""Keys of dynamic partitions, read from Dagster's own database: loading Dagster to ask it takes two seconds.

A test compares them with what Dagster says. What does not belong here: adding keys, which Dagster does.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tg_assets.stores.dagster_database import dagster_database

NO_TABLE = "42P01"


class DagsterKeys:
    """Dagster's PostgreSQL by URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys of the definition of this name, oldest first. Raises TgAssetsError when the database is not usable."""
        try:
            with dagster_database(self._url) as connection:
                return list(
                    connection.execute(
                        text("SELECT partition FROM dynamic_partitions WHERE partitions_def_name = :name ORDER BY id"),
                        {"name": partitions_def_name},
                    ).scalars()
                )
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) == NO_TABLE:  # Dagster has made no tables yet
                return []
            raise
