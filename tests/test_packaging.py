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
from tests.support.source import parsed

OURS = {"tg_assets", "resources", "sensors", "migrations"}
UV = Path(sys.executable).with_name("uv")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [extra for name, extra in project["optional-dependencies"].items() if name != "dev"]
    named = [one for part in (project["dependencies"], *extras) for one in part]
    return {_canonical(re.split(r"[\s\[=<>!~;]", one)[0]) for one in named}


def test_what_is_imported_is_declared() -> None:
    """Nothing works only because something else happens to bring it along."""
    imported: dict[str, str] = {}
    for top in OURS:
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(parsed(path)):
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


TO_INSTALL = re.compile(
    r"(?:\binstall|\bpipx run|\buvx)(?:\s+-\S+)*\s+[\"'`]*tg[-_.]assets(?!-[\d{])|\btg-assets\[", re.IGNORECASE
)


def test_nobody_is_told_to_install_a_name_that_is_nobodys() -> None:
    """Whoever takes that name on a registry would get people's sessions."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pages = [ROOT / name for name in tracked.split("\0") if Path(name).suffix in (".md", ".py", ".toml", ".yaml", "")]
    said = [page for page in pages if page.is_file() and TO_INSTALL.search(page.read_text("utf-8"))]
    assert [page.name for page in said if page != Path(__file__)] == []


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("pip install tg-assets", True),
        ("pip install --upgrade 'tg-assets[speech]'", True),
        ("uv tool install tg_assets", True),
        ("the extra tg-assets[ocr]", True),
        ("pip install '.[speech]'", False),
        ("pip install --no-deps dist/tg_assets-0.1.0-py3-none-any.whl", False),
        ("pip install 'tg_assets-0.1.0-py3-none-any.whl[ocr]'", False),
    ],
)
def test_such_a_sentence_is_recognised(sentence: str, told: bool) -> None:
    assert bool(TO_INSTALL.search(sentence)) is told


def test_locks_name_no_place() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?:|--(extra-)?index|--find-links|\bfile:", lock.read_text("utf-8")), lock


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints that sees neither the checkout nor anybody's settings."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER", "PYTHON"))
    }
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that nothing of a build is left in it."""
    copy = tmp_path_factory.mktemp("source") / "tg-assets"
    hidden = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "artifacts", "tests")
    return Path(shutil.copytree(ROOT, copy, ignore=hidden))


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """As ``uv build`` makes it: out of a source distribution."""
    run(UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable, cwd=source)
    (found,) = (source / "dist").glob("*.whl")
    return found


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as packed:
        return set(packed.namelist())


def test_a_wheel_has_the_sample_and_the_code(wheel: Path) -> None:
    sample = {path.relative_to(ROOT) for path in (ROOT / "samples" / "export").rglob("*") if path.is_file()}
    kinds = {".py", ".html", ".css", ".js"}
    code = {path.relative_to(ROOT) for top in OURS for path in (ROOT / top).rglob("*") if path.suffix in kinds}
    expected = {f"tg_assets/files/{name.as_posix()}" for name in sample} | {name.as_posix() for name in code}
    assert sample
    assert expected - names(wheel) == set()


def test_an_earlier_build_leaves_nothing_in_a_wheel(wheel: Path, source: Path, tmp_path: Path) -> None:
    """Built in place, where a directory of an earlier build is."""
    package = source / "build" / "lib" / "tg_assets"
    for name in ("gone.py", "files/samples/export/gone.json"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    run(
        UV,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        tmp_path,
        cwd=source,
    )
    (again,) = tmp_path.glob("*.whl")
    assert names(again) == names(wheel)


LOADS = """
import sys
import tg_assets
from tg_assets.cli.faults import explain
from tg_assets.shipped import how_to_install, shipped
from tg_assets.telegram.archive import open_archive
assert sys.prefix in tg_assets.__file__, tg_assets.__file__
assert shipped("dagster.yaml").is_file() and shipped("workspace.yaml").is_file()
with open_archive(shipped("samples/export")) as archive:
    assert archive.json_files()
assert "py3-none-any.whl[ocr]" in how_to_install("ocr")
try:
    shipped(None)
except TypeError as error:
    assert "in shipped.py, line" in explain(error), explain(error)
from tg_assets.definitions import build_defs
from migrations import upgrade
print(len(build_defs().resolve_asset_graph().get_all_asset_keys()))
"""


def installed(wheel: Path, python: Path, cwd: Path) -> None:
    """Install it, and use what needs no server in a directory that has nothing."""
    run(UV, "pip", "install", "--quiet", "--no-deps", "--python", python, wheel, cwd=cwd)
    assert run(python, "-c", LOADS, cwd=cwd).strip() == "12"
    assert "demo" in run(python.with_name("tg-assets"), "--help", cwd=cwd)


def test_a_wheel_is_whole(wheel: Path, tmp_path: Path) -> None:
    """Installed where no checkout is, it has its configuration, its sample, its migrations and its definitions."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    site = next((tmp_path / "venv" / "lib").glob("python*")) / "site-packages"
    libraries = Path(pytest.__file__).parents[1]
    (site / "libraries.pth").write_text(f"{libraries}\n")  # what the lock installs; no editable install comes with it
    installed(wheel, tmp_path / "venv" / "bin" / "python", tmp_path)


OTHER = "3.12" if sys.version_info < (3, 12) else "3.11"


def other_python() -> str | None:
    """The other Python that the lock is for, if one runs here; a version manager's shim may run none or another."""
    found = shutil.which(f"python{OTHER}")
    managed = sorted(Path(found).parents[1].glob(f"versions/{OTHER}*/bin/python{OTHER}")) if found else []
    for one in filter(None, (found, *map(str, managed))):
        said = subprocess.run([one, "--version"], capture_output=True, text=True)
        if said.returncode == 0 and said.stdout.startswith(f"Python {OTHER}."):
            return one
    return None


def test_the_other_python_installs_and_loads(wheel: Path, tmp_path: Path) -> None:
    """The same lock, with its hashes."""
    other = other_python()
    if other is None:
        pytest.skip(f"no Python {OTHER} runs on this machine")
    run(other, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python, lock = tmp_path / "venv" / "bin" / "python", ROOT / "requirements" / "runtime.txt"
    run(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock, cwd=tmp_path)
    installed(wheel, python, tmp_path)
