"""What every backend module is given, and the shape it has.

A backend is one embedded server: its ports, how its data directory is prepared and its process run, what is
done once it answers, and the variables that address it. What does not belong here: starting processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_assets.backends.layout import Layout
from tg_assets.backends.service import Service


class ServerOptions(BaseSettings):
    """``TG_*`` variables about embedded servers only: fixed ports and chosen binaries."""

    model_config = SettingsConfigDict(env_prefix="TG_", extra="ignore", frozen=True)

    postgres_bin: Path | None = None
    """Directory with ``postgres`` and ``initdb``."""
    redis_bin: Path | None = None
    """A ``redis-server`` or ``valkey-server`` executable, or the directory that holds one."""
    postgres_port: int | None = Field(default=None, ge=1, le=65535)
    redis_port: int | None = Field(default=None, ge=1, le=65535)
    neo4j_port: int | None = Field(default=None, ge=1, le=65535)
    qdrant_port: int | None = Field(default=None, ge=1, le=65535)
    dagster_port: int | None = Field(default=None, ge=1, le=65535)
    """Of Dagster's webserver."""
    code_server_port: int | None = Field(default=None, ge=1, le=65535)

    def fixed_port(self, name: str) -> int | None:
        """The port a person chose, if any."""
        value = getattr(self, f"{name}_port", None)
        return value if isinstance(value, int) else None


@dataclass(frozen=True)
class Context:
    """Everything a backend needs to run: its paths, passwords, ports and options."""

    layout: Layout
    secrets: Mapping[str, str]
    ports: Mapping[str, int]
    options: ServerOptions


class Backend(Protocol):
    """One embedded server."""

    @property
    def name(self) -> str:
        """Name of its process, log and data directory."""
        ...

    @property
    def port_names(self) -> tuple[str, ...]:
        """Ports it listens on; the first is the one clients use."""
        ...

    @property
    def default_port(self) -> int:
        """Where such a server listens when its address does not say it."""
        ...

    @property
    def variable(self) -> str:
        """The variable that, set to another server by a person, means: do not start this one."""
        ...

    @property
    def concerns(self) -> tuple[str, ...]:
        """Variables, beside those of its ports, that say how to run it."""
        ...

    def service(self, context: Context) -> Service:
        """Prepare the data directory and say how to run the process."""
        ...

    def ready(self, context: Context) -> bool:
        """Whether it answers to our password; raises what waiting cannot mend."""
        ...

    def finish(self, context: Context) -> None:
        """What a fresh server needs once it answers; done again on every start, so it is idempotent."""
        ...

    def environment(self, context: Context) -> dict[str, str]:
        """Variables that address it."""
        ...
