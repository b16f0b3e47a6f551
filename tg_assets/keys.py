"""Keys of all objects: media, and results derived from them, which ``ledger.deletion`` deletes by these.

The forms are the contract's; a model's slash does not make a directory. What does not belong here: reading and writing.
"""

import re
from typing import Protocol
from uuid import UUID

VISION_SCHEMA, SPEECH_SCHEMA = 1, 1
"""Raise one when the JSON under its keys changes its form."""

_EXTENSION = re.compile(r"[0-9a-z]{1,10}")
# Of a part of a key, as directories allow it.
LONGEST_PART = 255


class Maker(Protocol):
    """Who made a result."""

    @property
    def name(self) -> str:
        """The provider."""

    @property
    def model(self) -> str:
        """Which model of it."""


def media_key(tenant: UUID, sha256: str, extension: str) -> str:
    """Key of stored media; ``extension`` without a dot, ``bin`` in place of an unusual one."""
    usual = extension if _EXTENSION.fullmatch(extension) else "bin"
    return f"media/{tenant}/{sha256[:2]}/{sha256}.{usual}"


def is_media_key(key: str, tenant: UUID, sha256: str) -> bool:
    """Whether a key is the one that this content of this tenant has, whatever its extension."""
    return key == media_key(tenant, sha256, key.rpartition(".")[2])


def is_key(key: str) -> bool:
    """Whether there can be an object with this key."""
    return all(0 < len(part.encode(errors="replace")) <= LONGEST_PART and part not in (".", "..")
               for part in key.split("/")) and key.isprintable()  # fmt: skip


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
