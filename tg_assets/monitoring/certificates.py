"""How long the certificates of servers are good for: a server is asked for it as any client would, and not trusted.

What does not belong here: which servers there are.
"""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from cryptography import x509

SECONDS = 10.0
# Asks a PostgreSQL for TLS; it answers S or N (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_PORTS = {"rediss": 6379, "https": 443, "bolt+s": 7687, "bolt+ssc": 7687, "neo4j+s": 7687, "neo4j+ssc": 7687}


def is_encrypted(url: str) -> bool:
    """Whether a connection to this address shows a certificate."""
    parts = urlsplit(url)
    if parts.scheme.startswith("postgresql"):
        return bool(parts.hostname) and parse_qs(parts.query).get("sslmode", [""])[0] in (
            "require", "verify-ca", "verify-full",
        )  # fmt: skip
    return parts.scheme in _PORTS


def seconds_left(url: str, port: int | None = None) -> float:
    """Until the certificate of the server at an encrypted address ends; negative when it has.

    ``port`` is the usual one where the address names none. Raises OSError, or ValueError when it is no certificate.
    """
    parts = urlsplit(url)
    is_postgres = parts.scheme.startswith("postgresql")
    port = parts.port or port or (5432 if is_postgres else _PORTS[parts.scheme])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # an ended one must be seen, too
    with socket.create_connection((parts.hostname or "", port), timeout=SECONDS) as plain:
        if is_postgres:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise OSError("the server has no certificate")
        with context.wrap_socket(plain, server_hostname=parts.hostname) as encrypted:
            shown = encrypted.getpeercert(binary_form=True)
    ends = x509.load_der_x509_certificate(shown or b"").not_valid_after_utc
    return (ends - datetime.now(UTC)).total_seconds()


def certificates(
    addresses: Mapping[str, str], ports: Mapping[str, int] = MappingProxyType({})
) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """A gauge per server that is spoken to encrypted, and answers; ``ports`` are usual ones that differ from HTTPS'."""
    for target, url in addresses.items():
        if is_encrypted(url):
            try:
                yield "certificate_left_seconds", {"target": target}, seconds_left(url, ports.get(target))
            except (OSError, ValueError):
                continue  # whether it answers is told by another gauge
