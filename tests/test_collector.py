"""What the collector leaves alone."""

import subprocess
import sys

ENDING = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 100_000))
from tg_assets.collector import look_seldom
look_seldom()
look_seldom()
made = [[] for _ in range(100_000)]
"""


def test_what_is_there_at_the_end_is_not_looked_through() -> None:
    """It would take half a second of each command's."""
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert not done.stderr
