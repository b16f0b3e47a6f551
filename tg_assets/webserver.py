"""Dagster's webserver, with our lines of logs: ``python -m tg_assets.webserver --port …``.

What does not belong here: what it shows.
"""

from tg_assets.collector import look_seldom
from tg_assets.logs.processes import take_over


def main() -> None:
    """Dagster's command line with these."""
    look_seldom()  # while it loads, too
    from dagster_webserver.cli import main as dagster

    take_over()
    look_seldom()
    dagster()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
