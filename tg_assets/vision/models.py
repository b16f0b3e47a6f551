"""Model files that come inside Python packages: found without importing the package, and checked before use.

A file of another content than the one that was measured is as good as none: it gives other results, or somebody
put it there. What does not belong here: running a model.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class ModelFile:
    """A file ``name`` below ``package``'s directory with this sha256."""

    package: str
    name: str
    sha256: str

    def path(self) -> Path | None:
        """Where it is; None when the package, the file or its content is not there."""
        return _checked(self)


def importable(*modules: str) -> bool:
    """Whether all these top-level modules are installed; imports none of them."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


@cache
def _checked(file: ModelFile) -> Path | None:
    spec = importlib.util.find_spec(file.package)
    for directory in (spec.submodule_search_locations or []) if spec else []:
        path = Path(directory) / file.name
        if path.is_file():
            with path.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() == file.sha256:
                    return path
    return None
