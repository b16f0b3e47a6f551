"""Files of the project that are no code: Dagster's configuration and the sample."""

from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Where a file or directory is, by its path in a checkout: there, or inside an installed wheel."""
    packed = _PACKAGE / "files" / name
    return packed if packed.exists() else _PACKAGE.parent / name


def how_to_install(extra: str) -> str:
    """The command that adds an optional part: the project is installed from its checkout, or from the wheel of one."""
    if (_PACKAGE / "files").is_dir():
        return f"pip install 'tg_assets-{version('tg-assets')}-py3-none-any.whl[{extra}]' where that wheel is"
    return f"pip install '.[{extra}]' in the project's directory"
