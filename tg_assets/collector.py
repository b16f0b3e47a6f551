"""How often Python's collector looks for cycles that nobody holds.

With its own 700 objects it looks all the time in processes that load much: a seventh of a command's time went there,
most of it among modules that were being loaded, where there is nothing to find. An interpreter that ends looks through
all of them three times more, half a second with Dagster's. What does not belong here: processes that do without it for
a while and say why (``live.tail``).
"""

import atexit
import gc

YOUNG = 10_000
"""Objects made before it looks at them."""


def look_seldom() -> None:
    """Look at new objects only, and seldom; what is there stays. At the process' end look at none."""
    gc.freeze()
    gc.set_threshold(YOUNG)
    atexit.unregister(gc.freeze)  # so that it is done once, however often this is called
    atexit.register(gc.freeze)
