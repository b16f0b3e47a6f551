"""Who tags a tenant's posts, as a Dagster resource: chosen by the models file, built when a run first needs it.

What does not belong here: taggers themselves (``tg_assets.tagging``); a test passes its own by subclassing
``for_tenant``.
"""

from dataclasses import dataclass
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from resources.connections import Connections
from tg_assets.embedder import Embedder
from tg_assets.remote.config import RemoteModel, load_models
from tg_assets.remote.price import Price
from tg_assets.settings import Settings
from tg_assets.stores.database import Database
from tg_assets.tagging.tagger import LocalTagger, Tagger
from tg_assets.workers import shared


@dataclass(frozen=True, slots=True)
class TenantTagger:
    """A tenant's tagger, and its price unless it is here. ``pace`` is posts a second, if it is known."""

    tagger: Tagger
    price: Price | None = None
    pace: float | None = None


class TaggerResource(ConfigurableResource["TaggerResource"]):
    """The taggers of all tenants; those elsewhere are the same objects for as long as this resource lives.

    ``models_file`` is the models file and ``taxonomy`` the file of topics; empty means those that ``TG_MODELS`` and
    ``TG_TAXONOMY`` name.
    """

    models_file: str = ""
    taxonomy: str = ""

    _elsewhere: dict[str, TenantTagger | None] = PrivateAttr(default_factory=dict)
    _connections: Connections = PrivateAttr(default_factory=Connections)

    def for_tenant(self, tenant: str, embedder: Embedder, database: Database, settings: Settings) -> TenantTagger:
        """Who tags the posts of the tenant with this slug; topics are compared by ``embedder``.

        ``database`` counts what models elsewhere are asked.

        Raises ``TgAssetsError`` when the models file or the taxonomy cannot be used.
        """
        if tenant not in self._elsewhere:
            path = Path(self.models_file) if self.models_file else settings.models
            model = load_models(path).for_tenant(tenant).tags
            self._elsewhere[tenant] = self._remote(tenant, model, database) if model else None
        return self._elsewhere[tenant] or TenantTagger(self.local(embedder, settings))

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Let go of connections when a run ends."""
        self.close()

    def close(self) -> None:
        """Let go of connections to models elsewhere; a later call makes them anew."""
        self._elsewhere.clear()
        self._connections.close()

    def local(self, embedder: Embedder, settings: Settings) -> LocalTagger:
        """The built-in tagger."""
        taxonomy = Path(self.taxonomy) if self.taxonomy else settings.taxonomy
        return LocalTagger(embedder, taxonomy, workers=shared(settings.workers))

    def _remote(self, tenant: str, model: RemoteModel, database: Database) -> TenantTagger:
        from tg_assets.tagging.remote import RemoteTagger

        chat = self._connections.connect(tenant, model, database)
        tagger = RemoteTagger(chat, name=model.kind, model=model.model)
        pace = model.requests_per_minute / 60 * tagger.chunk_size
        return TenantTagger(tagger, model.price, pace)
