"""A process that serves: its socket, and uvicorn without a line about any request, whose address has a question.

What does not belong here: what it serves.
"""

import socket
import threading
from contextlib import suppress
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from tg_assets.accounts.vault import vault
from tg_assets.doors.access import Opener
from tg_assets.doors.guards import House
from tg_assets.doors.processes import several
from tg_assets.doors.protocol import Bounded
from tg_assets.doors.service import service
from tg_assets.errors import TgAssetsError, WrongSetting
from tg_assets.settings import Settings

OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
STOP_SECONDS = 5
"""How long answers that were begun are waited for."""
MOST_CONNECTIONS = 500
"""More are told to come again."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises WrongSetting where that cannot be."""
    try:
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(2048)
    except OSError as error:
        raise WrongSetting(
            f"Nothing can be served at {host}:{port}: {error.strerror}. Choose another --port, or TG_SERVE_PORT."
        ) from None
    return made


def run(opener: Opener, settings: Settings, where: socket.socket) -> None:
    """Serve until the process is told to stop, by ``settings.serve_processes`` processes."""
    house = House([*OWN_NAMES, *settings.named_hosts], settings.serve_rate)

    def serve() -> None:
        threading.Thread(target=_pictures, daemon=True).start()
        vaults = partial(vault, settings, create=True)
        server(service(opener, house, vaults, settings.dagster_url, settings.trusted_hosts)).run(sockets=[where])

    if settings.serve_processes == 1:
        # The model takes seconds to load: by the time of the first question it is there, or nearly.
        threading.Thread(target=opener.warm, daemon=True).start()
        serve()
    else:
        opener.warm()  # once for all of them
        several(settings.serve_processes, serve)


def _pictures() -> None:
    """A worker that starts when the first pictures are asked for is there two seconds after them."""
    from tg_assets.vision import prepare

    with suppress(TgAssetsError):  # which whoever asks for a picture is told
        prepare.warm()


def server(app: ASGIApp) -> uvicorn.Server:
    """What serves an application: by a parser that bounds headers (``protocol``), of nobody's word about where a
    request is from."""
    config = uvicorn.Config(
        app, http=Bounded, ws="none", proxy_headers=False, log_config=None, access_log=False, server_header=False,
        lifespan="on", timeout_graceful_shutdown=STOP_SECONDS, limit_concurrency=MOST_CONNECTIONS,
    )  # fmt: skip
    return uvicorn.Server(config)
