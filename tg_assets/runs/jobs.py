"""Jobs: selections of assets that people and schedules launch by name."""

import dagster as dg

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all(),
    description="All assets of a feed over a range of dates: what a backfill from the asset graph launches.",
)
