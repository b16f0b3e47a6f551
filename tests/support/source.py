"""Our code as a tree."""

import ast
from pathlib import Path


def parsed(path: Path) -> ast.Module:
    """The tree of a file. While another thread parses, too, CPython 3.11 may fail: python/cpython#106905."""
    text = path.read_text("utf-8")
    while True:
        try:
            return ast.parse(text)
        except SystemError:
            continue
