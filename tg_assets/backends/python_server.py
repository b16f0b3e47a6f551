"""Servers that are modules of this package, each run as a child of its own.

What does not belong here: any one of them (``graph``, ``qdrant``).
"""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from tg_assets.backends.context import Backend, Context
from tg_assets.backends.service import Service
from tg_assets.errors import TgAssetsError
from tg_assets.shipped import how_to_install

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def require(package: str, what: str, instead: str) -> None:
    """Raises TgAssetsError unless the package that a server runs on is installed; ``instead``: what else there is."""
    if importlib.util.find_spec(package) is None:
        raise TgAssetsError(f"{what} is not installed: {how_to_install('embedded')}, or set {instead} of your own.")


def python_server(
    backend: Backend, context: Context, module: str, arguments: Sequence[str], secret: str, stop_seconds: float
) -> Service:
    """How to run ``module`` as the server of ``backend``, in its own directory; ``secret``: where its password is."""
    directory = context.layout.server(backend.name)
    directory.mkdir(mode=0o700, exist_ok=True)
    port = context.ports[backend.port_names[0]]
    return Service(
        name=backend.name,
        concerns=backend.concerns,
        argv=(sys.executable, "-m", module, f"--dir={directory}", f"--port={port}", *arguments),
        # Lets a child with another working directory import this package when it is not installed.
        env={"PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUNBUFFERED": "1", secret: context.secrets[backend.name]},
        cwd=directory,
        ready=lambda: backend.ready(context),
        awaited=f"an answer on port {port}",
        stop_seconds=stop_seconds,
    )
