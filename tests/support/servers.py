"""Real embedded servers for tests: ``start`` once, export what it returns, ``stop`` at the end."""

import json
import os
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tg_assets.backends import down, environment, up
from tg_assets.settings import Settings


def start(tmp_dir: Path) -> dict[str, str]:
    """Start every server in ``tmp_dir`` and return the variables that address them; again: reuse."""
    return dict(up(settings(tmp_dir)).environment)


def stop(tmp_dir: Path) -> None:
    """Stop them; the data stays."""
    down(settings(tmp_dir))


def hurry(tmp_dir: Path) -> None:
    """Let PostgreSQL not wait for the disk: tests kill processes, never the machine, and commit thousands of times."""
    password = json.loads((tmp_dir / "secrets.json").read_text("utf-8"))["postgres"]
    port = urlsplit(environment(settings(tmp_dir))["TG_POSTGRES_URL"]).port
    with closing(psycopg2.connect(host="127.0.0.1", port=port, user="postgres", password=password)) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute("ALTER SYSTEM SET fsync = off")
            cursor.execute("SELECT pg_reload_conf()")


def settings(tmp_dir: Path, **values: object) -> Settings:
    """Settings of a data directory as if no ``TG_*`` variable were set, so that tests never meet a person's servers."""
    unset = dict.fromkeys(("postgres_url", "postgres_owner_url", "redis_url", "neo4j_url", "qdrant_url"))
    unset["objects_url"] = None
    return Settings(**{**unset, **values, "data_dir": tmp_dir})  # type: ignore[arg-type]


def clean_environment() -> dict[str, str]:
    """This environment without ``TG_*``."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TG_")}
