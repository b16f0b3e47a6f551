"""Keys of derived results in the object store, all in one place: what is written under one is deleted by ``deletion``.

The forms are the contract's; a model's slash does not make a directory. What does not belong here: keys of media
(``resources.object_store``), reading and writing.
"""

from typing import Protocol
from uuid import UUID

VISION_SCHEMA, SPEECH_SCHEMA = 1, 1
"""Raise one when the JSON under its keys changes its form."""


class Maker(Protocol):
    """Who made a result."""

    @property
    def name(self) -> str:
        """The provider."""

    @property
    def model(self) -> str:
        """Which model of it."""


def vision_key(tenant: UUID, sha256: str, maker: Maker) -> str:
    """What a picture shows."""
    return f"vision/{tenant}/{sha256}_{_by(maker)}_v{VISION_SCHEMA}.json"


def speech_key(tenant: UUID, sha256: str, maker: Maker) -> str:
    """What is said in a recording."""
    return f"speech/{tenant}/{sha256}_{_by(maker)}_v{SPEECH_SCHEMA}.json"


def album_key(tenant: UUID, album_id: UUID) -> str:
    """The summary of an album."""
    return f"album/{tenant}/{album_id}_vision_summary_v1.json"


def _by(maker: Maker) -> str:
    return f"{maker.name}_{maker.model.replace('/', '-')}"
