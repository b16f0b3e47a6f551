"""What ``workspace.yaml`` points at: the definitions of this deployment, whose runs and sensors write our lines."""

from tg_assets.assets import ASSETS
from tg_assets.definitions import build_defs
from tg_assets.logs.processes import take_over

take_over(asset.name for asset in ASSETS)
defs = build_defs()
