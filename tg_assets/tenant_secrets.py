"""Secrets that say whose they are: a tenant's id and 256 random bits behind a prefix, of which hashes are stored.

What is stored opens nothing, and a secret with another tenant's id written into it is found nowhere, since it is looked
up as its tenant's row like any other. What does not belong here: what a secret opens.
"""

import base64
import binascii
import hashlib
import secrets
from uuid import UUID

RANDOM_BYTES, TENANT_BYTES = 32, 16


def new(prefix: str, tenant: UUID, known: bytes = b"") -> str:
    """A secret of a tenant; ``known`` can be read in it again (``read``), all else is random."""
    return (
        prefix
        + base64.urlsafe_b64encode(tenant.bytes + known + secrets.token_bytes(RANDOM_BYTES - len(known))).decode()
    )


def hashed(secret: str) -> bytes:
    """What is stored of it."""
    return hashlib.sha256(secret.encode()).digest()


def read(prefix: str, secret: str) -> tuple[UUID, bytes] | None:
    """Whose it says it is, and what follows that; None where it is no such secret."""
    if not secret.startswith(prefix):
        return None
    try:
        made = base64.b64decode(secret.removeprefix(prefix), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(made) != TENANT_BYTES + RANDOM_BYTES:
        return None
    return UUID(bytes=made[:TENANT_BYTES]), made[TENANT_BYTES:]


def tenant_of(prefix: str, secret: str) -> UUID | None:
    """Whose it says it is; None where it is no such secret."""
    found = read(prefix, secret)
    return None if found is None else found[0]
