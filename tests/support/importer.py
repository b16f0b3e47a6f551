"""An import in a process of its own, to measure it, or to be killed in the middle.

Run as ``python -m tests.support.importer PATH TENANT``; it says how far it is, a line of JSON a step.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support import pipeline
from tests.support.data import ROOT
from tg_assets.collector import look_seldom
from tg_assets.importing import ImportOptions, import_export
from tg_assets.settings import load_settings


def start(path: Path, tenant: str) -> subprocess.Popen[str]:
    """Start an import; its steps can be read from ``stdout``."""
    command = [sys.executable, "-m", "tests.support.importer", str(path), tenant]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def import_in_process(path: Path, tenant: str | None = None) -> dict[str, Any]:
    """Import undisturbed; returns what the process said last."""
    with start(path, tenant or pipeline.new_tenant()) as process:
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def kill_at(path: Path, tenant: str, what: str, least: int) -> None:
    """Import, and SIGKILL the process once the step ``what`` has done ``least`` messages."""
    with start(path, tenant) as process:
        assert process.stdout is not None
        for line in process.stdout:
            step = json.loads(line)
            if step.get("what", "").startswith(what) and step["done"] >= least:
                break
        else:
            raise AssertionError(f"the import ended before {what} {least}")
        process.kill()
    assert process.returncode == -9


def _peak() -> int:
    """Peak of resident memory in bytes. ``ru_maxrss`` would begin with that of the process which started this one."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def main(path: Path, tenant: str) -> None:
    """Import, saying each step, and what it took at the end."""

    def progress(what: str, done: int, total: int) -> None:
        print(json.dumps({"what": what, "done": done, "total": total}), flush=True)

    look_seldom()  # as the command does
    started = time.monotonic()
    (report,) = import_export(
        path, ImportOptions(tenant=tenant), load_settings(), pipeline.postgres(), pipeline.objects(), progress
    )
    assert report.first
    assert report.last
    print(
        json.dumps(
            {
                "tenant": tenant,
                "feed": report.feed,
                "first": report.first.date().isoformat(),
                "last": report.last.date().isoformat(),
                "counts": report.counts,
                "seconds": time.monotonic() - started,
                "memory": _peak(),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
