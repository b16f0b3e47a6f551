"""Secrets that a process knows by its environment, and text without them."""

import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

# A variable of such a name holds a secret.
_SECRET = re.compile("KEY|SECRET|PASS|TOKEN|HASH|CREDENTIAL|WEBHOOK", re.IGNORECASE)
# Shorter values are words, numbers and switches.
SECRET_LENGTH = 8
_LOGIN = re.compile(r"://[^\s/@]+@")
_PASSWORD = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """Values of variables whose names say that they are secret; one that is a file's name is none."""
    return [
        value
        for name, value in environment.items()
        if _SECRET.search(name) and len(value) >= SECRET_LENGTH and not value.startswith(os.sep)
    ]


def passwords_of(environment: Mapping[str, str]) -> list[str]:
    """Passwords of the addresses in variables, as they are written there and as they are meant."""
    found = [one[1] for value in environment.values() for one in _PASSWORD.finditer(value)]
    return [one for given in found for one in (given, unquote(given)) if len(one) >= SECRET_LENGTH]


def without_secrets(said: str, secrets: Iterable[str]) -> str:
    """Text with ``…`` in place of each secret, and of who logs in by an address."""
    for secret in secrets:
        said = said.replace(secret, "…")
    return _LOGIN.sub("://…@", said)
