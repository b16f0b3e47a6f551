"""The embedded graph server: ArcadeDB with its Bolt plugin, spoken to with the official ``neo4j`` driver only.

It runs as a child process (``graph_server``), because the JVM it carries must not live in ours. Readiness is a
real query: on a first start Bolt answers before the database exists.
"""

import base64
import urllib.error
import urllib.request

from tg_assets.backends.context import Context
from tg_assets.backends.probes import PROBE_SECONDS, port_ready
from tg_assets.backends.python_server import python_server, require
from tg_assets.backends.service import Service
from tg_assets.errors import TgAssetsError

DATABASE = "neo4j"
USER = "root"


class GraphBackend:
    """A Bolt server on loopback; its HTTP port is a by-product nobody uses."""

    name = "neo4j"
    port_names = ("neo4j", "neo4j_http")
    variable = "TG_NEO4J_URL"
    default_port = 7687
    concerns: tuple[str, ...] = ()

    def service(self, context: Context) -> Service:
        """Say how to run the child; it keeps its files, and its log directory, in its own directory."""
        require("arcadedb_embedded", "The embedded graph server", "TG_NEO4J_URL to a Neo4j")
        http = f"--http-port={context.ports['neo4j_http']}"
        return python_server(self, context, "tg_assets.backends.graph_server", [http], "TG_GRAPH_PASSWORD", 30)

    def ready(self, context: Context) -> bool:
        """Whether it answers to our password."""
        return _ready(context)

    def finish(self, context: Context) -> None:
        """Nothing: constraints are made by the graph asset."""

    def environment(self, context: Context) -> dict[str, str]:
        """``TG_NEO4J_URL``."""
        return {self.variable: f"bolt://{USER}:{context.secrets['neo4j']}@127.0.0.1:{context.ports['neo4j']}"}


def _ready(context: Context) -> bool:
    """A query through the server's HTTP port: importing the driver (and pandas with it) costs seconds."""
    if not port_ready(context.ports["neo4j"])():
        return False
    credentials = base64.b64encode(f"{USER}:{context.secrets['neo4j']}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{context.ports['neo4j_http']}/api/v1/query/{DATABASE}",
        data=b'{"language": "cypher", "command": "RETURN 1 AS one"}',
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:  # noqa: S310
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        # Until the database exists the server answers 4xx and 5xx of several kinds, 403 among them.
        if error.code == 403 and b"password" in error.read().lower():
            raise TgAssetsError(
                "The graph server refuses the password in secrets.json: its data was made with another one. "
                "Restore that file, or remove the neo4j directory and rebuild the graph."
            ) from None
        return False
    except OSError:
        return False
