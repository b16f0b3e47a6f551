"""Dagster's code server, with runs that start in a moment: ``python -m tg_assets.code_server api grpc …``.

Dagster starts each run in a new interpreter, which imports for five seconds what the code server has imported long
ago. Here a run is forked from a process that has (a forkserver,
https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods): that process has no threads and no
connections, so forking it is safe. What does not belong here: definitions.
"""

import multiprocessing
import os
from multiprocessing import forkserver
from typing import Any

from dagster._grpc import server

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
# numpy would start threads when it is imported, and the embedding model is faster without them.
THREADS = {"OPENBLAS_NUM_THREADS": "1"}


class ForkingApiServer(server.DagsterApiServer):
    """Dagster's server; it has no setting for how its processes are started."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        os.environ.update(THREADS)
        context = multiprocessing.get_context("forkserver")
        in_s3 = os.environ.get("TG_OBJECTS_URL", "").startswith("s3://")
        context.set_forkserver_preload([*PRELOADED, *(PRELOADED_WITH_S3 if in_s3 else ()), "tg_assets.loaded"])
        forkserver.ensure_running()  # it imports while this server does
        super().__init__(*args, **kwargs)
        self._mp_ctx = context  # type: ignore[assignment]


def main() -> None:
    """Dagster's command line with this server."""
    from dagster._cli import main as dagster

    take_over()
    look_seldom()
    server.DagsterApiServer = ForkingApiServer  # type: ignore[misc]
    dagster()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
