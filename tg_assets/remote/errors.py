"""How asking a remote model goes wrong: not now, never, or (between wire and guard) this once.

Texts here hold statuses, codes and names of variables; never a key, a header, a message or a reply.
"""

import re
from enum import StrEnum

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class NotNow(Exception):
    """No answer today: nothing is recorded, the item stays due, and a later run asks again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReplyUnusable(Exception):
    """Settled: the model answered, and asking again would not help. ``tokens`` is what the answer cost."""

    def __init__(self, reason: str, tokens: int = 0) -> None:
        super().__init__(reason, tokens)
        self.reason = reason
        self.tokens = tokens

    def __str__(self) -> str:
        return self.reason


class Filtered(ReplyUnusable):
    """Settled: the provider's content filter, or the model itself, declines to speak about this item."""


class Trouble(StrEnum):
    """What kind of failure a single call met."""

    busy = "busy"
    """Too many requests (429)."""
    down = "down"
    """Not reached, or an error of the server: it did no work."""
    lost = "lost"
    """Sent, and no usable answer came back: it may have done the work."""
    denied = "denied"
    """The key is not accepted (401, 403)."""
    exhausted = "exhausted"
    """The account has no money or quota left."""
    rejected = "rejected"
    """This very request is not accepted (400, 404, 413, 422…)."""


class CallFailed(Exception):
    """One call to a wire failed; the guard decides what follows. ``retry_after`` is in seconds."""

    def __init__(
        self, trouble: Trouble, detail: str, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        # A code is the provider's word: kept only while it looks like one.
        self.code = code if code and _CODE.fullmatch(code) else None
        super().__init__(f"{detail} {self.code}" if self.code else detail)
        self.trouble = trouble
        self.retry_after = retry_after

    @property
    def spent(self) -> bool:
        """Whether tokens may have been used although nobody said how many."""
        return self.trouble is Trouble.lost
