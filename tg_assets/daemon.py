"""Dagster's daemon, which looks after backfills every few seconds: ``python -m tg_assets.daemon run …``.

Dagster's own looks every 30 s and has no setting for it: a backfill of two seconds took a minute, half of it before it
began and half until its end was noticed. What does not belong here: sensors and schedules, which have settings of their
own (``minimum_interval_seconds``, ``dagster.yaml``).
"""

from dagster._daemon import controller

BACKFILL_SECONDS = 3
"""From the end of a look at the backfills that are open to the next one."""


def main() -> None:
    """Dagster's command line with this interval."""
    from dagster._daemon.cli import main as dagster

    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = BACKFILL_SECONDS
    dagster()


if __name__ == "__main__":
    main()
