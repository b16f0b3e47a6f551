"""Where a receiver may be: at an address that everybody can reach, unless whoever runs this names its host.

Holders of tokens choose receivers, so what is only reachable from here is none of theirs (``TG_WEBHOOK_HOSTS``). A name
is looked up once and its address is the one that is asked, so that it cannot lead elsewhere in between. What does not
belong here: what is sent.
"""

import socket
from collections.abc import Collection
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from tg_assets.errors import NotAllowed, TgAssetsError

LONGEST = 2000
PORTS = {"http": 80, "https": 443}
GIVEN_OUT = ip_network("2000::/3")
"""The only addresses of IPv6 that anybody was given (RFC 4291); others stand for one of IPv4, or for one of a site."""
NOT_EVERYBODYS = (ip_network("2002::/16"), ip_network("192.0.0.0/24"))
"""Addresses that stand for one of IPv4, which may be private, and those of protocols, where a cloud may keep secrets;
``ipaddress`` calls most of them global."""


def check(url: str, trusted: Collection[str]) -> None:
    """Raises TgAssetsError, without the address, for one that cannot be a receiver's; asks nobody for a name."""
    host, port = _parts(url)
    is_trusted, scheme = _is_trusted(host, port, trusted), urlsplit(url).scheme
    if is_trusted and scheme in PORTS:
        return
    if scheme != "https":
        raise NotAllowed(
            "A receiver's address begins with https://, unless whoever runs this archive allows its host.",
            "TG_WEBHOOK_HOSTS",
        )
    if _is_private(host):
        raise _private()


def _is_private(host: str) -> bool:
    try:
        return not _is_public(host)
    except ValueError:
        return "." not in host  # localhost, or a name of this network


def place_of(url: str, trusted: Collection[str]) -> str | None:
    """The address to connect to; None where the host is trusted, whatever its name means.

    Raises TgAssetsError for a name that is none or leads to a private address.
    """
    check(url, trusted)
    host, port = _parts(url)
    if _is_trusted(host, port, trusted):
        return None
    try:
        found = [one[4][0] for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise TgAssetsError("The receiver's host has no address.") from None
    if not found or not all(_is_public(str(one)) for one in found):
        raise _private()
    return str(found[0])


def _is_public(address: str) -> bool:
    """Raises ValueError for what is no address."""
    made = ip_address(address)
    if made.version == 6 and made not in GIVEN_OUT:
        return False
    return made.is_global and not made.is_multicast and not any(made in net for net in NOT_EVERYBODYS)


def _private() -> NotAllowed:
    return NotAllowed(
        "A receiver's address is not a private one, unless whoever runs this archive allows its host.",
        "TG_WEBHOOK_HOSTS",
    )


def _is_trusted(host: str, port: int, trusted: Collection[str]) -> bool:
    return host in trusted or f"{host}:{port}" in trusted


def _parts(url: str) -> tuple[str, int]:
    """Host and port. Raises TgAssetsError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = None, 0
    if not host or not port or len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise TgAssetsError("A receiver has an address such as https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise TgAssetsError("A receiver's address has no user and no password in it.")
    return host, port
