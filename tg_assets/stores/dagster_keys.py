"""Keys of dynamic partitions, read from Dagster's own database: loading Dagster to ask it takes two seconds.

A test compares them with what Dagster says. What does not belong here: adding keys, which Dagster does.
"""

from collections.abc import Sequence

from sqlalchemy import create_engine, text
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError

EXAMPLE = "postgresql+psycopg2://tg_dagster:…@host:5432/dagster"


class DagsterKeys:
    """Dagster's PostgreSQL by URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys of the definition of this name, oldest first. Raises TgAssetsError when the database is not usable."""
        try:
            engine = create_engine(self._url, poolclass=NullPool, hide_parameters=True)
            with engine.connect() as connection:
                return list(
                    connection.execute(
                        text("SELECT partition FROM dynamic_partitions WHERE partitions_def_name = :name ORDER BY id"),
                        {"name": partitions_def_name},
                    ).scalars()
                )
        except ArgumentError:
            raise TgAssetsError(f"TG_DAGSTER_POSTGRES_URL is not usable: write it like {EXAMPLE}.") from None
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) == "42P01":  # Dagster has made no tables yet
                return []
            raise
        except OperationalError as error:
            if "authentication failed" in str(error):
                raise ServerRefuses(
                    "Dagster's database is there but does not let us in. Correct TG_DAGSTER_POSTGRES_URL."
                ) from None
            raise ServerDown(
                "Dagster's database does not answer. Is it running (`tg-assets up`), and does TG_DAGSTER_POSTGRES_URL "
                "point at it?"
            ) from None
