"""``health``: whether everything moves, in a sentence for each thing that does not."""

import sys

import click
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console
from tg_assets.cli.services import tell_absence

PATIENCE_SECONDS = 30.0
"""A server that does not answer in that time does not answer."""


@click.command("health")
@click.option("--strict", is_flag=True, help="End with 1 for warnings, too.")
@json_option
def health_command(strict: bool, as_json: bool) -> None:
    """Say whether everything moves, by the thresholds of the alerts; ends with 1 when something does not."""
    from tg_assets.cli.measured import measure
    from tg_assets.monitoring.health import Status, detailed

    tell_absence(runtime.settings())
    said = detailed(measure(PATIENCE_SECONDS))
    if as_json:
        show_json("health", said.pop("problems"), **said)
    else:
        table = Table("problem", "severity", "what it is, and what to do")
        for one in said["problems"]:
            style = "bold red" if one["severity"] == "critical" else "yellow"
            table.add_row(one["name"], Text(one["severity"], style=style), f"{one['said']} {one['mend']}")
        console.print(table if said["problems"] else "Everything moves.")
    if said["status"] == Status.unhealthy or (strict and said["status"] != Status.healthy):
        sys.exit(1)
