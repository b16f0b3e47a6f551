"""A Telegram on this machine, to test against with an unmodified `telethon.TelegramClient`.

The server speaks real MTProto with Telethon's own TL classes, so both ends always have the same layer. A test builds a
`World`, starts a `TelegramServer`, and gives clients its sessions::

    world = World()
    me = world.user("Me")
    news = world.channel("News", [me], username="news")
    world.send(news, "Hello")
    with TelegramServer(world) as server:
        server.fault(GetHistoryRequest, FloodWait(1))
        client = TelegramClient(StringSession(server.session(me)), 1, "hash")
        ...  # in any event loop, in this process or another
        assert not server.errors

Here: what Telegram does. Not here: what our assets make of it. See README.md for more.
"""

from tests.telegram_server.faults import Cut, Delay, FloodPremiumWait, FloodWait, RpcError, Silence
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.world import World

__all__ = ["Cut", "Delay", "FloodPremiumWait", "FloodWait", "RpcError", "Silence", "TelegramServer", "World"]
