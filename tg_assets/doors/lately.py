"""What opened something lately: hashes, of so many at most, and so only those that were brought last.

It opens nothing: it says whose token is worth asking the database about although others at the same address guess. What
does not belong here: what a token opens (``tokens``), how often anybody may be wrong (``guards``).
"""

from collections import OrderedDict
from threading import Lock

from tg_assets.tenant_secrets import hashed

MOST = 10_000


class Lately:
    """For any number of threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, Lock()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, brought: str | None) -> bool:
        return brought is not None and hashed(brought) in self._known

    def keep(self, brought: str | None) -> None:
        """It opened something just now."""
        if brought is None:
            return
        with self._lock:
            self._known[hashed(brought)] = None
            self._known.move_to_end(hashed(brought))
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def forget(self, brought: str | None) -> None:
        """It opens nothing any more."""
        if brought is not None:
            with self._lock:
                self._known.pop(hashed(brought), None)
