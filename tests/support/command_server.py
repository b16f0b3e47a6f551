"""The process that commands of tests are forked from: ``python -m tests.support.command_server DESCRIPTOR``.

It imports libraries and nothing of ours, has neither threads nor connections, and forks for each line that it is sent
(``tests.support.commands``): one process that becomes the command, and one that waits for it and tells its exit code.
"""

import atexit
import gc
import json
import os
import socket
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

COMMAND = Path(sys.executable).with_name("tg-assets")
# What commands import of others.
LIBRARIES = (
    "alembic.command", "click", "concurrent.futures.thread", "cryptography.fernet", "dagster", "dagster_postgres",
    "httpx", "neo4j", "orjson", "psutil", "psycopg2.extras", "pydantic_settings", "pygments", "qdrant_client", "redis",
    "rich.console", "rich.live", "rich.progress", "rich.table", "sqlalchemy", "sqlalchemy.dialects.postgresql.psycopg2",
    "telethon", "yaml", "zoneinfo",
)  # fmt: skip


def serve(line: socket.socket) -> dict[str, Any] | None:
    """Fork for each command that is asked for, until nobody can ask. Returns what is asked for, in its process."""
    keepers: set[int] = set()
    while True:
        size, given, _, _ = socket.recv_fds(line, 4, 3)
        keepers = {pid for pid in keepers if os.waitpid(pid, os.WNOHANG if size else 0) == (0, 0)}
        if not size:
            return None
        keeper = os.fork()
        if keeper == 0:
            line.close()
            return _keep(int.from_bytes(size, "big"), *given)
        keepers.add(keeper)
        for descriptor in given:
            os.close(descriptor)


def _keep(size: int, out: int, err: int, told: int) -> dict[str, Any]:
    """Read what is asked for, fork its process, and wait there; returns in the process that is to become it."""
    with socket.socket(fileno=told) as teller:
        wanted: dict[str, Any] = json.loads(_read(teller, size))
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        pid = os.fork()
        if pid == 0:
            return wanted
        teller.sendall(pid.to_bytes(4, "big"))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        teller.sendall(str(code).encode())
    os._exit(0)


def _read(line: socket.socket, size: int) -> bytes:
    """All bytes of a message."""
    found = b""
    while len(found) < size:
        found += line.recv(size - len(found))
    return found


def become(argv: list[str], environment: dict[str, str], directory: str) -> NoReturn:
    """Be the command, as its script is, and end. What was loaded before is not taken apart, which takes longer."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = [str(COMMAND), *argv]
    sys.path[0] = str(COMMAND.parent)
    # A process that this one starts looks for what it was started from.
    main = sys.modules["__main__"]
    main.__spec__, main.__package__, main.__file__ = None, None, str(COMMAND)
    from tg_assets.cli import main as command

    try:
        command()
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code or 0))


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy would start threads when it is imported
    gc.disable()
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()
    gc.enable()
    assert not [name for name in sys.modules if name.partition(".")[0] == "tg_assets"]
    assert threading.active_count() == 1
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        become(**wanted)
