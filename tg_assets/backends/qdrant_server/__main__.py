"""``python -m tg_assets.backends.qdrant_server --dir DIR --port PORT``; the key comes in ``TG_QDRANT_API_KEY``."""

import argparse
import os
from pathlib import Path

import uvicorn

from tg_assets.backends.qdrant_server.app import build_app
from tg_assets.backends.qdrant_server.store import Store
from tg_assets.logs.processes import take_over


def main() -> None:
    """Open the collections and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="qdrant_server")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    api_key = os.environ.pop("TG_QDRANT_API_KEY", "")
    take_over()
    store = Store(options.dir)
    store.open()
    # uvicorn sends itself the signal again when it has stopped, so nothing after this line is sure to run.
    uvicorn.run(
        build_app(store, api_key),
        host="127.0.0.1",
        port=options.port,
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=120,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
