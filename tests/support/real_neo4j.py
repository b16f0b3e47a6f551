"""A real Neo4j 5 on loopback, from the libraries that ``make .venv/neo4j`` fetches; Java 17 or newer is this machine's.

It is a process of its own with a data directory of its own, and ends with whoever started it. What does not belong
here: the embedded graph server, which installations run.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.data import ROOT
from tg_assets.backends.layout import choose_port
from tg_assets.errors import ServerDown
from tg_assets.stores.graph import GraphStore

LIBRARIES = ROOT / ".venv" / "neo4j"
# On a busy machine a start takes a minute; a server whose process lives is waited for.
PATIENCE = 600.0
# A plan is kept for lists of any length: statements would be planned anew for each viewer, by their number of accounts.
SETTINGS = """
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.directories.data={directory}/data
server.directories.logs={directory}/logs
server.memory.heap.initial_size=256m
server.memory.heap.max_size=1g
server.memory.pagecache.size=256m
db.tx_log.preallocate=false
db.tx_log.rotation.size=16M
dbms.security.auth_enabled=false
dbms.usage_report.enabled=false
internal.cypher.use_parameter_size=false
"""


@contextmanager
def running(directory: Path, *java: str) -> Iterator[str]:
    """Start it in an empty directory; gives its URL. ``java`` are further options of the JVM.

    Raises RuntimeError with what to do when its libraries are not there, and with its last words when it ends.
    """
    if not any(LIBRARIES.glob("neo4j-5*.jar")):
        raise RuntimeError("A real Neo4j is needed: run `make .venv/neo4j`, which asks for Maven and Java 17.")
    port = choose_port(set())
    conf = directory / "conf"
    conf.mkdir(parents=True)
    (conf / "neo4j.conf").write_text(SETTINGS.format(port=port, directory=directory))
    command = [
        "java", "-Xms256m", "-Xmx1g", *java, "-cp", f"{LIBRARIES}/*", "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={directory}", f"--config-dir={conf}",
    ]  # fmt: skip
    said = directory / "said.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(os.environ))
    try:
        url = f"bolt://neo4j:unused@127.0.0.1:{port}"
        _wait(process, url, said)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            GraphStore(url=url).unique_keys()
            return
        except ServerDown as down:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Neo4j did not start:\n{said.read_text(errors='replace')[-2000:]}") from down
        time.sleep(0.5)
