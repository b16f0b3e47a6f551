"""The embedded PostgreSQL: cluster, roles, databases; it is prepared and described here, run by ``service``.

Roles: ``postgres`` (superuser, used by this module only), ``tg_owner`` (owns database ``tg_assets``; migrations),
``tg_app`` (the application: owns nothing, no superuser, no BYPASSRLS), ``tg_dagster`` (owns ``dagster``).
Every connection needs a SCRAM password. What does not belong here: tables and grants on them (migrations).
"""

import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tg_assets.backends import postgres_binaries
from tg_assets.backends.context import Context
from tg_assets.backends.layout import write_private
from tg_assets.backends.postgres_binaries import Identity
from tg_assets.backends.probes import PROBE_SECONDS
from tg_assets.backends.service import STILL_SECONDS, Running, Service, stop
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from psycopg2.extensions import connection

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement or a duplicate key would put message text into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
STOP_SIGNAL = signal.SIGINT  # fast shutdown: clients are cut off, data is written
STOP_SECONDS = 30.0
LIMITED = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
DATABASES = {"tg_assets": "tg_owner", "dagster": "tg_dagster"}


class PostgresBackend:
    """PostgreSQL on loopback and a unix socket."""

    name = "postgres"
    port_names = ("postgres",)
    variable = "TG_POSTGRES_URL"
    default_port = 5432
    concerns: tuple[str, ...] = ("TG_POSTGRES_BIN",)

    def service(self, context: Context) -> Service:
        """Make the cluster on first use, clear a stale lock file, and say how to run the postmaster."""
        data = context.layout.server(self.name)
        who = postgres_binaries.identity()
        version_file = data / "PG_VERSION"
        wanted = int(version_file.read_text()) if version_file.exists() else None
        found = postgres_binaries.find(context.options.postgres_bin, wanted)
        binaries = postgres_binaries.readable_by(found, who, context.layout.root / "postgres-binaries")
        if wanted is None:
            _initialise(context, binaries, who, data)
        _give(data, who)
        _clear_stale_lock(context, data)
        sockets = context.layout.socket_dir()
        settings = OPTIONS | {"port": str(context.ports["postgres"]), "unix_socket_directories": str(sockets)}
        if who.uid is not None:
            settings["unix_socket_directories"] = ""
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Service(
            name=self.name,
            concerns=self.concerns,
            argv=(*who.prefix, str(binaries / "postgres"), "-D", str(data), *arguments),
            cwd=data,
            ready=lambda: self.ready(context),
            stop_signal=STOP_SIGNAL,
            stop_seconds=STOP_SECONDS,
            awaited=f"an answer on port {context.ports['postgres']}",
            uid=who.uid,
        )

    def ready(self, context: Context) -> bool:
        """Whether it answers to our password."""
        return _ready(context)

    def finish(self, context: Context) -> None:
        """Roles, databases and the right to connect."""
        secrets = context.secrets
        with closing(_connect(context, "postgres", STILL_SECONDS)) as link, link.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles UNION ALL SELECT datname FROM pg_database")
            present = {row[0] for row in cursor.fetchall()}
            for role in ("tg_owner", "tg_app", "tg_dagster"):
                if role not in present:
                    cursor.execute(f"CREATE ROLE {role} {LIMITED} PASSWORD %s", (secrets[role],))
            for database, owner in DATABASES.items():
                if database not in present:
                    cursor.execute(f"CREATE DATABASE {database} OWNER {owner}")
                cursor.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
            cursor.execute("GRANT CONNECT, TEMPORARY ON DATABASE tg_assets TO tg_app")

    def environment(self, context: Context) -> dict[str, str]:
        """The application's, the owner's and Dagster's URL; each names its driver."""

        def url(role: str, database: str) -> str:
            address = f"127.0.0.1:{context.ports['postgres']}"
            return f"postgresql+psycopg2://{role}:{context.secrets[role]}@{address}/{database}"

        return {
            self.variable: url("tg_app", "tg_assets"),
            "TG_POSTGRES_OWNER_URL": url("tg_owner", "tg_assets"),
            "TG_DAGSTER_POSTGRES_URL": url("tg_dagster", "dagster"),
        }


def _initialise(context: Context, binaries: Path, who: Identity, data: Path) -> None:
    """``initdb`` beside the final place, so that an interrupted one leaves nothing that looks finished."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = context.layout.run / "initdb.password"
    write_private(password, context.secrets["postgres"])
    if who.uid is not None:
        os.chown(fresh, who.uid, who.uid)
        os.chown(password, who.uid, who.uid)
        _open_path(context)
    command = [
        *who.prefix,
        str(binaries / "initdb"),
        f"--pgdata={fresh}",
        "--username=postgres",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--locale=C.UTF-8",
        "--encoding=UTF8",
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=fresh,
            user=who.uid,
            group=who.uid,
            extra_groups=None if who.uid is None else [],
        )
    finally:
        password.unlink()
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise TgAssetsError(f"PostgreSQL's initdb could not make a cluster in {fresh}:\n  {said}")
    if data.exists():
        data.rmdir()
    fresh.rename(data)


def _open_path(context: Context) -> None:
    """Let another user pass through (not list) our own directories on the way to the cluster."""
    for path in (context.layout.root, context.layout.run):
        path.chmod(0o711)


def _give(data: Path, who: Identity) -> None:
    """Own the cluster as the user who runs it; it differs after namespaces became allowed or forbidden."""
    if os.geteuid() == 0 and data.stat().st_uid != who.owner:
        for directory, _, files in os.walk(data):
            os.chown(directory, who.owner, who.owner)
            for file in files:
                os.chown(Path(directory) / file, who.owner, who.owner, follow_symlinks=False)


def _clear_stale_lock(context: Context, data: Path) -> None:
    """Remove ``postmaster.pid`` of a server that is gone.

    PostgreSQL keeps away when *any* process has that pid; in a restarted container low pids are soon used again.
    A postmaster that really runs on this directory, unknown to us, is shut down.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split()[0])
        process = psutil.Process(pid)
        ours = "postgres" in process.name() and Path(process.cwd()) == data
    except (FileNotFoundError, psutil.AccessDenied):
        return
    except (ValueError, IndexError, psutil.NoSuchProcess):
        ours = False
    if ours:
        stop(context.layout, Running("postgres", pid, STOP_SIGNAL, STOP_SECONDS))
    else:
        lock.unlink(missing_ok=True)


def _connect(context: Context, database: str, seconds: float = PROBE_SECONDS) -> "connection":
    import psycopg2

    link = psycopg2.connect(
        host="127.0.0.1",
        port=context.ports["postgres"],
        user="postgres",
        password=context.secrets["postgres"],
        dbname=database,
        connect_timeout=int(seconds),
    )
    link.autocommit = True
    return link


def _ready(context: Context) -> bool:
    import psycopg2

    try:
        _connect(context, "postgres").close()
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            raise TgAssetsError(
                "PostgreSQL refuses the password in secrets.json: the cluster was made with another one. Restore "
                f"that file, or move {context.layout.server('postgres')} away to begin with an empty cluster."
            ) from None
        return False
    return True
