"""One retry policy for all wires: what is tried again, what is left for later, and what is settled."""

import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.remote.conftest import KEY, Ledger, Time
from tests.support.model_server import CUT, HANG, Asked, Fault, ModelServer, busy
from tg_assets.remote.breaker import Breaker
from tg_assets.remote.chat import Picture
from tg_assets.remote.errors import Filtered, NotNow, ReplyUnusable
from tg_assets.remote.guard import BREAKER_FAILURES, BREAKER_PAUSE_SECONDS, Guarded

Make = Callable[..., Guarded]
WORDS = "a private message about the red door"
PROMPT = "a prompt of ours"


def test_a_failure_is_tried_again_until_it_is_answered(
    server: ModelServer, guarded: Make, ledger: Ledger, time: Time
) -> None:
    server.faults.extend([Fault(500), Fault(503)])
    assert guarded(attempts=3).ask("s", "t").tokens == 1200
    assert len(server.chats) == 3
    assert len(time.slept) == 2
    assert ledger.settled == [(0, 0), (0, 0), (1200, 1)]


def test_attempts_are_a_limit(server: ModelServer, guarded: Make, ledger: Ledger) -> None:
    server.always = Fault(500)
    with pytest.raises(NotNow, match="does not answer \\(HTTP 500\\)"):
        guarded(attempts=4).ask("s", "t")
    assert len(server.chats) == 4
    assert ledger.settled == [(0, 0)] * 4


def test_retry_after_is_honoured(server: ModelServer, guarded: Make, time: Time) -> None:
    """And nobody else comes earlier."""
    server.faults.append(busy("17"))
    chat = guarded()
    began = time.now
    chat.ask("s", "t")
    assert 17 in time.slept
    assert time.now >= began + 17


def test_retry_after_beyond_patience_is_for_a_later_run(server: ModelServer, guarded: Make, time: Time) -> None:
    server.faults.append(busy("7200"))
    chat = guarded(attempts=5)
    for _ in range(20):
        with pytest.raises(NotNow, match="asked too often"):
            chat.ask("s", "t")
    assert len(server.chats) == 1
    assert time.slept == []
    time.now += 3601  # however long the provider says, it is asked again after an hour
    chat.ask("s", "t")


def test_too_often_said_to_many_threads_is_only_a_matter_of_pace(server: ModelServer, guarded: Make) -> None:
    server.faults.extend([busy("1")] * 16)
    chat = guarded(concurrency=8, attempts=10)
    with ThreadPoolExecutor(8) as pool:
        assert len([*pool.map(lambda number: chat.ask("s", str(number)), range(8))]) == 8


@pytest.mark.parametrize("fault", [HANG, CUT], ids=["hang", "cut"])
def test_a_call_that_was_sent_and_not_answered_keeps_its_estimate(
    server: ModelServer, guarded: Make, ledger: Ledger, fault: Fault
) -> None:
    """It may have been charged for."""
    server.faults.append(fault)
    guarded(timeout_seconds=0.3).ask("s", "t")
    assert ledger.settled == [(ledger.reserved[0], 1), (1200, 1)]


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_names_the_variable_and_is_not_tried_again(server: ModelServer, guarded: Make, status: int) -> None:
    server.always = Fault(status)
    with pytest.raises(NotNow, match="check the environment variable MODEL_KEY"):
        guarded().ask("s", "t")
    assert len(server.chats) == 1


def test_a_wrong_model_settles_nothing(server: ModelServer, guarded: Make) -> None:
    """Until one request was accepted, a refusal may be the configuration's fault."""
    server.always = Fault(404)
    with pytest.raises(NotNow, match="check model, url and limits"):
        guarded().ask("s", "t")


@pytest.mark.parametrize("fault", [Fault(413), Fault(400, code="context_length_exceeded")], ids=str)
def test_a_request_that_is_too_big_is_settled(server: ModelServer, guarded: Make, fault: Fault) -> None:
    server.faults.append(fault)
    with pytest.raises(ReplyUnusable):
        guarded().ask("s", "t")


def test_a_refused_request_among_answered_ones_is_settled(server: ModelServer, guarded: Make) -> None:
    chat = guarded()
    chat.ask("s", "t")
    server.faults.append(Fault(400))
    with pytest.raises(ReplyUnusable, match="HTTP 400"):
        chat.ask("s", "t")


def test_a_filtered_answer_is_paid_for(server: ModelServer, guarded: Make, ledger: Ledger) -> None:
    server.faults.append(Fault(finish="content_filter"))
    with pytest.raises(Filtered):
        guarded().ask("s", "t")
    assert ledger.settled == [(1200, 1)]
    assert len(server.chats) == 1


def test_a_reply_without_usage_costs_the_estimate(server: ModelServer, guarded: Make, ledger: Ledger) -> None:
    server.faults.append(Fault(without_usage=True))
    assert guarded().ask("s", "t").tokens == ledger.reserved[0] > 0


def test_an_estimate_learns(guarded: Make, ledger: Ledger) -> None:
    """A model that counts otherwise is reserved for by what it said last."""
    chat = guarded(max_reply_tokens=16)
    chat.ask("s", "t")
    chat.ask("s", "t")
    assert ledger.reserved[0] < 1200 <= ledger.reserved[1]


def test_down_for_a_while(server: ModelServer, guarded: Make, ledger: Ledger, time: Time) -> None:
    """All are left for later, few requests are made, nothing is spent; then all are answered."""
    chat = guarded(attempts=2)
    server.always = Fault(503)
    for _ in range(50):
        with pytest.raises(NotNow):
            chat.ask("s", "t")
    assert len(server.chats) == BREAKER_FAILURES
    with pytest.raises(NotNow, match="left alone for another"):
        chat.ask("s", "t")

    time.now += BREAKER_PAUSE_SECONDS + 1  # still down: one call finds out, for all
    for _ in range(10):
        with pytest.raises(NotNow):
            chat.ask("s", "t")
    assert len(server.chats) == BREAKER_FAILURES + 1
    assert {tokens for tokens, _ in ledger.settled} == {0}

    server.always = None
    time.now += BREAKER_PAUSE_SECONDS + 1
    assert [chat.ask("s", "t").tokens for _ in range(10)] == [1200] * 10


def test_one_call_tries_a_provider_that_was_down() -> None:
    now = 0.0
    breaker = Breaker(2, 10, lambda: now)
    breaker.failed("down")
    assert breaker.blocked() is None
    breaker.failed("down")
    assert breaker.blocked() is not None
    now = 11
    assert breaker.blocked() is None
    assert breaker.blocked() is not None  # the first one has not come back yet
    now = 22
    assert breaker.blocked() is None  # and never did
    breaker.succeeded()
    assert [breaker.blocked(), breaker.blocked()] == [None, None]


def test_never_more_at_once_than_allowed(server: ModelServer, guarded: Make) -> None:
    """Two of eight threads ask at a time, and really two: the first two wait for a third, in vain."""
    both, crowd = threading.Barrier(2), threading.Event()

    def says(asked: Asked) -> str:
        if len(server.chats) > 2:
            crowd.set()
            return "x"
        both.wait(30)
        crowd.wait(1)
        return "x"

    server.says = says
    chat = guarded(concurrency=2)
    with ThreadPoolExecutor(8) as pool:
        assert len([*pool.map(lambda number: chat.ask("s", str(number)), range(8))]) == 8
    assert server.most_at_once == 2


def test_requests_are_spaced(guarded: Make, time: Time) -> None:
    chat = guarded(requests_per_minute=30)
    began = time.now
    for _ in range(5):
        chat.ask("s", "t")
    assert time.now == began + 4 * 2


@pytest.mark.parametrize("kind", ["openai", "gigachat"])
@pytest.mark.parametrize(
    "fault",
    [Fault(400), Fault(401), Fault(403), Fault(404), busy("1"), Fault(500), CUT, Fault(finish="length")],
    ids=str,
)
def test_neither_key_nor_words_in_errors_or_logs(
    server: ModelServer, guarded: Make, caplog: pytest.LogCaptureFixture, kind: str, fault: Fault
) -> None:
    """Even when everything is logged, and whatever the provider repeats in its errors."""
    caplog.set_level(logging.DEBUG)
    server.says = f"reply about {WORDS}"
    server.always = None if fault.finish else fault
    chat = guarded(kind)
    said = [repr(chat), repr(vars(chat)), repr(chat.model)]
    try:
        said.append(repr(chat.ask(PROMPT, WORDS, Picture(WORDS.encode(), 9, 9))))
    except (NotNow, ReplyUnusable) as error:
        said += [repr(error), *traceback.format_exception(error)]
    text = "\n".join([*said, caplog.text])
    for secret in (KEY, KEY[:8], WORDS, PROMPT, "Bearer", "Basic", "sk-test"):
        assert secret not in text
