"""Where evidence is looked at in Dagster: pages of runs, and of assets at the partition of a message.

What does not belong here: evidence itself (``answers.lineage``).
"""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from tg_assets.answers.lineage import Made
from tg_assets.partitions import date_key


def runs_of(made_of: Iterable[Made], dagster: str | None) -> dict[str, str]:
    """Pages of runs, by their ids; none where Dagster has no address."""
    return {one.run_id: f"{dagster}/runs/{one.run_id}" for one in made_of if one.run_id and dagster}


def assets_of(made_of: Iterable[Made], feed: str, at: datetime, dagster: str | None) -> dict[str, str]:
    """Pages of assets at the partition of a feed that this time is in, by stages: a stage's name begins with its
    asset's."""
    if not dagster:
        return {}
    partition = quote(f"{date_key(at)}|{feed}", safe="")
    return {
        one: f"{dagster}/assets/{one.partition('.')[0]}?view=partitions&partition={partition}"
        for one in sorted({each.stage for each in made_of})
    }
