"""Faults on request: floods, errors, cut connections, late and missing answers."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as f

from tests.telegram_server import Cut, Delay, FloodPremiumWait, FloodWait, RpcError, Silence, TelegramServer, World
from tests.telegram_server.support import connected

HISTORY = f.messages.GetHistoryRequest


def run(question: Callable[[TelegramServer, TelegramClient], Awaitable[None]], **options: object) -> TelegramServer:
    """Ask `question` of a server with 450 messages and a file in channel "news_channel"; returns it, stopped."""
    world = World()
    me = world.user("Me")
    news = world.channel("News", [me], username="news_channel")
    world.send(news, media=world.document(bytes(500_000), "a.bin"), announce=False)
    for i in range(449):
        world.send(news, str(i), announce=False)

    async def main() -> None:
        async with connected(server.session(me), **options) as client:
            await question(server, client)

    with TelegramServer(world) as server:
        asyncio.run(main())
        assert server.errors == []
    return server


async def everything(client: TelegramClient) -> list[int]:
    return [m.id async for m in client.iter_messages("news_channel", wait_time=0)]


def test_a_flood_wait_is_waited_out() -> None:
    """A client told to wait does, asks the same again and misses nothing."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        fault = server.fault(HISTORY, FloodWait(1), at=2)
        assert await everything(client) == list(range(450, 0, -1))
        assert (fault.hits, len(server.requests(HISTORY))) == (1, 6)
        assert [call.error and call.error.message for call in server.calls if isinstance(call.request, HISTORY)] == [
            None,
            "FLOOD_WAIT_1",
            *[None] * 4,
        ]

    run(question)


def test_a_flood_wait_is_raised() -> None:
    """A client that will not sleep gets the error with its seconds, as often as planned."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.fault(HISTORY, FloodWait(77), times=2)
        for _ in range(2):
            with pytest.raises(errors.FloodWaitError) as caught:
                await client(HISTORY(await client.get_input_entity("news_channel"), 0, None, 0, 1, 0, 0, 0))
            assert caught.value.seconds == 77
            client._flood_waited_requests.clear()
        assert len(await everything(client)) == 450

    run(question, flood_sleep_threshold=0)


def test_premium_waits_come_with_downloads() -> None:
    """FLOOD_PREMIUM_WAIT may answer any method, a part of a file too, and is waited out."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        fault = server.fault(f.upload.GetFileRequest, FloodPremiumWait(1), at=2)
        (message,) = await client.get_messages("news_channel", ids=[1])
        assert await client.download_media(message, bytes) == bytes(500_000)
        assert fault.hits == 1

    run(question)


def test_any_error_for_chosen_requests() -> None:
    """A fault may look at the request and strike for ever."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        fault = server.fault(HISTORY, RpcError(400, "CHANNEL_PRIVATE"), times=None, when=lambda r: r.offset_id == 251)
        with pytest.raises(errors.ChannelPrivateError):
            await everything(client)
        assert (fault.seen, fault.hits) == (1, 1)
        server.faults.clear()
        assert len(await everything(client)) == 450

    run(question)


@pytest.mark.parametrize("after", [False, True])
def test_a_cut_connection(after: bool) -> None:
    """A connection cut in the middle, before or after the answer was made, is made anew and the request repeated."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.fault(HISTORY, Cut(after=after), at=3)
        assert await everything(client) == list(range(450, 0, -1))
        assert len(server.requests(HISTORY)) == 6

    run(question, retry_delay=0)


def test_all_connections_cut() -> None:
    """Connections cut at once come back by themselves."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.cut_connections()
        assert len(await everything(client)) == 450

    run(question, retry_delay=0)


def test_an_outage() -> None:
    """A client whose server is away for a while goes on where it was."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        with server.outage():
            waiting = asyncio.create_task(everything(client))
            await asyncio.sleep(0.2)
            assert not waiting.done()
        assert await waiting == list(range(450, 0, -1))

    run(question, connection_retries=1000, retry_delay=0)


def test_a_late_answer_holds_nothing_up() -> None:
    """Answers are as late as asked for, without delaying requests made at the same time."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.fault(f.users.GetFullUserRequest, Delay(0.5))
        order: list[str] = []

        async def ask(name: str) -> None:
            await client(f.users.GetFullUserRequest("me"))
            order.append(name)

        first = asyncio.create_task(ask("late"))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, ask("soon"))
        assert order == ["soon", "late"]

    run(question)


def test_no_answer_at_all() -> None:
    """A request may stay without an answer while others get theirs."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.fault(f.updates.GetStateRequest, Silence(), times=None)
        silent = asyncio.ensure_future(client(f.updates.GetStateRequest()))
        assert len(await everything(client)) == 450
        assert not silent.done()
        silent.cancel()

    run(question)


def test_latency_is_shared_by_requests_in_flight() -> None:
    """With latency, requests sent together all arrive before the first answer goes out."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.latency = 0.3
        seen: list[int] = []

        async def ask() -> None:
            await client(f.users.GetFullUserRequest("me"))
            seen.append(server.counts[f.users.GetFullUserRequest])

        await asyncio.gather(*(ask() for _ in range(8)))
        assert seen == [8] * 8

    run(question)


def test_answers_may_be_packed() -> None:
    """Answers are read as well when they come gzipped."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        server.gzip = True
        assert len(await everything(client)) == 450

    run(question)


def test_takeout() -> None:
    """Requests of a takeout are known as such, and refused once it is over."""

    async def question(server: TelegramServer, client: TelegramClient) -> None:
        async with client.takeout(finalize=True) as takeout:
            assert len(await everything(takeout)) == 450
            number = takeout.session.takeout_id
        assert all(call.takeout == number for call in server.calls if isinstance(call.request, HISTORY))
        with pytest.raises(errors.TakeoutInvalidError):
            await client(f.InvokeWithTakeoutRequest(number, f.updates.GetStateRequest()))

    run(question)
