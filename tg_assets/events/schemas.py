"""JSON Schemas of the events, generated: ``python -m tg_assets.events.schemas`` writes ``docs/events``.

What does not belong here: anything that is not in the models.
"""

import sys
from pathlib import Path

import orjson

from tg_assets.events.streams import STREAMS, Stream

DIRECTORY = Path("docs", "events")


def schema(stream: Stream) -> bytes:
    """The JSON Schema of a stream's event as the text of its file."""
    said = stream.model.model_json_schema()
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{stream.model.__name__}.schema.json"}
    return orjson.dumps({**about, **said, "x-stream": stream.name}, option=orjson.OPT_INDENT_2) + b"\n"


def files() -> dict[str, bytes]:
    """Every schema by the name of its file."""
    return {f"{stream.model.__name__}.schema.json": schema(stream) for stream in STREAMS}


def write(directory: Path) -> None:
    """Write every schema, and remove those of events that are no more."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for name, data in wanted.items():
        (directory / name).write_bytes(data)
    for path in directory.glob("*.schema.json"):
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY)
