"""Qdrant's REST interface about points and aliases, without the client.

The client's models of all that Qdrant can do take a second to import, and to check points by them takes longer than
everything else that is done to write them. What does not belong here: tenants, what is asked and written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tg_assets.encrypted import shows_certificate
from tg_assets.errors import ServerDown, ServerRefuses, WrongSetting

if TYPE_CHECKING:
    import httpx

REFUSED = (401, 403)
DEFAULT_PORT = 6333
TIMEOUT_SECONDS = 60


def unusable() -> WrongSetting:
    return WrongSetting("TG_QDRANT_URL is not usable: write it like http://host:6333.")


def silent(error: Exception) -> ServerDown:
    return ServerDown(
        f"The vector server does not answer ({type(error).__name__}). Is it running (`tg-assets up`), "
        "and does TG_QDRANT_URL point at it?"
    )


def refusing() -> ServerRefuses:
    return ServerRefuses("The vector server is there but refuses the key. Correct TG_QDRANT_API_KEY.")


@dataclass(frozen=True, slots=True)
class Wire:
    """An open connection; ``base`` is the server's address."""

    client: "httpx.Client"
    base: str
    api_key: str = field(repr=False)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> "httpx.Response":
        """The answer to a request, whatever it is but that the key is refused; arrays are written as lists.

        Raises TgAssetsError when nobody answers.
        """
        import httpx
        import orjson

        headers = {"Content-Type": "application/json", **({"api-key": self.api_key} if self.api_key else {})}
        content = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        try:
            answer = self.client.request(method, f"{self.base}/{path}", content=content, headers=headers)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise unusable() from None
        except httpx.HTTPError as error:
            raise silent(error) from None
        if answer.status_code in REFUSED:
            raise refusing()
        return answer


@contextmanager
def connected(url: str, api_key: str) -> Iterator[Wire]:
    """A connection to a server."""
    wire = kept(url, api_key)
    with wire.client:
        yield wire


def kept(url: str, api_key: str) -> Wire:
    """Connections to a server that stay open as long as they are used, by any thread."""
    import httpx

    base = _base(url)
    return Wire(httpx.Client(timeout=TIMEOUT_SECONDS, verify=shows_certificate(base)), base, api_key)


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT  # as the client has it
    except ValueError:
        raise unusable() from None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return urlunsplit((parts.scheme, f"{host}:{port}", parts.path.rstrip("/"), "", ""))
