"""``python -m benchmarks [NAME …]``: start servers of their own, measure, print one table, stop the servers."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.quiet import quiet

NAMES = [
    "line", "ingest", "ranges", "vectors", "searches", "api", "page", "retrieval", "golden", "context", "pictures",
    "graph", "questions", "live", "history", "media", "vision", "albums", "metrics", "maintenance", "rebuild", "lost",
    "order", "backfill", "commands", "mcp",
]  # fmt: skip
WIDTH = 200  # of a pipe


def main() -> None:
    """Run the named benchmarks, or all of ``NAMES``."""
    names = sys.argv[1:] or NAMES
    with quiet() as terminal, _servers():
        console = Console(file=terminal, width=None if terminal.isatty() else WIDTH)
        for name in names:
            console.print(_table(name, _run(name, console)))


@contextmanager
def _servers() -> Iterator[None]:
    """Servers with nothing in them, in this process' variables."""
    import migrations
    from tg_assets.backends import down, environment, up
    from tg_assets.backends.dagster_services import dagster_environment
    from tg_assets.settings import load_settings

    with tempfile.TemporaryDirectory(prefix="tg-bench-") as directory:
        os.environ["TG_DATA_DIR"] = str(Path(directory) / "data")
        settings = load_settings()
        up(settings, lambda name, state: None)
        try:
            os.environ.update(environment(settings) | dagster_environment(settings))
            migrations.upgrade(os.environ["TG_POSTGRES_OWNER_URL"])
            yield
        finally:
            down(settings)


def _run(name: str, console: Console) -> list[dict[str, Any]]:
    """Rows of a benchmark; one that takes long shows on the terminal how far it is."""
    from importlib import import_module

    run = import_module(f"benchmarks.{name}").run
    rows: list[dict[str, Any]] = run(console) if "console" in signature(run).parameters else run()
    return rows


def _table(name: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=name, title_justify="left", box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("what", "target", "leg", "graph", "beside") else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table


if __name__ == "__main__":
    main()
