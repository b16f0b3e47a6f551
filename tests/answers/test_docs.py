"""The scripts of docs/answers.md, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.answers.conftest import GARDEN, Tenant
from tests.support.data import ROOT
from tests.support.installation import COMMAND

DOCS = (ROOT / "docs" / "answers.md").read_text("utf-8")


def script(language: str, tenant: Tenant) -> str:
    """The block in this language, for a tenant of a test."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOCS, re.S)
    return block.replace('"demo"', f'"{tenant.slug}"').replace("--tenant demo", f"--tenant {tenant.slug}")


def run(arguments: list[str], directory: Path) -> str:
    environment = {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}", "TG_DATA_DIR": str(directory)}
    done = subprocess.run(arguments, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_script_in_python(mine: Tenant, tmp_path: Path) -> None:
    said = run([sys.executable, "-c", script("python", mine)], tmp_path)
    assert "2 versions, 0 replies, https://t.me/c/42/5" in said
    assert "qdrant_points" in said
    assert "# What the archive has on: работает ли генератор?" in said
    assert "\n> генератор на маяке снова работает" in said


@pytest.mark.timeout(600)
def test_the_script_in_a_shell(mine: Tenant, tmp_path: Path) -> None:
    """The same answers; objects for programs have what people are shown."""
    said = run(["bash", "-euo", "pipefail", "-c", script("sh", mine)], tmp_path)
    assert "https://t.me/c/42/5" in said
    assert "before the edit: генератор на маяке снова работает, свет вернули в семь вечера" in said
    assert "\n> генератор на маяке снова работает" in said
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert (found["command"], found["fits"]) == ("search", True)
    best = found["items"][0]
    assert best["id"] == str(mine.post(GARDEN, 5))
    assert best.keys() >= {"score", "fit", "link", "feed", "author", "album", "before", "after", "lineage", "versions"}
    alike = json.loads((tmp_path / "similar.json").read_text("utf-8"))["items"]
    assert len(alike) == 3
    assert all(one["how"] == "meaning" and one["message"]["id"] != best["id"] for one in alike)


def test_every_function_is_in_the_docs() -> None:
    from tests.answers.test_tenancy import CASES

    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", DOCS))
    assert set(CASES) - {"ranked.ranked", "feeds.check_feeds"} <= named
