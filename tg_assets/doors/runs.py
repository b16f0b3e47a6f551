"""Where runs are looked at: pages of Dagster's.

What does not belong here: what runs made (``answers.lineage``).
"""

from collections.abc import Iterable

from tg_assets.answers.lineage import Made


def runs_of(made_of: Iterable[Made], dagster: str | None) -> dict[str, str]:
    """Pages of runs, by their ids; none where Dagster has no address."""
    return {one.run_id: f"{dagster}/runs/{one.run_id}" for one in made_of if one.run_id and dagster}
