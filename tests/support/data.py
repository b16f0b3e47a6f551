"""Where tests find the public data that is not part of this repository."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEEN = "TESTS_SEEN"
"""Variable that names the directory of what pictures show (``providers.Remembering``)."""


def shared_data(*parts: str) -> Path:
    """Path below ``../shared/data``; where it is not there the test is left out, in a sentence, or fails in CI."""
    path = ROOT.parent / "shared" / "data" / Path(*parts)
    if not path.exists():
        missing = f"It needs the public data {Path('../shared/data', *parts)} beside the repository."
        if "SHARED_DATA_REQUIRED" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return path
