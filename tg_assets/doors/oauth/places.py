"""Where an address of a client leads, as a person is told.

What does not belong here: which addresses may be (``clients``).
"""

from re import compile as pattern
from urllib.parse import urlsplit

OWN_SCHEME = pattern(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
"""A scheme of an app on a person's own device (RFC 8252, 7.1): with a dot in it, as none has that a browser obeys.
Another app may take it, which then has a code, and nothing that it began with (PKCE)."""


def is_apps(scheme: str) -> bool:
    """Whether an address of this scheme leads to an app on the person's own device."""
    return OWN_SCHEME.fullmatch(scheme) is not None


def place_of(address: str) -> str:
    """Its host, or the scheme of an app."""
    parts = urlsplit(address)
    return parts.scheme if is_apps(parts.scheme) else parts.hostname or ""
