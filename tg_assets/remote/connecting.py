"""From a configured model to one that can be asked. What does not belong here: choosing the model."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import SecretStr

from tg_assets.errors import TgAssetsError, WrongSetting
from tg_assets.remote.budget import Budget
from tg_assets.remote.chat import Chat
from tg_assets.remote.config import RemoteModel
from tg_assets.stores.database import Database

if TYPE_CHECKING:
    from tg_assets.remote.guard import Clock, Guarded


def connect(
    model: RemoteModel,
    postgres: Database,
    tenant: UUID,
    environment: Mapping[str, str] = os.environ,
    clock: "Clock | None" = None,
) -> "Guarded":
    """A model guarded for one tenant. No request is made yet. Raises TgAssetsError when its key is not there, or what
    speaks with it is not installed."""
    key = None
    if model.key_env is not None:
        if not (value := environment.get(model.key_env, "").strip()):
            raise TgAssetsError(
                f"{model.name} needs a key, and the environment variable {model.key_env} is not set. "
                "Set it where Dagster's code server and its runs start."
            )
        key = SecretStr(value)
    budget = Budget(postgres, tenant, model.kind, model.model, model.daily_tokens)
    try:
        from tg_assets.remote.guard import Guarded

        return Guarded(_wire(model, key), model, budget, clock)
    except ModuleNotFoundError as error:
        raise WrongSetting(f"{model.name} needs the extra models: `.venv/bin/uv pip install '.[models]'`.") from error


def _wire(model: RemoteModel, key: SecretStr | None) -> Chat:
    """The client is imported here: it takes seconds, and most processes never ask anything."""
    if model.kind == "gigachat":
        from tg_assets.remote.gigachat import GigaChatWire

        return GigaChatWire(model, key)
    from tg_assets.remote.openai import OpenAIWire

    return OpenAIWire(model, key)
