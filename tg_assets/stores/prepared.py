"""Statements that a process runs again and again, planned once for each connection that stays open.

Planning takes longer than running where a statement joins ten tables by key, as those of a search do: 14 ms of 23. The
driver has no prepared statements, so a statement that asks for it (``PREPARED``) is put to the server by ``PREPARE``
the first time, and is run by its name from then on. Every value of it must have a type by its place or by a ``CAST``.
Where a column has another type since, or the server has forgotten the name, the statement fails once, and connections
are opened anew. What does not belong here: which connections stay open (``database``).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, TextClause, event, text

OPTION = "prepared"
_VALUE = re.compile(r"%\((\w+)\)s")
_RUN, _PREPARE = "EXECUTE prepared_", "PREPARE prepared_"
_STALE = frozenset({"0A000", "26000", "42P05"})
"""SQLSTATE of a plan whose result would have other types, of a name that is unknown, and of one that is there."""


@lru_cache(maxsize=64)
def prepared(sql: str) -> TextClause:
    """A statement, a constant, that connections which stay open plan once; others as usual."""
    return text(sql).execution_options(**{OPTION: True})


def prepare(engine: Engine) -> None:
    """Let an engine's connections do so."""
    event.listen(engine, "before_cursor_execute", _by_name, retval=True)
    event.listen(engine, "handle_error", _begin_anew)


def _begin_anew(context: ExceptionContext) -> None:
    """A connection whose plans are of no use is as good as lost, and so are those that were opened before it."""
    if (context.statement or "").startswith((_RUN, _PREPARE)):
        context.is_disconnect |= getattr(context.original_exception, "pgcode", None) in _STALE


def _by_name(
    connection: Connection, _cursor: Any, statement: str, values: Any, context: Any, executemany: bool
) -> tuple[str, Any]:
    if context is None or not context.execution_options.get(OPTION) or executemany:
        return statement, values
    known: dict[str, tuple[str, list[str]]] = connection.info.setdefault(OPTION, {})
    if statement not in known:
        names = list(dict.fromkeys(_VALUE.findall(statement)))
        places = {name: f"${place}" for place, name in enumerate(names, 1)}
        sql = _VALUE.sub(lambda found: places[found[1]], statement).replace("%%", "%")
        connection.exec_driver_sql(f"{_PREPARE}{len(known)} AS {sql}", execution_options={"no_parameters": True})
        known[statement] = f"{_RUN}{len(known)}", names
    run, names = known[statement]
    given = ", ".join(f"%({value})s" for value in names)
    return f"{run} ({given})" if names else run, _literals(values)


def _literals(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as PostgreSQL writes them, whose elements get their type from their place."""
    return {name: _array(value) if isinstance(value, (list, tuple)) else value for name, value in values.items()}


def _array(values: list[Any] | tuple[Any, ...]) -> str:
    return "{" + ",".join("NULL" if value is None else _quoted(str(value)) for value in values) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
