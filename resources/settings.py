"""Settings as a Dagster resource: the environment, read when a run first asks."""

import dagster as dg
from pydantic import PrivateAttr

from tg_assets.settings import Settings, load_settings


class SettingsResource(dg.ConfigurableResource["SettingsResource"]):
    """What the deployment chose, read once by each run, sensor or schedule."""

    _read: Settings | None = PrivateAttr(default=None)

    def get(self) -> Settings:
        """The settings. Raises TgAssetsError that names a variable which is not usable."""
        if self._read is None:
            self._read = load_settings()
        return self._read
