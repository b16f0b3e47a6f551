"""When an export was made, as far as its name tells: an export has no date of its own.

Telegram Desktop puts the day into the name of the folder. What does not belong here: what its messages tell
(``landing.set_moment``).
"""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

# The day is the exporting machine's, and the first zone to begin it is fourteen hours ahead of UTC.
_FIRST_ZONE = timezone(timedelta(hours=14))
_NAMED = re.compile(r"(?:Chat|Data)Export_(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)_(\d\d)_(\d{4}))(?!\d)")


def export_day(path: Path) -> datetime | None:
    """Begin of the day in the name of an export, or of the folder that it is in; None when there is none."""
    for name in (path.name, path.absolute().parent.name):
        if found := _NAMED.search(name):
            year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
            try:
                return datetime(int(year), int(month), int(day), tzinfo=_FIRST_ZONE)
            except ValueError:
                return None
    return None
