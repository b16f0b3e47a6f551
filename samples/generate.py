"""Writes the sample export: `python -m samples.generate OUTDIR [--expected FILE]`.

OUTDIR receives `result.json` and `chats/`; nothing in it is removed, so regenerate into an empty directory.
The same source gives the same bytes each time. The committed copy is made with
`python -m samples.generate samples/export --expected samples/expected.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from samples.desktop import build, result
from samples.expected import expected


def write(out: Path, expected_file: Path | None = None) -> None:
    chats = build()
    out.mkdir(parents=True, exist_ok=True)
    for chat in chats:
        for name, data in chat.files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    text = json.dumps(result(chats), ensure_ascii=False, indent=1)
    (out / "result.json").write_text(text, "utf-8", newline="\n")
    if expected_file is not None:
        text = json.dumps(expected(chats), ensure_ascii=False, indent=1)
        expected_file.write_text(text + "\n", "utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.generate", description=__doc__)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--expected", type=Path, help="also write the list of counts and probes to this file")
    arguments = parser.parse_args()
    write(arguments.outdir, arguments.expected)


if __name__ == "__main__":
    main()
