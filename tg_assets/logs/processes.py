"""Has a process write ``Lines``, whatever configures its loggers: Dagster, its servers, or nobody.

What does not belong here: how a line looks.
"""

import logging
import logging.config
import sys
from collections.abc import Iterable
from typing import Any

from tg_assets.logs.lines import Lines

LINES = Lines()


class Configuration(logging.config.DictConfigurator):
    """What a program configures, with our lines: Dagster's services and uvicorn choose their own."""

    def configure_formatter(self, config: Any) -> logging.Formatter:
        """Ours."""
        return LINES


def take_over(assets: Iterable[str] = ()) -> None:
    """From now on loggers that are configured, those of runs and sensors, and those that nobody configures do so.

    ``assets`` are names of assets, of which steps are told apart from other steps.
    """
    import coloredlogs

    LINES.assets |= frozenset(assets)
    # https://docs.python.org/3/library/logging.config.html: what dictConfig configures with.
    logging.config.dictConfigClass = Configuration
    # Dagster makes the console of a run and of a sensor by this, and has no setting for it.
    coloredlogs.install = install
    logging.lastResort = handler(logging.WARNING)


def install(level: int | str = logging.INFO, *, logger: logging.Logger, **_: Any) -> None:
    """In place of that of ``coloredlogs``: give a logger a console."""
    logger.addHandler(handler(level))
    logger.setLevel(level)


def handler(level: int | str) -> logging.Handler:
    """One that writes to stderr."""
    made = logging.StreamHandler(sys.stderr)
    made.setLevel(level)
    made.setFormatter(LINES)
    return made
