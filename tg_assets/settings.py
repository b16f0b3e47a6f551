"""Settings: what a deployment chooses, read from ``TG_*`` environment variables and validated once.

The application knows its servers by URL only. ``tg-assets up`` starts embedded servers and writes the same
variables; pointing them at other servers is the whole difference between a laptop and production.
Secrets are ``SecretStr``: they never show in a repr. What does not belong here: reading the environment at
import time.
"""

import os
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_assets.errors import TgAssetsError

# Dagster keeps 100,000 partitions per asset usable (its partitioning guide); feeds x windows must fit.
PARTITION_BUDGET = 100_000


class Grain(StrEnum):
    """Length of a partition's date window; chosen once per deployment."""

    day = "day"
    week = "week"
    month = "month"


class Settings(BaseSettings):
    """Values of ``TG_*`` variables. URLs are absent until servers are known (``require`` names the missing)."""

    model_config = SettingsConfigDict(env_prefix="TG_", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path.cwd() / ".tg-assets")
    postgres_url: SecretStr | None = None
    """Application role: not owner, not superuser. ``postgresql+psycopg2://…``."""
    postgres_owner_url: SecretStr | None = None
    """Owner of the tables; used by migrations only."""
    dagster_postgres_url: SecretStr | None = None
    """Dagster's own database."""
    redis_url: SecretStr | None = None
    neo4j_url: SecretStr | None = None
    """``bolt://user:password@host:port``."""
    qdrant_url: SecretStr | None = None
    qdrant_api_key: SecretStr | None = None
    objects_url: str | None = None
    """``file:///dir`` or ``s3://bucket/prefix``."""
    dagster_url: str | None = None
    """Address of the Dagster webserver, for the command line."""
    start_date: date = date(2018, 1, 1)
    """First day that partitions cover, UTC."""
    grain: Grain = Grain.day
    stream_shards: int = Field(default=1, ge=1, le=64)
    """Streams of the same kind; a chat's events are always in the same one."""
    stream_high_water: int = Field(default=200_000, ge=1)
    """Unhandled entries of a stream from which on producers wait."""
    gap_backfill: Literal["suggest", "auto"] = "suggest"
    """What the sensor ``find_gaps`` does about unknown message ids: say what fills them, or request it."""

    @cached_property
    def state_dir(self) -> Path:
        """Directory of embedded servers' data, absolute."""
        return self.data_dir.expanduser().resolve()

    def require(self, name: str) -> str:
        """The value of a URL setting; raises with what to do when it is not set."""
        value = getattr(self, name)
        if value is None:
            raise TgAssetsError(
                f'TG_{name.upper()} is not set. Run `tg-assets up` and then `eval "$(tg-assets env)"`, '
                "or set it to the address of your own server."
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def load_settings() -> Settings:
    """Read the environment; a bad value is a sentence, not a traceback."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"TG_{'_'.join(str(part) for part in first['loc'])}".upper()
        shown = "" if name.endswith(("_URL", "_KEY")) else f"={os.environ.get(name, '')!r}"  # a URL may hold a password
        raise TgAssetsError(f"{name}{shown} is not usable: {first['msg']}.") from None
