"""The vision provider as a Dagster resource: which one a deployment uses, built when a run first needs it.

What does not belong here: providers themselves (``tg_assets.vision``);
a test passes its own by subclassing ``get``.
"""

from dagster import ConfigurableResource
from pydantic import PrivateAttr, field_validator

from tg_assets.vision.provider import VisionProvider

PROVIDERS = ("local",)


class VisionResource(ConfigurableResource[VisionProvider]):
    """``provider``: ``local`` (rules and Tesseract, no network)."""

    provider: str = "local"

    _built: VisionProvider | None = PrivateAttr(default=None)

    @field_validator("provider")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in PROVIDERS:
            raise ValueError(f"no vision provider is called {value!r}; known: {', '.join(PROVIDERS)}")
        return value

    def get(self) -> VisionProvider:
        """The provider; the same object for as long as this resource lives, so engines load once."""
        if self._built is None:
            from tg_assets.vision.local import LocalVision

            self._built = LocalVision()
        return self._built
