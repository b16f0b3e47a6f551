"""Schema of tg-assets, built by Alembic from nothing; ``upgrade`` and ``downgrade`` are its whole interface."""

import time
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import OperationalError

# Tables that runs have locked: each try waits for seconds only (``env``), or everybody would queue behind it; between
# two of them the others get on. On a busy machine their transactions take minutes.
LOCKED_SECONDS, PAUSE_SECONDS = 900.0, 2.0
# lock_not_available, deadlock_detected
LOCKED = ("55P03", "40P01")


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    return config


def upgrade(owner_url: str, revision: str = "head", say: Callable[[str], None] | None = None) -> None:
    """Bring the schema to a revision. ``owner_url`` names the owner role and the driver.

    Tables that others have locked are waited for, which ``say`` is told once; what was reached is kept.
    """
    deadline, told = time.monotonic() + LOCKED_SECONDS, False
    while True:
        try:
            return command.upgrade(_config(owner_url), revision)
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) not in LOCKED or time.monotonic() > deadline:
                raise
        if say and not told:
            say("The schema waits for tables that others use; `tg-assets doctor --locks` shows who.")
            told = True
        time.sleep(PAUSE_SECONDS)


def newest() -> str:
    """The revision that `upgrade` ends at."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config("")).get_current_head())


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Take the schema back to a revision; ``base`` leaves an empty database."""
    command.downgrade(_config(owner_url), revision)
