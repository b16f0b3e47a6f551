"""The seam: one question, with or without a picture, to a model, and its reply.

A wire implements ``Chat`` and raises ``CallFailed`` or ``Filtered``, nothing else; it neither retries nor waits.
What does not belong here: retries, budgets, prompts, parsing replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from tg_assets.remote.errors import CallFailed, Trouble

Schema = Mapping[str, Any]
"""A JSON schema; its ``title`` names it on the wire."""

_TROUBLES = {401: Trouble.denied, 403: Trouble.denied, 402: Trouble.exhausted, 429: Trouble.busy}
_PASSING = (408, 409, 425)


@dataclass(frozen=True)
class Picture:
    """An encoded picture, ``width`` by ``height`` pixels."""

    data: bytes = field(repr=False)
    width: int
    height: int
    mime: str = "image/jpeg"


@dataclass(frozen=True)
class Reply:
    """What the model said. ``tokens`` is 0 when the provider did not say; ``truncated``: it was cut by the limit."""

    text: str = field(repr=False)
    tokens: int
    model: str
    truncated: bool = False


class Chat(Protocol):
    """A model that answers."""

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        """Ask once. ``schema`` is a wish: an endpoint that knows no schemas is asked without it."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def failure(status: int, headers: Mapping[str, str] | None = None, code: str | None = None) -> CallFailed:
    """What an HTTP status other than 200 means."""
    trouble = _TROUBLES.get(status)
    if trouble is None:
        trouble = Trouble.down if status >= 500 or status in _PASSING else Trouble.rejected
    if code == "insufficient_quota":  # OpenAI says 429 here too, but waiting does not bring money
        trouble = Trouble.exhausted
    return CallFailed(trouble, f"HTTP {status}", code=code, retry_after=retry_after(headers or {}))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, given as seconds or as a date; None when it says nothing."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.0) if seconds == seconds else None
