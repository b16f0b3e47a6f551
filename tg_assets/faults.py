"""Whose fault an error is: a server's that is away or full, or that of the one thing that was being worked on.

What waits for the former is tried again by everybody; the latter is recorded with its item, and its neighbours go on.
What people are told of an error never has its words, which may quote a message. What does not belong here: what is
done about errors.
"""

import errno
import traceback

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from tg_assets.errors import ServerDown, TgAssetsError

# Classes of SQLSTATE that speak of the server, not of the data: connection, rollback, resources, shutdown, system.
_SERVER = ("08", "40", "53", "57", "58")
# A table, column, function, type or schema that is not there: the schema is another than the one this is written for.
_ANOTHER_SCHEMA = frozenset({"42P01", "42703", "42883", "42704", "3F000"})
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES}
# Of clients that are imported late: what says that their server does not answer, or does not let us in.
_AWAY = {
    "redis.exceptions": {"RedisError"},
    "neo4j.exceptions": {"DriverError", "TransientError", "AuthError", "Forbidden"},
    "neo4j._exceptions": {"BoltError"},
    "obstore.exceptions": {"GenericError", "PermissionDeniedError", "UnauthenticatedError"},
    "qdrant_client.http.exceptions": {"ResponseHandlingException"},
    "httpx": {"TransportError"},
}
_TOO_MANY, _SERVER_ERROR = 429, 500


def is_down(error: BaseException) -> bool:
    """Whether an error says that the database is away, busy or of another schema, or the machine full, not that the
    data are refused."""
    if isinstance(error, ServerDown | MemoryError | NoConnection):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "pgcode", None)
    if state:
        return error.connection_invalidated or state.startswith(_SERVER) or state in _ANOTHER_SCHEMA
    return error.connection_invalidated or type(error.orig).__name__ in ("OperationalError", "InterfaceError")


def is_nobodys(error: BaseException) -> bool:
    """Whether an error is no item's fault: a server is away or full, or the installation is not as it should be."""
    if is_down(error) or isinstance(error, TgAssetsError | ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    status = getattr(error, "status_code", None)  # of the vector server's answer
    if isinstance(status, int) and (status >= _SERVER_ERROR or status in (401, 403, 404, _TOO_MANY)):
        return True
    return any(kind.__name__ in _AWAY.get(kind.__module__, ()) for kind in type(error).__mro__)


def why(error: BaseException) -> str:
    """An error as a reason that is kept: its kind."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "pgcode", None)
        return f"the database refuses it: {type(error.orig).__name__} (SQLSTATE {state})"
    return f"it cannot be worked on: {type(error).__name__}"


def where(error: BaseException) -> str:
    """An error for the log: its kind, and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{why(error)}{''.join(f', at {frame.filename}:{frame.lineno}' for frame in last)}"


def said(error: BaseException) -> str:
    """An error for the person whose work it stopped: its sentence, if it was written for people."""
    return str(error) if isinstance(error, TgAssetsError) else where(error)
