"""What is installed: declared, locked for both Pythons, whole in a wheel, and told without a stranger's package."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.data import ROOT

OURS = {"tg_assets", "resources", "sensors", "migrations"}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return {_canonical(re.split(r"[\s\[=<>!~;]", one)[0]) for one in named}


def test_what_is_imported_is_declared() -> None:
    """Nothing works only because something else happens to bring it along."""
    imported: dict[str, str] = {}
    for top in OURS:
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    imported.setdefault(name.split(".")[0], str(path.relative_to(ROOT)))
    distributions, declared = packages_distributions(), _declared()
    foreign = {name: where for name, where in imported.items() if name not in OURS | sys.stdlib_module_names}
    undeclared = {
        name: where
        for name, where in foreign.items()
        if not {_canonical(one) for one in distributions.get(name, [name])} & declared
    }
    assert undeclared == {}


def test_nobody_is_told_to_install_a_name_that_is_nobodys() -> None:
    """Whoever takes that name on a registry would get people's sessions."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "tg_assets").rglob("*.py")]
    said = re.compile(r"install\s+[\"'`]?tg-assets|tg-assets\[")
    assert [str(page.relative_to(ROOT)) for page in pages if said.search(page.read_text("utf-8"))] == []


def test_locks_name_no_place() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?:|--(extra-)?index|--find-links|\bfile:", lock.read_text("utf-8")), lock


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built from a copy so that no build directory is left in it."""
    copy, built = tmp_path_factory.mktemp("source") / "tg-assets", tmp_path_factory.mktemp("wheel")
    hidden = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "artifacts", "tests")
    shutil.copytree(ROOT, copy, ignore=hidden)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", built, copy]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (found,) = built.glob("*.whl")
    return found


def run(python: Path, cwd: Path, code: str) -> str:
    """What a script prints that sees neither the checkout nor anybody's settings."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER", "PYTHON"))
    }
    done = subprocess.run([python, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOADS = """
import sys
import tg_assets
from tg_assets.shipped import shipped
from tg_assets.telegram.archive import open_archive
assert sys.prefix in tg_assets.__file__, tg_assets.__file__
assert shipped("dagster.yaml").is_file() and shipped("workspace.yaml").is_file()
with open_archive(shipped("samples/export")) as archive:
    assert archive.json_files()
from tg_assets.definitions import build_defs
from migrations import upgrade
print(len(build_defs().resolve_asset_graph().get_all_asset_keys()))
"""


def test_a_wheel_is_whole(wheel: Path, tmp_path: Path) -> None:
    """Installed where no checkout is, it has its configuration, its sample, its migrations and its definitions."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv" / "lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    libraries = Path(pytest.__file__).parents[1]
    (site / "libraries.pth").write_text(f"{libraries}\n")  # what the lock installs; no editable install comes with it
    assert run(tmp_path / "venv" / "bin" / "python", tmp_path, LOADS).strip() == "11"


NEXT = shutil.which("python3.12")


@pytest.mark.skipif(NEXT is None or sys.version_info >= (3, 12), reason="python3.12 is not on this machine's PATH")
def test_the_next_python_installs_and_loads(wheel: Path, tmp_path: Path) -> None:
    """The same lock, with its hashes."""
    subprocess.run([str(NEXT), "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python, uv = tmp_path / "venv" / "bin" / "python", Path(sys.executable).with_name("uv")
    for what in (["--require-hashes", "-r", ROOT / "requirements" / "runtime.txt"], ["--no-deps", wheel]):
        command = [uv, "pip", "install", "--quiet", "--python", python, *what]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert run(python, tmp_path, LOADS).strip() == "11"
