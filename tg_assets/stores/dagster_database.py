"""A connection to Dagster's own PostgreSQL, for what its interface cannot do or does too slowly.

What does not belong here: what is asked (``dagster_keys``, ``dagster_log``).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from tg_assets.errors import ServerDown, ServerRefuses, WrongSetting

# Where tables have no statistics yet, compiling a statement takes two seconds and running it a hundredth of that.
NO_COMPILER = "-c jit=off"
EXAMPLE = "postgresql+psycopg2://tg_dagster:…@host:5432/dagster"


@contextmanager
def dagster_database(url: str) -> Iterator[Connection]:
    """A connection of the role that owns Dagster's tables. Raises TgAssetsError when the database is not usable."""
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"options": NO_COMPILER}, hide_parameters=True)
        connection = engine.connect()
    except ArgumentError:
        raise WrongSetting(f"TG_DAGSTER_POSTGRES_URL is not usable: write it like {EXAMPLE}.") from None
    except OperationalError as error:
        if "authentication failed" in str(error):
            raise ServerRefuses(
                "Dagster's database is there but does not let us in. Correct TG_DAGSTER_POSTGRES_URL."
            ) from None
        raise ServerDown(
            "Dagster's database does not answer. Is it running (`tg-assets up`), and does TG_DAGSTER_POSTGRES_URL "
            "point at it?"
        ) from None
    with connection:
        yield connection
