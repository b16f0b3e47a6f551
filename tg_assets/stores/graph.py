"""The graph server, spoken to over Bolt with the official driver, one tenant at a time.

Every statement must bind ``$tenant``, and one whose rows people see ``$owners`` and ``$channels``, too; there is no
other way to run one, so a query cannot forget it. Writes are batched ``UNWIND $rows`` and retried when two writers
create the same node at once. Times are aware and in UTC, whichever zone the caller has: servers keep the zone, and
compare it. What does not belong here: the statements
themselves (``tg_assets.graph``).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError, WrongSetting
from tg_assets.lazy import Lazy

if TYPE_CHECKING:
    from neo4j import Driver

BATCH = 2000
ATTEMPTS = 5


class TenantGraph:
    """Reads and writes of one tenant; ``made`` is bound as ``$made`` when something is written."""

    def __init__(self, driver: "Driver", tenant: UUID, made: Mapping[str, str] | None = None) -> None:
        self._driver = driver
        self.tenant = str(tenant)
        self.made = {"run_id": "", "version": "", **(made or {})}

    def write(self, statement: str, rows: Sequence[Mapping[str, Any]], *, met: str | None = None) -> int:
        """Run a statement over ``$rows`` in batches; returns relations and nodes created.

        ``met`` is run instead where the statement creates and something of the batch is there.
        """
        return sum(self._write_once(statement, batch, met or statement) for batch in _batches(rows))

    def _write_once(self, statement: str, rows: Sequence[Mapping[str, Any]], met: str) -> int:
        from neo4j.exceptions import ConstraintError

        for attempt in range(1, ATTEMPTS + 1):
            try:
                counters = self._run(statement, rows=rows, made=self.made).summary.counters
            except ConstraintError:  # another writer created the same key since it was looked for
                if attempt == ATTEMPTS:
                    raise
                statement = met
                time.sleep(0.05 * 2**attempt)
            else:
                return int(counters.nodes_created + counters.relationships_created)
        raise AssertionError("unreachable")

    def read(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a statement that nobody but the pipeline itself sees."""
        return [record.data() for record in self._run(statement, **parameters).records]

    def show(
        self, statement: str, *, owners: Sequence[int], channels: Sequence[str] | None, **parameters: Any
    ) -> list[dict[str, Any]]:
        """Rows of a statement that people see; values of times are Python's, aware and in UTC.

        ``owners`` are the accounts whose private chats may be seen besides what is shared; ``channels`` are ids of the
        only chats that may be seen, None does not limit them. ``parameters`` cannot name either.
        """
        for bound in ("$owners", "$channels"):
            if bound not in statement:
                raise TgAssetsError(f"A graph statement for people without {bound} is not run: {statement[:80]!r}")
        given = {**parameters, "owners": [0, *owners], "channels": None if channels is None else list(channels)}
        records = self._run(statement, **given).records
        return [{name: _native(value) for name, value in record.data().items()} for record in records]

    def pages(self, statement: str, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        """Rows of a statement that may have any number of them, a page at a time, as the server gives them."""
        from neo4j import READ_ACCESS

        self._require_tenant(statement)
        with self._driver.session(fetch_size=BATCH, default_access_mode=READ_ACCESS) as session:
            found = session.run(statement, {"tenant": self.tenant, **_in_utc(parameters)})
            while page := [record.data() for record in found.fetch(BATCH)]:
                yield page

    def _require_tenant(self, statement: str) -> None:
        if "$tenant" not in statement:
            raise TgAssetsError(f"A graph statement without $tenant is not run: {statement[:80]!r}")

    def _run(self, statement: str, **parameters: Any) -> Any:
        self._require_tenant(statement)
        return self._driver.execute_query(statement, parameters_={**_in_utc(parameters), "tenant": self.tenant})


def _batches(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Rows in batches of about ``BATCH``; one with a list counts as many as are in it."""
    batch: list[Mapping[str, Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += max((len(value) for value in row.values() if isinstance(value, list)), default=1)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _native(value: Any) -> Any:
    return value.to_native().astimezone(UTC) if hasattr(value, "to_native") else value


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TgAssetsError(f"The time {value.isoformat()} has no zone; the graph takes aware times only.")
        return value.astimezone(UTC)
    if isinstance(value, Mapping):
        return {key: _in_utc(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_utc(item) for item in value]
    return value


class GraphStore:
    """A Bolt server by URL, ``bolt://user:password@host:port`` (``neo4j://``, ``+s`` likewise)."""

    url: str

    def __init__(self, url: str) -> None:
        self.url = url

    def _opened(self) -> "AbstractContextManager[Driver]":
        return self._made()

    def _made(self) -> "Driver":
        from neo4j import GraphDatabase
        from neo4j.exceptions import ConfigurationError

        try:
            parts = urlsplit(self.url)
            address = f"{parts.scheme}://{parts.hostname}:{parts.port or 7687}"
            auth = (unquote(parts.username or "neo4j"), unquote(parts.password or ""))
            return GraphDatabase.driver(address, auth=auth, notifications_min_severity="OFF")
        except (ValueError, ConfigurationError):
            raise WrongSetting("TG_NEO4J_URL is not usable: write it like bolt://neo4j:…@host:7687.") from None

    @contextmanager
    def _driver(self) -> "Iterator[Driver]":
        from neo4j.exceptions import AuthError, ClientError, DriverError

        with self._opened() as driver:
            try:
                driver.verify_connectivity()
            except (AuthError, ClientError) as error:
                raise ServerRefuses(
                    f"The graph server is there but does not let us in ({type(error).__name__}). Correct user and "
                    "password in TG_NEO4J_URL."
                ) from None
            except (DriverError, OSError) as error:
                raise ServerDown(
                    f"The graph server does not answer ({type(error).__name__}). Is it running (`tg-assets up`), and "
                    "does TG_NEO4J_URL point at it?"
                ) from None
            yield driver

    @contextmanager
    def tenant(self, tenant: UUID, *, run_id: str | None = None, version: str = "") -> Iterator[TenantGraph]:
        """The graph as one tenant sees it; what is written is said to be of this run and version."""
        with self._driver() as driver:
            yield TenantGraph(driver, tenant, {"run_id": run_id or "", "version": version})

    def create_schema(self, statements: Sequence[str]) -> None:
        """Create constraints; they hold for all tenants and exist before the first write."""
        with self._driver() as driver:
            for statement in statements:
                driver.execute_query(statement)

    def unique_keys(self) -> set[tuple[str, frozenset[str]]]:
        """Labels with the properties that a constraint keeps unique together."""
        with self._driver() as driver:
            found = driver.execute_query("SHOW CONSTRAINTS").records
        return {(one["labelsOrTypes"][0], frozenset(one["properties"])) for one in found}


class KeptGraph(GraphStore):
    """The same for a process that asks again and again: connections stay open, and are shared by threads."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._kept = Lazy(self._made)

    def _opened(self) -> "AbstractContextManager[Driver]":
        return nullcontext(self._kept())
