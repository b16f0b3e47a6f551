"""Where tests find the public data that is not part of this repository."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(*parts: str) -> Path:
    """Path below ``../shared/data``; the test fails, in a sentence, when it is not there."""
    path = ROOT.parent / "shared" / "data" / Path(*parts)
    if not path.exists():
        pytest.fail(
            f"This test needs {Path('../shared/data', *parts)} beside the repository. "
            "Put the data there, or deselect the test."
        )
    return path
