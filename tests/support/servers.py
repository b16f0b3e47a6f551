"""Real embedded servers for tests: ``start`` once, export what it returns, ``stop`` at the end."""

import os
from pathlib import Path

from tg_assets.backends import down, up
from tg_assets.settings import Settings


def start(tmp_dir: Path) -> dict[str, str]:
    """Start every server in ``tmp_dir`` and return the variables that address them; again: reuse."""
    return dict(up(settings(tmp_dir)).environment)


def stop(tmp_dir: Path) -> None:
    """Stop them; the data stays."""
    down(settings(tmp_dir))


def settings(tmp_dir: Path, **values: object) -> Settings:
    """Settings of a data directory as if no ``TG_*`` variable were set, so that tests never meet a person's servers."""
    unset = dict.fromkeys(("postgres_url", "postgres_owner_url", "redis_url", "neo4j_url", "qdrant_url"))
    unset["objects_url"] = None
    return Settings(**{**unset, **values, "data_dir": tmp_dir})  # type: ignore[arg-type]


def clean_environment() -> dict[str, str]:
    """This environment without ``TG_*``."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TG_")}
