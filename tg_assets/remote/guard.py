"""Between a stage and a wire: pace, concurrency, retries, a circuit breaker and the tenant's budget.

This is the only retry policy there is; clients' own are off. Every attempt reserves tokens before it is made and
settles them afterwards, so whatever goes wrong, the day's budget is not exceeded by more than an estimate was wrong.
What does not belong here: the wires, and what is asked.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from tg_assets.remote.breaker import Breaker, Pace
from tg_assets.remote.budget import Purse
from tg_assets.remote.chat import Chat, Picture, Reply, Schema
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.errors import CallFailed, NotNow, ReplyUnusable, Trouble
from tg_assets.remote.estimate import question_tokens

# A run waits this long when a provider asks it to; what takes longer is left to a later run.
PATIENCE_SECONDS = 60.0
# However far in the future a provider puts its return, it is asked again after an hour.
LONGEST_PAUSE_SECONDS = 3600.0
BREAKER_FAILURES = 5
BREAKER_PAUSE_SECONDS = 60.0

_RETRIED = (Trouble.busy, Trouble.down, Trouble.lost)
# Codes of 400 that are about the item, whatever else is configured.
_ITEM_CODES = {
    "context_length_exceeded", "string_above_max_length", "image_parse_error", "image_too_large", "image_too_small",
    "invalid_image", "invalid_image_format", "unsupported_image_media_type", "invalid_base64_image",
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """Time, for tests to replace. ``sleep`` takes seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Guarded:
    """A ``Chat`` that fails in two ways only: NotNow and ReplyUnusable (of which Filtered is one).

    One per tenant and model in a process; safe to call from several threads.
    """

    def __init__(self, wire: Chat, model: RemoteModel, budget: Purse, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self.model = model
        self._wire = wire
        self._budget = budget
        self._clock = clock
        self._slots = threading.BoundedSemaphore(model.concurrency)
        self._pace = Pace(model.requests_per_minute, clock.now, clock.sleep)
        self._breaker = Breaker(BREAKER_FAILURES, BREAKER_PAUSE_SECONDS, clock.now)
        self._backoff = wait_random_exponential(multiplier=1, max=PATIENCE_SECONDS / 2)
        self._answered = False
        self._wrong_by = 1.0

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        """Ask, again if need be. ``tokens`` of the reply is never 0: what the provider said, else the estimate."""
        retrying = Retrying(
            stop=stop_after_attempt(self.model.attempts),
            wait=self._pause,
            retry=retry_if_exception(self._worth_retrying),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            with self._slots:
                return retrying(self._attempt, system, text, picture, schema)
        except CallFailed as failed:
            if failed.trouble is Trouble.busy:
                self._breaker.failed(self._sentence(failed))
            raise self._verdict(failed) from None

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()

    def _attempt(self, system: str, text: str, picture: Picture | None, schema: Schema | None) -> Reply:
        if why := self._breaker.blocked():
            raise NotNow(why)
        self._pace.wait()
        # A model that counts otherwise than estimated is known by its first reply.
        estimate = question_tokens(self.model, system, text, picture)
        expected = ceil(estimate * self._wrong_by)
        reservation = self._budget.reserve(expected)
        started = self._clock.now()

        def settle(tokens: int, calls: int = 1) -> None:
            self._budget.settle(reservation, tokens=tokens, calls=calls, seconds=self._clock.now() - started)

        try:
            reply = self._wire.ask(system, text, picture, schema)
        except CallFailed as failed:
            settle(expected if failed.spent else 0, calls=1 if failed.spent else 0)
            self._note(failed)
            raise
        except ReplyUnusable as unusable:
            settle(unusable.tokens)
            self._succeeded()
            raise
        tokens = reply.tokens or expected
        settle(tokens)
        self._wrong_by = max(self._wrong_by, reply.tokens / estimate)
        self._succeeded()
        return replace(reply, tokens=tokens)

    def _succeeded(self) -> None:
        self._answered = True
        self._breaker.succeeded()

    def _note(self, failed: CallFailed) -> None:
        """Tell breaker and pace about a failure; a request that was rejected is no failure of the provider."""
        sentence = self._sentence(failed)
        asked_for = failed.retry_after or 0.0
        if failed.trouble is Trouble.rejected:
            self._breaker.succeeded()
        elif asked_for > PATIENCE_SECONDS:
            self._breaker.open(min(asked_for, LONGEST_PAUSE_SECONDS), sentence)
        else:
            self._pace.hold(asked_for)
            # "Too often", said to several threads at once, is a matter of pace until attempts are used up.
            if failed.trouble is not Trouble.busy:
                self._breaker.failed(sentence)

    def _pause(self, state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        asked_for = failed.retry_after if isinstance(failed, CallFailed) else None
        return asked_for if asked_for is not None else self._backoff(state)

    @staticmethod
    def _worth_retrying(error: BaseException) -> bool:
        return (
            isinstance(error, CallFailed)
            and error.trouble in _RETRIED
            and (error.retry_after or 0.0) <= PATIENCE_SECONDS
        )

    def _verdict(self, failed: CallFailed) -> NotNow | ReplyUnusable:
        about_item = failed.code in _ITEM_CODES or str(failed).startswith("HTTP 413")
        # A model that has answered others the same way is configured well: it is this item that it does not take.
        if failed.trouble is Trouble.rejected and (about_item or self._answered):
            return ReplyUnusable(f"{self.model.name} does not accept this request ({failed})")
        return NotNow(self._sentence(failed))

    def _sentence(self, failed: CallFailed) -> str:
        name, key = self.model.name, self.model.key_env
        match failed.trouble:
            case Trouble.denied:
                what = f"check the environment variable {key}" if key else "name the variable with its key in key_env"
                return f"{name} does not accept the key ({failed}): {what}"
            case Trouble.exhausted:
                return f"{name} says that the account of the key in {key} has no money or quota left ({failed})"
            case Trouble.rejected:
                return f"{name} does not accept requests as they are configured ({failed}): check model, url and limits"
            case Trouble.busy:
                return f"{name} is asked too often ({failed}): lower requests_per_minute or concurrency"
            case Trouble.down | Trouble.lost:
                return f"{name} does not answer ({failed})"
