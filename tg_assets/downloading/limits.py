"""Which files are wanted, and the reasons that are recorded for files that are not fetched.

A reason names the setting and its value, so it tells by itself whether it still holds: with another value the file
is due again. What does not belong here: finding or fetching files.
"""

from dataclasses import dataclass

from tg_assets.settings import MEDIA_KINDS, Settings

GONE = "the message is not at Telegram any more"
NO_FILE = "Telegram has no file for it: expired, not paid for, or taken down"
CDN_ONLY = "Telegram sends it from a content delivery network only"
HIDDEN = "not downloaded yet: the account that was asked came to the chat later"
NO_NUMBER = "its message has no number at Telegram"

GIVEN_UP = (GONE, NO_FILE, CDN_ONLY, NO_NUMBER)
"""Reasons that asking again will not change; a forced run asks all the same."""


def failed(problem: str) -> str:
    """The reason of a file that the next run tries again."""
    return f"not downloaded yet: {problem}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Files up to ``max_bytes`` of some kinds."""

    max_bytes: int
    kinds: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As a deployment chose them."""
        return cls(settings.media_max_bytes, settings.wanted_kinds)

    def refusal(self, kind: str, size: int | None) -> str | None:
        """Why a file is not wanted; None when it is, as far as is known."""
        if kind not in self.kinds:
            return self._other_kind(kind)
        return self.too_large() if (size or 0) > self.max_bytes else None

    def settled(self, *, force: bool) -> list[str]:
        """Reasons with which a file is not looked at again."""
        refused = [self._other_kind(kind) for kind in MEDIA_KINDS if kind not in self.kinds]
        return [self.too_large(), *refused, *(() if force else GIVEN_UP)]

    def too_large(self) -> str:
        """The reason of a file that is larger than wanted."""
        return f"larger than TG_MEDIA_MAX_BYTES ({self.max_bytes:,})"

    @staticmethod
    def _other_kind(kind: str) -> str:
        return f"kind {kind} is not in TG_MEDIA_KINDS"
