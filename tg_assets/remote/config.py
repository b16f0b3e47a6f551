"""Which remote model does what for whom: one TOML file, validated, without any secret in it.

``[default.vision]``, ``.tags``, ``.albums`` and ``.answers`` hold for every tenant, ``[tenants.<slug>.vision]`` and
so on instead of them for one; a table that is not there means the built-in way, and ``vision = "local"`` takes a
tenant back to it. ``[….policy]`` is passed through, a tenant's keys over the default's. What does not belong here:
keys (a table names the environment variable that holds one) and connections.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tg_assets.errors import TgAssetsError
from tg_assets.remote.price import Price


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user, password or query; the key comes from the variable that key_env names")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]


class RemoteModel(BaseModel):
    """A model at a provider, and how much and how fast it may be asked. Rates are of one process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["openai", "gigachat"]
    """The wire: any OpenAI-compatible endpoint, or GigaChat."""
    model: str = Field(min_length=1, max_length=200, pattern=r"^[^\s@]+$")
    url: Address | None = None
    """The API's address up to ``/v1``; the provider's own when absent."""
    auth_url: Address | None = None
    """Where GigaChat gives out tokens; Sber's own when absent."""
    scope: str = "GIGACHAT_API_PERS"
    """GigaChat's kind of contract."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    """Name of the environment variable that holds the key; absent for a server of one's own that wants none."""
    requests_per_minute: float = Field(default=60, gt=0)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_seconds: float = Field(default=60, gt=0)
    attempts: int = Field(default=3, ge=1, le=10)
    """How often one question is sent at most."""
    daily_tokens: int = Field(gt=0)
    """Tokens that a tenant may spend on this model in a day of UTC, over all processes."""
    price_per_1000_tokens: float = Field(default=0, ge=0, allow_inf_nan=False)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    picture_side: int = Field(default=1024, ge=64, le=4096)
    """Longer side of a picture as it is sent, in pixels."""
    tokens_per_picture: int | None = Field(default=None, gt=0)
    """What a picture costs at this model when the usual way of counting (``estimate``) does not fit it."""
    max_reply_tokens: int = Field(default=1000, ge=16)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.key_env is None and (self.url is None or self.kind == "gigachat"):
            raise ValueError("key_env is missing: name the environment variable that holds the key")
        return self

    @property
    def name(self) -> str:
        """Provider and model, as a person reads them."""
        return f"{self.kind}/{self.model}"

    @property
    def price(self) -> Price:
        """What its tokens cost."""
        return Price(self.price_per_1000_tokens, self.currency)


def _table(value: object) -> object:
    if isinstance(value, dict | RemoteModel) or value in ("local", None):
        return value
    raise ValueError('must be a table, or "local"')


Choice = Annotated[RemoteModel | Literal["local"] | None, BeforeValidator(_table)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    vision: Choice = None
    tags: Choice = None
    albums: Choice = None
    answers: Choice = None
    policy: dict[str, Any] = {}


class TenantModels(BaseModel):
    """A tenant's remote models; None means the built-in way."""

    model_config = ConfigDict(frozen=True)

    vision: RemoteModel | None = None
    tags: RemoteModel | None = None
    albums: RemoteModel | None = None
    answers: RemoteModel | None = None
    """Writes answers out of a context; None means that nobody does."""
    policy: dict[str, Any] = {}


class Models(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    default: _Section = _Section()
    tenants: dict[Slug, _Section] = {}

    def for_tenant(self, slug: str) -> TenantModels:
        """What holds for a tenant: its own table, or else the default's."""
        own = self.tenants.get(slug, _Section())

        def chosen(purpose: str) -> RemoteModel | None:
            choice: Choice = getattr(own, purpose) or getattr(self.default, purpose)
            return choice if isinstance(choice, RemoteModel) else None

        return TenantModels(
            vision=chosen("vision"),
            tags=chosen("tags"),
            albums=chosen("albums"),
            answers=chosen("answers"),
            policy={**self.default.policy, **own.policy},
        )


def load_models(path: Path | None) -> Models:
    """Read the file; without one everything is local. Raises TgAssetsError that names the key, never its value."""
    if path is None:
        return Models()
    try:
        with path.expanduser().open("rb") as file:
            return Models.model_validate(tomllib.load(file))
    except OSError as error:
        raise TgAssetsError(f"The models file {path} (TG_MODELS) cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise TgAssetsError(f"The models file {path} (TG_MODELS) is not TOML: {where}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        parts = (str(part) for part in first["loc"])
        key = ".".join(part for part in parts if part != "RemoteModel" and re.fullmatch(r"[\w-]+", part))
        message = first["msg"].removeprefix("Value error, ")
        raise TgAssetsError(f"The models file {path} (TG_MODELS) is not usable: {key}: {message}.") from None
