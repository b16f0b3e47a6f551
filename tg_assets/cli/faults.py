"""A sentence for every exception that may end a command: what happened and what to do, never what was being handled.

Libraries quote what they were given (statements with their parameters, bytes, urls), so their words are not passed
on; a class, a code and a place are. What does not belong here: printing, or deciding what to do about a fault.
"""

import errno
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tg_assets.errors import Listing, NoSuch, NotAllowed, TgAssetsError, WrongParameter

RUNNING = "Is it running (`tg-assets up`), and does {} point at it?"
OUR_PACKAGES = [
    Path(__file__).resolve().parents[2] / name for name in ("tg_assets", "resources", "sensors", "migrations")
]
WAYS: Mapping[Listing, str] = {
    "questions": "`tg-assets ask` lists all.",
    "chats": "`tg-assets feeds --chats` lists them; private ones need --owner.",
    "posts": "`tg-assets search … --json` tells ids.",
    "albums": "`tg-assets ask albums --chat …` lists albums.",
    "people": "`tg-assets ask who-replies` lists people.",
    "sources": "`tg-assets ask most-forwarded` lists sources.",
    "pictures": "`tg-assets ask shared-pictures` names some.",
    "feeds": "`tg-assets feeds` lists them; those of private chats need --owner.",
    "owners": "Name it by --owner.",
}
# By SQLSTATE, the longest prefix first.
POSTGRES = {
    "42P01": "The schema is not there or is an older one. Run `tg-assets migrate`.",
    "42703": "The schema is an older one. Run `tg-assets migrate`.",
    "42883": "The schema is an older one. Run `tg-assets migrate`.",
    "53100": "PostgreSQL's disk is full. Make room there and run this again; what was committed is kept.",
    "53300": "PostgreSQL takes no more connections. End some, or raise its max_connections.",
    "25006": "PostgreSQL takes no writes here. TG_POSTGRES_URL has to point at a primary server, not at a standby.",
    "40": "PostgreSQL gave way to another process that works on the same rows. Run this again.",
    "53": "PostgreSQL has run out of memory or of something like it. See its log, and run this again.",
    "55": "Something in PostgreSQL is in use by another process. `tg-assets doctor --locks` shows by which.",
    "57": "PostgreSQL ended the connection: it is stopping or starting. Run this again in a moment.",
    "58": "PostgreSQL cannot use its files. See its log.",
    "08": "The connection to PostgreSQL broke. " + RUNNING.format("TG_POSTGRES_URL"),
}


def explain(error: BaseException) -> str:
    """What a person reads instead of a traceback."""
    for one in _causes(error):
        if isinstance(one, TgAssetsError):
            return _own(one)
        if told := _known(one):
            return told
    return (
        f"This is a fault of tg-assets ({_place(error)}). Run it again with --debug to see all of it, and report it; "
        "what --debug prints may quote messages."
    )


def _own(error: TgAssetsError) -> str:
    """A sentence of ours, with how to go on in a shell."""
    if isinstance(error, NoSuch):
        return f"{error} {error.hint(WAYS)}"
    if isinstance(error, NotAllowed):
        return f"{error} The setting is {error.setting}."
    if isinstance(error, WrongParameter):
        return error.tell(lambda name: f"--{name.replace('_', '-')}")
    return str(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it gathers, and what it was raised from, the outermost first."""
    yield error
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__,):
        if one is not None:
            yield from _causes(one)


def _known(error: BaseException) -> str | None:
    for kind in type(error).__mro__:
        if tell := TOLD.get(kind.__module__.partition(".")[0]):
            return tell(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory. End other programs, or do it in smaller parts."
    if isinstance(error, TimeoutError):
        return "Something did not answer in time. `tg-assets doctor` says what is away."
    return _of_system(error) if isinstance(error, OSError) else None


def _of_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}. Make room and run this again; what was committed is kept."
    if isinstance(error, ConnectionError):
        return "A connection broke or was refused. `tg-assets doctor` says what is away."
    if error.errno is None or error.strerror is None:
        return f"The system refused something ({type(error).__name__}). `tg-assets doctor` may say more."
    return f"The system says: {error.strerror}{where}."


def _of_postgres(error: Any) -> str:
    original = getattr(error, "orig", None) or error
    code = getattr(original, "pgcode", None) or ""
    if code == "42501":
        said = getattr(original.diag, "message_primary", None) or "permission denied"
        grant = (
            " Let it: GRANT TEMPORARY ON DATABASE … TO …;" if "temporary" in said
            else " Grant it what `tg-assets migrate` grants to tg_app."
        )  # fmt: skip
        return f"PostgreSQL does not allow the role of TG_POSTGRES_URL what is needed: {said}.{grant}"
    for length in (5, 2):
        if told := POSTGRES.get(code[:length]):
            return told
    if type(error).__name__ in ("ArgumentError", "NoSuchModuleError"):
        return "TG_POSTGRES_URL or its like is no address of a database; write postgresql+psycopg2://user:…@host/name."
    if not code and type(original).__name__ in ("OperationalError", "InterfaceError"):
        return POSTGRES["08"]
    return (
        f"PostgreSQL refused a statement ({type(original).__name__}{f', SQLSTATE {code}' if code else ''}). This is a "
        "fault of tg-assets: run it again with --debug to see all of it, and report it; it may quote messages."
    )


def _of_redis(error: Any) -> str:
    kind, said = type(error).__name__, str(error)
    if kind in ("AuthenticationError", "AuthenticationWrongNumberOfArgsError", "NoPermissionError") or said.startswith(
        ("NOAUTH", "WRONGPASS", "NOPERM")
    ):
        return "Redis is there but refuses the user or the password. Correct TG_REDIS_URL."
    if "OutOfMemory" in kind or said.startswith(("OOM", "MISCONF")):
        return "Redis takes no writes: its memory or disk is full. Make room there; nothing was lost."
    if kind == "ReadOnlyError" or said.startswith("READONLY"):
        return "Redis takes no writes here. TG_REDIS_URL has to point at a primary server, not at a replica."
    if kind == "BusyLoadingError" or said.startswith("LOADING"):
        return "Redis is reading its data and answers in a moment. Run this again."
    if kind in ("ConnectionError", "TimeoutError"):
        return f"Redis does not answer ({kind}). {RUNNING.format('TG_REDIS_URL')}"
    return f"Redis refused a command ({kind}). `tg-assets doctor` may say more."


def _of_graph(error: Any) -> str:
    kind, code = type(error).__name__, str(getattr(error, "code", None) or "")
    if kind in ("AuthError", "TokenExpired") or ".Security." in code:
        return "The graph server is there but refuses the user or the password. Correct TG_NEO4J_URL."
    if kind in ("ServiceUnavailable", "SessionExpired", "TransientError", "ConfigurationError"):
        return f"The graph server does not answer ({kind}). {RUNNING.format('TG_NEO4J_URL')}"
    return f"The graph server refused a statement ({kind}{f', {code}' if code else ''}). See its log."


def _of_vectors(error: Any) -> str:
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return "The vector server is there but refuses the key. Correct TG_QDRANT_API_KEY."
    if status is not None:
        return (
            f"The vector server refused a request (HTTP {status}). See its log, and whether TG_QDRANT_URL is Qdrant's."
        )
    return f"The vector server does not answer ({type(error).__name__}). {RUNNING.format('TG_QDRANT_URL')}"


def _of_objects(error: Any) -> str:
    from tg_assets.stores.objects import problem

    return str(problem(error))


def _of_http(error: Any) -> str:
    return f"A server on the way does not answer ({type(error).__name__}). `tg-assets doctor` says what is away."


def _of_telegram(error: Any) -> str | None:
    if not hasattr(error, "code") or not hasattr(error, "request"):
        return None
    from tg_assets.accounts.refusals import refused

    return str(refused(error, "an account"))


def _of_settings(error: Any) -> str:
    return f"Something that was given is not usable ({type(error).__name__}). `tg-assets doctor` may say which."


def _of_dagster(error: Any) -> str | None:
    return None if error.__cause__ else f"Dagster does not do it ({type(error).__name__}). See `tg-assets doctor`."


TOLD: dict[str, Callable[[Any], str | None]] = {
    "sqlalchemy": _of_postgres,
    "psycopg2": _of_postgres,
    "redis": _of_redis,
    "neo4j": _of_graph,
    "qdrant_client": _of_vectors,
    "obstore": _of_objects,
    "httpx": _of_http,
    "telethon": _of_telegram,
    "pydantic_core": _of_settings,
    "pydantic_settings": _of_settings,
    "dagster": _of_dagster,
    "dagster_postgres": _of_dagster,
}


def _place(error: BaseException) -> str:
    """Class and place, in our own code when it went through it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if any(Path(frame.filename).is_relative_to(package) for package in OUR_PACKAGES)]
    where = (own or frames)[-1:]
    told = [f" in {Path(frame.filename).name}, line {frame.lineno}" for frame in where]
    return f"{type(error).__name__}{''.join(told)}"
