"""The scripts of docs/api.md, as they stand there; every route is told of."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, token_for
from tests.doors.test_guards import ROUTES
from tests.support.data import ROOT

DOCS = (ROOT / "docs" / "api.md").read_text("utf-8")


def run(arguments: list[str], doors: Doors, token: str, directory: Path) -> str:
    done = subprocess.run(
        [one.replace("http://127.0.0.1:8002", doors.address) for one in arguments],
        cwd=directory, env={**os.environ, "TOKEN": token}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_in_python(doors: Doors, mine: Tenant, tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", DOCS, re.S)
    said = run([sys.executable, "-c", block], doors, token_for(mine, ADA), tmp_path)
    assert "генератор на маяке" in said
    assert "qdrant_points" in said


def test_the_script_in_a_shell(doors: Doors, mine: Tenant, tmp_path: Path) -> None:
    _, block = re.findall(r"```sh\n(.*?)```", DOCS, re.S)
    lines = "\n".join(line for line in block.splitlines() if not line.startswith("export TOKEN="))
    lines = lines.replace("since=2026-03-01", "since=2023-05-01&until=2023-06-01")
    said = run(["bash", "-euo", "pipefail", "-c", lines], doors, token_for(mine), tmp_path)
    assert "генератор на маяке" in said
    assert "## Most answered" in said


def test_every_route_is_told_of() -> None:
    told = set(re.findall(r"`(?:POST |GET )?/([a-z]+)", DOCS)) | {"session"}
    assert {path.removeprefix("/api/v1/").split("/")[0] for _, path in ROUTES} <= told
