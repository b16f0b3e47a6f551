"""The embedder as a Dagster resource."""

from dagster import ConfigurableResource

from tg_assets.embedder import PROVIDERS, Embedder
from tg_assets.errors import TgAssetsError


class EmbedderResource(ConfigurableResource):  # type: ignore[type-arg]
    """Chooses the embedder by name; the model itself is loaded once per process, on first use."""

    provider: str = "use"

    def get(self) -> Embedder:
        """The embedder; ``TgAssetsError`` when the provider's name is not known."""
        if self.provider not in PROVIDERS:
            raise TgAssetsError(
                f"There is no embedder {self.provider!r}; set TG_EMBEDDER to one of {', '.join(sorted(PROVIDERS))}."
            )
        return PROVIDERS[self.provider]()
