"""Whoever looks at pictures: bytes of one picture to a ``VisionResult``, or ``Refused``."""

from typing import Protocol

from tg_assets.sandbox.provider import Provider
from tg_assets.vision.result import VisionResult


class VisionProvider(Provider, Protocol):
    """Describes pictures."""

    def describe(self, image: bytes, mime: str) -> VisionResult:
        """Describe one picture. Raises ``Refused`` when the picture is the problem."""
        ...
