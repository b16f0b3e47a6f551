"""Settings: what a deployment chooses, read from ``TG_*`` environment variables and validated once.

The application knows its servers by URL only. ``tg-assets up`` starts embedded servers and writes the same
variables; pointing them at other servers is the whole difference between a laptop and production.
Secrets are ``SecretStr``: they never show in a repr. What does not belong here: reading the environment at
import time.
"""

import os
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.desktop_media import MediaKind
from tg_assets.telegram.off_limits import OffLimits

# Dagster keeps 100,000 partitions per asset usable (its partitioning guide); feeds x windows must fit.
PARTITION_BUDGET = 100_000

MEDIA_KINDS: tuple[str, ...] = get_args(MediaKind)

# How addresses begin, and one to copy; the scheme may name a driver or encryption after a plus.
ADDRESSES = {
    "postgres_url": (("postgresql",), "postgresql+psycopg2://tg_app:…@host:5432/tg_assets"),
    "postgres_owner_url": (("postgresql",), "postgresql+psycopg2://owner:…@host:5432/tg_assets"),
    "dagster_postgres_url": (("postgresql",), "postgresql+psycopg2://tg_dagster:…@host:5432/dagster"),
    "redis_url": (("redis", "rediss", "unix"), "redis://:…@host:6379/0"),
    "neo4j_url": (("bolt", "neo4j"), "bolt://neo4j:…@host:7687"),
    "qdrant_url": (("http", "https"), "http://host:6333"),
    "dagster_url": (("http", "https"), "http://host:3000"),
    "alert_webhook": (("http", "https"), "https://host/path"),
    "rerank_url": (("http", "https"), "https://host/v1/rerank"),
}


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
    embedder: str = "use"
    """Who makes vectors of texts, a name of ``embedder.PROVIDERS``; an index is of another one until it is rebuilt."""
    objects_url: str | None = None
    """``file:///dir`` or ``s3://bucket/prefix``."""
    dagster_url: str | None = None
    """Address of the Dagster webserver, for the command line."""
    log_format: Literal["text", "json"] = "text"
    """How lines of logs look: those of runs, of Dagster's processes, of ``listen`` and ``metrics``."""
    start_date: date = date(2018, 1, 1)
    """First day that partitions cover, UTC."""
    grain: Grain = Grain.day
    workers: int = Field(default=0, ge=0, le=256)
    """Processes in which a run works on texts; 0: one for each processor that it may use."""
    stream_shards: int = Field(default=1, ge=1, le=64)
    """Streams of the same kind; a chat's events are always in the same one."""
    stream_high_water: int = Field(default=200_000, ge=1)
    """Unhandled entries of a stream from which on producers wait."""
    stream_keep: str = Field(default="1d,100000", pattern=r"^[0-9]{1,9}[smhd],[0-9]{1,12}$")
    """How long a stream keeps what every group has acknowledged, and how many entries at most."""
    embeddings_keep: str = Field(default="90d,250000", pattern=r"^[0-9]{1,5}d,[0-9]{1,12}$")
    """How long a tenant's cache keeps vectors that nobody uses, and how many at most; each takes about 2.7 kB."""
    rerank_url: SecretStr | None = None
    """``https://host/v1/rerank`` of a model that puts the first results of a search in order once more; off without."""
    rerank_model: str = ""
    """Its name there."""
    rerank_key: SecretStr | None = None
    rerank_first: int = Field(default=30, ge=1, le=100)
    """Results that it is shown: their texts are sent to it."""
    rerank_seconds: float = Field(default=3.0, gt=0)
    """How long a search waits for it, then the order stays."""
    event_log_keep: int = Field(default=30, ge=1)
    """Days for which Dagster keeps how runs went, and what it was told of a partition before the last time."""
    runs_keep: int = Field(default=90, ge=1)
    """Days for which it keeps runs themselves, except those that made what is there now."""
    metrics_port: int = Field(default=8001, ge=1, le=65_535)
    """Where ``tg-assets metrics`` answers, on the loopback address unless it is told another."""
    serve: bool = True
    """Whether ``tg-assets up`` starts the page, the API and the MCP server."""
    serve_port: int = Field(default=8002, ge=1, le=65_535)
    """Where ``tg-assets serve`` answers, on the loopback address unless it is told another."""
    serve_processes: int = Field(default=2, ge=1, le=64)
    """How many processes answer there."""
    serve_hosts: str = ""
    """Names by which it is reached besides localhost, separated by commas; a name may have a port."""
    serve_rate: str = Field(default="1200/minute", pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour)$")
    """How often a token may ask; each process counts for itself."""
    alert_webhook: SecretStr | None = None
    """``https://host/path`` that is told of failed runs and of what stands still, as Alertmanager tells receivers."""
    alert_secret: SecretStr | None = None
    """Signs what is sent there (https://www.standardwebhooks.com), at least 16 characters."""
    webhook_hosts: str = ""
    """Hosts, separated by commas, that saved questions may be told to although their address is private or has no TLS;
    a host may have a port."""
    gap_backfill: Literal["suggest", "auto"] = "suggest"
    """What the sensor ``find_gaps`` does about unknown message ids: say what fills them, or request it."""
    telegram_api_id: int | None = None
    """Of the application as which accounts log in: my.telegram.org."""
    telegram_api_hash: SecretStr | None = None
    telegram_server: str | None = Field(default=None, pattern=r"^[1-9]@[^@]+:[0-9]+$")
    """``2@127.0.0.1:12345`` (data centre, host, port) for a server that is not Telegram's; used by ``login`` only."""
    telegram_server_key: Path | None = None
    """PEM file with the public key of such a server."""
    session_key: SecretStr | None = None
    """Encrypts sessions of accounts; several, separated by commas, while keys are being exchanged: the first is new."""
    session_key_file: Path | None = None
    """File that holds it; default ``session.key`` in the data directory, made by the first ``login``."""
    flood_limit_seconds: int = Field(default=3600, ge=1)
    """A wait that Telegram asks for is slept through up to this long; a longer one ends the run with a sentence."""
    telegram_patience_seconds: int = Field(default=300, ge=0)
    """How long errors of Telegram's own servers are waited out before a request is given up."""
    never_read: str = ""
    """Chats that are never read besides those with login codes: ids or ``@usernames``, separated by commas."""
    comments: bool = False
    """Whether a channel's linked discussion is followed with it."""
    media_download: bool = True
    """Whether ``media_objects`` asks Telegram for files that are not stored."""
    media_max_bytes: int = Field(default=50 * 1024 * 1024, ge=0)
    """Files that are larger are left at Telegram, whatever their kind."""
    media_kinds: str = "photo,video,animation,audio,voice,video_note,document"
    """Kinds of media whose files are downloaded, separated by commas; ``all`` is these and ``sticker``."""

    album_summary: Literal["weighted", "best-of"] = "weighted"
    """How an album's description is made of its pictures'."""
    taxonomy: Path | None = None
    """TOML file of topics for tags; without it the shipped one."""
    models: Path | None = None
    """TOML file that says which tenant's pictures, tags and albums go to which model; without it all is local."""
    speech_model: Path | None = None
    """Directory of a Whisper model for CTranslate2 that hears voice notes; without it the one of the extra."""
    clip: Path | None = None
    """Folder with a model that understands pictures and words alike (docs/models.md); without it there is none."""
    album_quiet_seconds: float = Field(default=5.0, ge=0)
    """How long after its last message a live album is taken to be whole."""

    listen_save_seconds: float = Field(default=5.0, gt=0)
    """How often ``listen`` saves its place in an account's updates, and how much a killed one hears again."""
    listen_refetch_seconds: float = Field(default=3.0, ge=0)
    """How long it collects messages whose reactions or counters changed before it asks for them."""
    listen_unresolved_seconds: float = Field(default=300.0, ge=0)
    """How long it looks for the chat of a deleted message that Telegram does not name."""
    listen_check_seconds: float = Field(default=60.0, gt=0)
    """How often it reads which chats are followed, and looks for those that are suspiciously silent."""
    listen_silence_seconds: float = Field(default=600.0, ge=0)
    """Silence of a chat that is never suspicious."""
    listen_silence_factor: float = Field(default=3.0, ge=0)
    """How many times a chat's usual pause (95 of 100 of its last pauses are shorter) is suspicious silence."""
    listen_grace_seconds: float = Field(default=2.0, ge=0)
    """How late an update may be before the chat counts as deaf."""
    listen_most_missing: int = Field(default=1000, ge=1)
    """Messages of a chat that it fetches after a gap; a backfill brings older ones."""
    listen_status_seconds: float = Field(default=60.0, gt=0)
    """How often it says how it goes when nobody watches."""

    @cached_property
    def state_dir(self) -> Path:
        """Directory of embedded servers' data, absolute."""
        return self.data_dir.expanduser().resolve()

    @field_validator(*ADDRESSES)
    @classmethod
    def _an_address(cls, value: SecretStr | str | None, info: ValidationInfo) -> SecretStr | str | None:
        if value is not None:
            schemes, example = ADDRESSES[str(info.field_name)]
            try:
                parts = urlsplit(value.get_secret_value() if isinstance(value, SecretStr) else value)
                scheme = parts.scheme.partition("+")[0]
                local = scheme in ("postgresql", "unix")  # these may mean a socket of this machine
                good = scheme in schemes and (local or bool(parts.hostname)) and parts.port != 0
            except ValueError:  # brackets, a port that is no number
                good = False
            if not good:
                raise ValueError(f"write it like {example}")
        return value

    @field_validator("alert_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("it has fewer than 16 characters; `openssl rand -hex 32` makes one")
        return value

    @field_validator("media_kinds")
    @classmethod
    def _known_kinds(cls, value: str) -> str:
        unknown = _parts(value) - {"all", *MEDIA_KINDS}
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))} is none of all, {', '.join(MEDIA_KINDS)}")
        return value

    @field_validator("never_read")
    @classmethod
    def _named_chats(cls, value: str) -> str:
        OffLimits.of(_parts(value))
        return value

    @cached_property
    def named_hosts(self) -> frozenset[str]:
        """Names by which the service is reached besides localhost."""
        return _parts(self.serve_hosts)

    @cached_property
    def trusted_hosts(self) -> frozenset[str]:
        """Hosts that holders of tokens may have told, whatever their address."""
        return _parts(self.webhook_hosts.lower())

    @cached_property
    def off_limits(self) -> OffLimits:
        """Chats that are never read."""
        return OffLimits.of(_parts(self.never_read))

    @cached_property
    def wanted_kinds(self) -> frozenset[str]:
        """Kinds of media whose files are downloaded."""
        kinds = _parts(self.media_kinds)
        return frozenset(MEDIA_KINDS) if "all" in kinds else kinds

    def absent(self, what: str) -> str:
        """``what`` is not here, where it was looked for, and what to do; without the full stop."""
        place = "" if "data_dir" in self.model_fields_set else " (TG_DATA_DIR is not set, so this folder's)"
        return (
            f"{what} in {self.state_dir}{place}. If the installation is elsewhere, name its .tg-assets in TG_DATA_DIR; "
            "otherwise run `tg-assets up`"
        )

    def require(self, name: str) -> str:
        """The value of a URL setting; raises with what to do when it is not set."""
        value = getattr(self, name)
        if value is None:
            missing = self.absent(f"TG_{name.upper()} is not set, and no server for it was started")
            raise TgAssetsError(f"{missing}, or set TG_{name.upper()} to the address of your own server.")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _parts(value: str) -> frozenset[str]:
    return frozenset(filter(None, (one.strip() for one in value.split(","))))


def load_settings() -> Settings:
    """Read the environment; a bad value is a sentence, not a traceback."""
    given = os.environ.get("TG_DATA_DIR")
    directory = None if given and Path(given).is_absolute() else Path.cwd()  # of which nothing else is made
    try:
        return _of(tuple(os.environ.items()), directory).model_copy()  # what is worked out of one is not another's
    except ValidationError as error:
        raise not_usable(error) from None


@lru_cache(maxsize=1)
def _of(_environment: tuple[tuple[str, str], ...], _directory: Path | None) -> Settings:
    """Settings of an environment and a current directory: to read them takes 5 ms, to compare these takes 0.05."""
    return Settings()


def not_usable(error: ValidationError) -> TgAssetsError:
    """Which variable cannot be used and why; its value is told unless it may hold a secret."""
    first = error.errors()[0]
    name = f"TG_{'_'.join(str(part) for part in first['loc'])}".upper()
    secret = name.endswith(("_URL", "_KEY", "_HASH", "_WEBHOOK", "_SECRET"))
    shown = "" if secret else f"={os.environ.get(name, '')!r}"
    return TgAssetsError(f"{name}{shown} is not usable: {first['msg'].removeprefix('Value error, ')}.")
