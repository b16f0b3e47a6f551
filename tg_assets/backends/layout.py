"""Where embedded servers keep things under ``data_dir``: directories, secrets, ports, and the one lock.

Holds paths and small files only. Nothing here knows what a server is or starts a process.
``secrets.json`` is mode 0600 and is written once; ``run/state.json`` remembers the ports.
"""

import fcntl
import hashlib
import json
import logging
import os
import random
import secrets as token
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tg_assets.errors import TgAssetsError

# Outgoing connections take ports from 32768 on, so a server there fails now and then with "in use".
PORT_RANGE = range(15000, 32000)
# A unix socket's path is limited to 107 bytes by the kernel; PostgreSQL appends "/.s.PGSQL.12345.lock".
SOCKET_DIR_BYTES = 80
_log = logging.getLogger(__name__)
SECRET_NAMES = ("postgres", "tg_owner", "tg_app", "tg_dagster", "redis", "neo4j", "qdrant")


@dataclass(frozen=True)
class Layout:
    """Paths of one data directory, absolute."""

    root: Path

    @property
    def run(self) -> Path:
        """Pid records, ports and the lock."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One ``NAME.log`` per server."""
        return self.root / "logs"

    @property
    def objects(self) -> Path:
        """The object store of a laptop."""
        return self.root / "objects"

    def server(self, name: str) -> Path:
        """Data directory of one server."""
        return self.root / name

    def log(self, name: str) -> Path:
        """Log file of one server."""
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make the directories; the root is closed to other users."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in (self.run, self.logs, self.objects):
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise TgAssetsError(
                f"The data directory {self.root} cannot be made: {error}. Set TG_DATA_DIR to a writable directory."
            ) from error

    def socket_dir(self) -> Path:
        """A directory short enough for a unix socket, owned by this user."""
        if len(os.fsencode(self.run)) <= SOCKET_DIR_BYTES:
            return self.run
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"tg-assets-{os.geteuid()}-{digest}"
        path.mkdir(mode=0o700, exist_ok=True)
        if path.is_symlink() or path.stat().st_uid != os.geteuid():
            raise TgAssetsError(f"{path} belongs to another user. Remove it, or set TG_DATA_DIR to a shorter path.")
        return path

    def secrets(self) -> dict[str, str]:
        """Passwords of the servers; generated on first use."""
        path = self.root / "secrets.json"
        known = read_json(path)
        missing = [name for name in SECRET_NAMES if name not in known]
        if missing:
            known |= {name: token.token_urlsafe(24) for name in missing}
            write_json(path, known)
        return {name: str(value) for name, value in known.items()}

    def known_secrets(self) -> dict[str, str]:
        """Passwords already generated; empty before the first start."""
        return {name: str(value) for name, value in read_json(self.root / "secrets.json").items()}

    def ports(self) -> dict[str, int]:
        """Ports remembered from the last start."""
        ports = read_json(self.run / "state.json").get("ports", {})
        return {str(name): int(port) for name, port in ports.items()} if isinstance(ports, dict) else {}

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """Keep the ports, so that URLs stay the same from start to start."""
        write_json(self.run / "state.json", {"ports": self.ports() | dict(ports)})

    @contextmanager
    def lock(self, say: Callable[[str], None] | None = None) -> Iterator[None]:
        """Only one process changes what runs; another waits for it, and ``say`` is told (without one, the log is).

        However long it takes: the holder is alive, for the kernel takes a lock from the dead.
        """
        self.create()
        with (self.run / "lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read(20)
                who = f"Process {holder}" if holder else "Another process"
                (say or _log.warning)(f"{who} is starting or stopping servers in {self.root} and is waited for.")
                fcntl.flock(handle, fcntl.LOCK_EX)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield


def read_json(path: Path) -> dict[str, object]:
    """The object in a file; empty when there is no file."""
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TgAssetsError(f"{path} is not JSON ({error}). Restore it from a backup or remove it.") from error
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Replace a file at once, readable by its owner only."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:  # noqa: PTH123
            json.dump(value, handle, indent=1, sort_keys=True)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:  # noqa: PTH123
        handle.write(text)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(taken: set[int]) -> int:
    """A free loopback port outside the range of outgoing connections."""
    for _ in range(200):
        port = random.choice(PORT_RANGE)  # noqa: S311
        if port not in taken and port_is_free(port):
            return port
    raise TgAssetsError("No free port between 15000 and 32000 was found. Set TG_POSTGRES_PORT and its siblings.")
