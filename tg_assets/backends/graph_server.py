"""``python -m tg_assets.backends.graph_server``: the child that carries the graph server's JVM until SIGTERM.

Started by ``graph.py``; the password comes in ``TG_GRAPH_PASSWORD`` and is used on the first start only.
"""

import argparse
import os
import signal
import threading

# -Xrs leaves SIGTERM to us, so that the database is closed before the process ends.
# Times are read in the JVM's zone.
JVM_ARGUMENTS = "-Xmx1g -Xms64m -Xrs -Duser.timezone=UTC"
# A stored time is read as an aware one, as Neo4j gives it back; by default it would lose its zone. The setting is the
# database's own and changes how times are read, not how they are kept: those stored before are aware, too.
AWARE_TIMES = "ALTER DATABASE `arcadedb.dateTimeImplementation` 'java.time.ZonedDateTime'"


def main() -> None:
    """Serve until asked to stop."""
    parser = argparse.ArgumentParser(prog="graph_server")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    options = parser.parse_args()
    password = os.environ.pop("TG_GRAPH_PASSWORD")
    os.environ.setdefault("ARCADEDB_JVM_ARGS", JVM_ARGUMENTS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())

    import arcadedb_embedded  # type: ignore[import-untyped]

    server = arcadedb_embedded.create_server(
        options.dir,
        root_password=password,
        config={
            "http_port": options.http_port,
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "bolt_port": options.port,
            "bolt_defaultDatabase": "neo4j",
            "server_defaultDatabases": "neo4j[root]",
        },
    )
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    server.create_database("neo4j").command("sql", AWARE_TIMES)  # opens it when it exists
    stopping.wait()
    server.stop()
    # Databases are closed. A client that is still connected keeps a thread of the JVM, and that would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
