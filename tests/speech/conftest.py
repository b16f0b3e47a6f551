"""One cache with the shipped model, and one provider, for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tg_assets.speech.local import LocalSpeech
from tg_assets.speech.models import directory


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the model has been put together."""
    path = tmp_path_factory.mktemp("models")
    directory(path)
    return path


@pytest.fixture(scope="session")
def speech(shipped: Path) -> Iterator[LocalSpeech]:
    """The built-in provider, its worker kept."""
    provider = LocalSpeech(shipped)
    yield provider
    provider.close()
