"""Settings as a Dagster resource: the environment, read by each run, sensor and schedule when it begins."""

import dagster as dg

from tg_assets.settings import Settings, load_settings


@dg.resource
def settings(_context: dg.InitResourceContext) -> Settings:
    """What the deployment chose. Raises TgAssetsError that names a variable which is not usable."""
    return load_settings()
