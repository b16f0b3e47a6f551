"""What ``workspace.yaml`` points at: the definitions of this deployment."""

from tg_assets.definitions import build_defs

defs = build_defs()
