"""The embedded vector server: ``qdrant_server``, our loopback HTTP server over the engine in ``qdrant-edge-py``.

An unmodified ``QdrantClient(url=…, api_key=…)`` speaks to it; a real Qdrant takes its place by URL.
"""

import urllib.error
import urllib.request

from tg_assets.backends.context import Context
from tg_assets.backends.probes import PROBE_SECONDS
from tg_assets.backends.python_server import python_server, require
from tg_assets.backends.service import Service
from tg_assets.errors import TgAssetsError


class QdrantBackend:
    """The vector server on loopback, with an API key."""

    name = "qdrant"
    port_names = ("qdrant",)
    variable = "TG_QDRANT_URL"
    default_port = 6333
    concerns: tuple[str, ...] = ("TG_LOG_FORMAT",)

    def service(self, context: Context) -> Service:
        """Say how to run the child."""
        require("qdrant_edge", "The embedded vector server", "TG_QDRANT_URL to a Qdrant")
        return python_server(self, context, "tg_assets.backends.qdrant_server", (), "TG_QDRANT_API_KEY", 60)

    def ready(self, context: Context) -> bool:
        """Whether it answers to our password."""
        return _ready(context)

    def finish(self, context: Context) -> None:
        """Nothing: the collection is made by the index asset."""

    def environment(self, context: Context) -> dict[str, str]:
        """``TG_QDRANT_URL`` and ``TG_QDRANT_API_KEY``."""
        return {
            self.variable: f"http://127.0.0.1:{context.ports['qdrant']}",
            "TG_QDRANT_API_KEY": context.secrets["qdrant"],
        }


def _ready(context: Context) -> bool:
    request = urllib.request.Request(
        f"http://127.0.0.1:{context.ports['qdrant']}/collections", headers={"api-key": context.secrets["qdrant"]}
    )
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:  # noqa: S310
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise TgAssetsError(
                "The vector server refuses the key in secrets.json. Another server answers on its port, or the "
                "file was replaced: run `tg-assets down` and `tg-assets up`."
            ) from None
        return False
    except (urllib.error.URLError, OSError):
        return False
