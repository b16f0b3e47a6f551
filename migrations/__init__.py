"""Schema of tg-assets, built by Alembic from nothing; ``upgrade`` and ``downgrade`` are its whole interface."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. ``owner_url`` names the owner role and the driver."""
    command.upgrade(_config(owner_url), revision)


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Take the schema back to a revision; ``base`` leaves an empty database."""
    command.downgrade(_config(owner_url), revision)
