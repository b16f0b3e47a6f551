"""PostgreSQL, the truth: connections of the application role, and a tenant for every transaction.

The role is checked on first use: row-level security does not bind an owner, a superuser or a role with
BYPASSRLS, so such a role is refused. The tenant is set per transaction (``SET LOCAL``), so a connection never
remembers the last one. What does not belong here: SQL of any stage.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError, WrongSetting
from tg_assets.stores.prepared import prepare

SESSION = (
    ("timezone", "UTC"),
    # A killed process must not leave its statement running with its locks: the server looks for the client.
    ("client_connection_check_interval", "2s"),
    # Chunks are joined to big tables by key; the default, made for spinning disks, reads the whole table instead.
    ("random_page_cost", "1.1"),
    # Statements are many and short: compiling one costs more than running it.
    ("jit", "off"),
)


# Digits from which on an integer may not fit 64 bits.
LONG = 20
EXAMPLE = "postgresql+psycopg2://tg_app:…@host:5432/tg_assets"
# What a server says that is there and does not let us in. The client knows no SQLSTATE of it, only these words.
REFUSALS = (
    "password authentication failed",
    "no pg_hba.conf entry",
    "authentication failed",
    "is not permitted to log in",
)
UNKNOWN = (re.compile(r'role "[^"]*" does not exist'), re.compile(r'database "[^"]*" does not exist'))


def engine(url: str, keep: int = 0) -> Engine:
    """The process's engine for a URL; up to ``keep`` connections stay open. Raises TgAssetsError when that is none."""
    return _engine(url, keep)


@lru_cache(maxsize=4)
def _engine(url: str, keep: int) -> Engine:
    options = {
        "application_name": "tg-assets", "options": " ".join(f"-c {name}={value}" for name, value in SESSION),
        # A host that is gone is noticed within two minutes; by default nobody notices for hours.
        "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6,
    }  # fmt: skip
    try:
        # Errors must not quote what a statement was given: messages.
        made = create_engine(url, connect_args=options, hide_parameters=True, **_pool(keep))
    except (ArgumentError, ImportError):
        raise WrongSetting(f"TG_POSTGRES_URL is not usable: write it like {EXAMPLE}.") from None
    event.listen(made, "connect", _read_json_fast)
    if keep:
        prepare(made)
    return made


def _pool(keep: int) -> dict[str, Any]:
    """None by default: a run uses one connection for its whole life, and idle ones are what exhausts a server."""
    if not keep:
        return {"poolclass": NullPool}
    return {"poolclass": QueuePool, "pool_size": keep, "max_overflow": 0, "pool_pre_ping": True}


def _read_json_fast(connection: Any, _record: object) -> None:
    """JSON columns by orjson: raw messages are most of what a run reads."""
    from psycopg2.extras import register_default_json, register_default_jsonb

    register_default_json(connection, loads=read_json)
    register_default_jsonb(connection, loads=read_json)


def read_json(text: str) -> Any:
    """JSON as PostgreSQL writes it. Its numbers have no bounds: one beyond a double's is infinite, as in an event."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < LONG else float(digits))


@lru_cache(maxsize=4)
def _check_role(url: str) -> None:
    """Refuse a role that row-level security would not bind."""
    with engine(url).connect() as connection:
        role, unbound, temporary, database, owns = connection.execute(
            text("""
                SELECT rolname, rolsuper OR rolbypassrls,
                       has_database_privilege(current_database(), 'TEMPORARY'), current_database(),
                       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                               WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relowner = r.oid)
                FROM pg_roles r WHERE rolname = current_user
            """)
        ).one()
    if unbound or owns:
        raise WrongSetting(
            f"TG_POSTGRES_URL connects as {role!r}, which {'owns tables' if owns else 'bypasses row security'}: "
            "tenants would see each other. Use a role that is neither owner nor superuser nor BYPASSRLS "
            "(`tg-assets up` makes one called tg_app)."
        )
    if not temporary:
        raise WrongSetting(
            f"The role {role!r} of TG_POSTGRES_URL may not make temporary tables. As the owner of the database: "
            f'GRANT TEMPORARY ON DATABASE "{database}" TO "{role}";'
        )


def _of_connecting(error: OperationalError) -> TgAssetsError:
    said = str(error.orig).strip().splitlines()[0]
    if any(word in said for word in REFUSALS) or any(word.search(said) for word in UNKNOWN):
        return ServerRefuses(
            f"PostgreSQL is there but does not let us in: {said}. Correct user, password and database in "
            "TG_POSTGRES_URL."
        )
    return ServerDown(
        f"PostgreSQL does not answer: {said}. Is it running (`tg-assets up`), and does TG_POSTGRES_URL point at it?"
    )


_BOUND = text("SELECT set_config('app.tenant_id', :tenant, true)")
_READING = text(f"{_BOUND}, set_config('transaction_read_only', 'on', true)")


class TenantConnection:
    """One connection bound to one tenant; each ``transaction`` sets the tenant anew.

    Temporary tables live as long as the connection and may be shared by its transactions.
    """

    def __init__(self, connection: Connection, tenant: UUID) -> None:
        self._connection = connection
        self.tenant = tenant

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Connection]:
        """A transaction in which only this tenant's rows exist; none can be changed if it is ``read_only``."""
        with self._connection.begin():
            self._connection.execute(_READING if read_only else _BOUND, {"tenant": str(self.tenant)})
            yield self._connection

    @contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold a name of this tenant among all processes; see ``advisory_lock``."""
        with advisory_lock(self._connection, f"{self.tenant}/{name}", wait=wait) as held:
            yield held


@contextmanager
def advisory_lock(connection: Connection, name: str, *, wait: bool = False) -> Iterator[bool]:
    """Hold a name among all processes until the block or the connection ends; False when another holds it."""
    values = {"name": name}
    with connection.begin():
        held = connection.execute(text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), values).scalar()
        if not held and wait:
            held = connection.execute(text("SELECT true FROM pg_advisory_lock(hashtextextended(:name, 0))"), values)
    try:
        yield bool(held)
    finally:
        if held:
            with suppress(DBAPIError):  # a connection that broke has let go of it already
                connection.rollback()
                with connection.begin():
                    connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), values)


class Database:
    """PostgreSQL by URL (``postgresql+psycopg2://…``), as the application role."""

    url: str
    keep: int = 0

    def __init__(self, url: str) -> None:
        self.url = url

    def _engine(self) -> Engine:
        return engine(self.url)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection that sees no rows until a tenant is set.

        Raises TgAssetsError when the server or the role is not usable.
        """
        try:
            _check_role(self.url)
            connection = self._engine().connect()
        except OperationalError as error:
            raise _of_connecting(error) from None
        with connection:
            yield connection

    @contextmanager
    def tenant(self, tenant: UUID) -> Iterator[TenantConnection]:
        """A connection for one tenant. Raises TgAssetsError when the server or the role is not usable."""
        with self.connection() as connection:
            yield TenantConnection(connection, tenant)


class KeptDatabase(Database):
    """The same for a process that asks again and again: ``keep`` connections stay open, and are shared by threads."""

    def __init__(self, url: str, keep: int) -> None:
        super().__init__(url)
        self._keep = keep

    def _engine(self) -> Engine:
        return engine(self.url, self._keep)


PIECE = 1 << 18

# Stand for a tab, a line's end and NULL until what is between them has been escaped: bytes that UTF-8 never has.
_TAB, _END, _NULL = b"\xff", b"\xfe", b"\xfd"
_PLACED = bytes.maketrans(_TAB + _END, b"\t\n")


def copy_text(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows in COPY's text format. A whole batch is escaped at once: a call per cell is what would take the time."""
    lines = [
        _TAB.join([_NULL if value is None else value if type(value) is bytes else str(value).encode() for value in row])
        for row in rows
    ]
    said = _END.join([*lines, b""])
    for special, escaped in ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\r", b"\\r")):
        said = said.replace(special, escaped)
    return said.translate(_PLACED).replace(_NULL, b"\\N")


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """COPY rows into a table that has no row-level security (a temporary one).

    Values: None, bool, numbers, str, bytes of UTF-8, UUID, and aware datetimes; JSON comes as text already dumped.
    """
    buffer = BytesIO(copy_text(rows))
    cursor: Any = connection.connection.cursor()
    try:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer, PIECE)
    finally:
        cursor.close()


def temp_rows(connection: Connection, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> None:
    """Put rows into a temporary table that lives until the transaction ends, for one set-based statement.

    ``columns`` maps names to PostgreSQL types, in the order of the rows' values.
    """
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(text(f"CREATE TEMP TABLE {table} ({definition}) ON COMMIT DROP"))
    copy_rows(connection, table, tuple(columns), rows)
