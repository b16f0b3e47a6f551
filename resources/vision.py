"""Who looks at a tenant's pictures, as a Dagster resource: chosen by the models file, built when a run first needs it.

What does not belong here: providers themselves (``tg_assets.vision``); a test passes its own by subclassing
``for_tenant``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr, ValidationError

from resources.connections import Connections
from tg_assets.albums.written import Writer
from tg_assets.errors import TgAssetsError
from tg_assets.remote.config import load_models
from tg_assets.remote.price import Price
from tg_assets.settings import Settings
from tg_assets.stores.database import Database
from tg_assets.vision.policy import Policy
from tg_assets.vision.provider import VisionProvider

LOCAL_PACE = 2.0
"""Pictures a second of the local provider on two cores, for a dry run."""


@dataclass(frozen=True, slots=True)
class TenantVision:
    """A tenant's provider and policy, and what a picture costs; no price means that it is here.

    ``pace`` is pictures a second, if it is known.
    """

    provider: VisionProvider
    policy: Policy
    tokens_per_picture: int = 0
    price: Price | None = None
    pace: float | None = None
    writer: Writer | None = None
    """Sums up albums; None where that is done without a model."""


class VisionResource(ConfigurableResource["VisionResource"]):
    """The providers of all tenants; the same objects for as long as this resource lives, so engines load once.

    ``models_file`` is the models file; empty means the one that ``TG_MODELS`` names.
    """

    models_file: str = ""

    _built: dict[str, TenantVision] = PrivateAttr(default_factory=dict)
    _local: VisionProvider | None = PrivateAttr(default=None)
    _connections: Connections = PrivateAttr(default_factory=Connections)

    def for_tenant(self, tenant: str, database: Database, settings: Settings) -> TenantVision:
        """Who looks at the pictures of the tenant with this slug; ``database`` counts what models elsewhere are asked.

        Raises TgAssetsError for an unusable models file.
        """
        if tenant not in self._built:
            self._built[tenant] = self._make(tenant, database, settings)
        return self._built[tenant]

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Let go of connections when a run ends."""
        self.close()

    def close(self) -> None:
        """Let go of connections to models elsewhere; a later call makes them anew."""
        self._built.clear()
        self._connections.close()

    def local(self) -> VisionProvider:
        """The built-in provider."""
        if self._local is None:
            from tg_assets.vision.local import LocalVision

            self._local = LocalVision()
        return self._local

    def _make(self, tenant: str, database: Database, settings: Settings) -> TenantVision:
        path = Path(self.models_file) if self.models_file else settings.models
        models = load_models(path).for_tenant(tenant)
        policy = policy_of(tenant, models.policy)
        writer = None
        if models.albums is not None:
            chat = self._connections.connect(tenant, models.albums, database)
            writer = Writer(chat, models.albums.name, models.albums.price)
        if models.vision is None:
            return TenantVision(self.local(), policy, pace=LOCAL_PACE, writer=writer)
        from tg_assets.vision.prepare import prepare
        from tg_assets.vision.remote import RemoteVision

        provider = RemoteVision(self._connections.connect(tenant, models.vision, database), models.vision, prepare)
        return TenantVision(
            provider,
            policy,
            provider.tokens_per_picture,
            models.vision.price,
            models.vision.requests_per_minute / 60,
            writer,
        )


def policy_of(tenant: str, given: dict[str, Any]) -> Policy:
    """A tenant's policy out of the models file. Raises TgAssetsError that names the key."""
    try:
        return Policy.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise TgAssetsError(f"The policy of {tenant} in the models file is not usable: {key}: {message}.") from None
