"""Dagster's code server, with runs that start in a moment: ``python -m tg_assets.code_server api grpc …``.

Dagster starts each run in a new interpreter, which imports for five seconds what the code server has imported long
ago. Here a run is forked from a process that has (a forkserver,
https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods): that process has no threads and no
connections, so forking it is safe. It is itself a fork of this one, made before this one serves: so both import once.
What does not belong here: definitions.
"""

import gc
import multiprocessing
import os
import socket
import traceback
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Any, NoReturn

from tg_assets.collector import look_seldom
from tg_assets.logs.processes import take_over

# What runs import. A test sees to it that none of it starts a thread.
PRELOADED = [
    "tg_assets.code_location", "resources.dagster_storage", "dagster._grpc.impl", "psycopg2", "redis", "orjson",
    "tg_assets.live.tail", "tg_assets.live.refresh", "neo4j", "qdrant_client",
    "tg_assets.history.pull", "matplotlib.backends.backend_agg",
]  # fmt: skip
# The same where the output of runs is kept in S3.
PRELOADED_WITH_S3 = ["resources.s3_logs"]
# Models of texts, which runs find loaded: each would load them for two seconds. The code server itself does not.
MODELS = ["tg_assets.preloaded"]
# numpy would start threads when it is imported, and the embedding model is faster without them.
THREADS = {"OPENBLAS_NUM_THREADS": "1"}


def fork_forkserver() -> None:
    """Import what runs need, and let a fork of this process be that from which multiprocessing forks others.

    A forkserver that multiprocessing starts by itself would be a new interpreter and import all of it again.
    """
    os.environ.update(THREADS)
    gc.disable()  # it would look through modules that are being loaded, again and again
    in_s3 = os.environ.get("TG_OBJECTS_URL", "").startswith("s3://")
    loaded = [*PRELOADED, *(PRELOADED_WITH_S3 if in_s3 else ()), "tg_assets.loaded"]
    for name in loaded:
        import_module(name)
    gc.enable()
    with socket.socket(socket.AF_UNIX) as listener:
        address = str(Path(get_temp_dir(), "forkserver"))  # in a directory that nobody else may enter
        try:
            listener.bind(address)
        except OSError:  # its name is too long for a socket: multiprocessing starts a forkserver by itself
            forkserver.set_forkserver_preload([*loaded, *MODELS])
            return
        listener.listen()
        alive, living = os.pipe()  # its end is the end of everybody who may ask
        pid = os.fork()
        if pid == 0:
            os.close(living)
            _be_forkserver(listener.detach(), alive)
        os.close(alive)
        known: Any = forkserver._forkserver
        known._forkserver_address = address
        known._forkserver_alive_fd = living
        known._forkserver_pid = pid
    forkserver.set_forkserver_preload([*loaded, *MODELS])  # of the one that takes its place, if it dies


def _be_forkserver(listener: int, alive: int) -> NoReturn:
    try:
        forkserver.main(listener, alive, MODELS)
    except Exception:  # noqa: BLE001 - it is told, and another takes its place
        traceback.print_exc()
    finally:
        os._exit(0)


def main() -> None:
    """Dagster's command line, with a server that forks; Dagster has no setting for how its processes are started."""
    take_over()
    fork_forkserver()
    from dagster._cli import main as dagster
    from dagster._grpc import server

    class ForkingApiServer(server.DagsterApiServer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._mp_ctx = multiprocessing.get_context("forkserver")  # type: ignore[assignment]

    server.DagsterApiServer = ForkingApiServer  # type: ignore[misc]
    look_seldom()
    dagster()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
