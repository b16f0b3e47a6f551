"""The order in which the live refresh makes things; what it is made of is ``tg_assets.assets.order``."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Round:
    """A round over one feed, by names of assets: text first, then what is slow, then again what that adds to."""

    first: tuple[str, ...]
    slow: Mapping[str, int]
    """What takes seconds each, and how many of one feed are made in one round: new messages wait no longer than these
    take."""
    again: tuple[str, ...]
    """Of the first, what is made of slow ones, too: made again once there are some."""
    last: tuple[str, ...]
    wait_for: Mapping[str, tuple[str, ...]]
    """What must not be made while another run is still making what it is made of: an album would be told of half
    done."""
