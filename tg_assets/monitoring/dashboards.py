"""Dashboards of Grafana, generated: ``python -m tg_assets.monitoring.dashboards`` writes ``deploy/grafana/dashboards``.

What does not belong here: what is on them (``overview``, ``album_pipeline``).
"""

import sys
from pathlib import Path

import orjson

from tg_assets.monitoring import album_pipeline, overview
from tg_assets.monitoring.grafana import model

DIRECTORY = Path("deploy", "grafana", "dashboards")
DASHBOARDS = (overview.DASHBOARD, album_pipeline.DASHBOARD)


def files() -> dict[str, bytes]:
    """Every dashboard by the name of its file."""
    return {
        f"{one.uid}.json": orjson.dumps(model(one), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for one in DASHBOARDS
    }


def write(directory: Path) -> None:
    """Write every dashboard, and remove those that are no more."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for name, data in wanted.items():
        (directory / name).write_bytes(data)
    for path in directory.glob("*.json"):
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY)
