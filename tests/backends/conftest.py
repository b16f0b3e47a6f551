"""Servers of these tests' own, because they kill them; variables of other servers are hidden."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers
from tg_assets.settings import Settings


@pytest.fixture(scope="package", autouse=True)
def no_other_servers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("TG_") and name not in ("TG_POSTGRES_BIN", "TG_REDIS_BIN"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="package")
def settings(tmp_path_factory: pytest.TempPathFactory, no_other_servers: None) -> Settings:
    return servers.settings(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="package")
def environment(settings: Settings) -> Iterator[dict[str, str]]:
    yield servers.start(Path(settings.data_dir))
    servers.stop(Path(settings.data_dir))
