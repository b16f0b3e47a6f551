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
        return next((path for path in _places(self) if _is_it(path, self.sha256)), None)

    @property
    def is_another(self) -> bool:
        """Whether a file of that name is there, with another content."""
        return self.path() is None and bool(_places(self))


def importable(*modules: str) -> bool:
    """Whether all these top-level modules are installed; imports none of them."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


def _places(file: ModelFile) -> list[Path]:
    spec = importlib.util.find_spec(file.package)
    places = (Path(directory) / file.name for directory in (spec.submodule_search_locations or [] if spec else []))
    return [path for path in places if path.is_file()]


@cache
def _is_it(path: Path, sha256: str) -> bool:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256
