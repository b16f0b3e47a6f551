"""Databases of these tests' own on the session's server, made by its superuser."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool


@pytest.fixture
def scratch(superuser_url: str, servers: dict[str, str]) -> Iterator[Callable[[str], str]]:
    """An empty database that the owner role owns; call with a ``TG_*`` URL to get it for that role."""
    name = f"scratch_{uuid4().hex[:8]}"
    engine = create_engine(superuser_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER tg_owner"))
    try:
        yield lambda url: urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()
