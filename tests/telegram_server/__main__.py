"""A demonstration by hand: `python -m tests.telegram_server [port]` serves a small world until interrupted.

It prints what a client needs, and a new post comes every ten seconds.
"""

import sys
import threading
from datetime import UTC, datetime

from tests.telegram_server import TelegramServer, World


def demo_world() -> World:
    """One account with a channel, its discussion group, a forum, a small group and a private chat."""
    world = World(datetime.now(UTC))
    me = world.user("Me", phone="79990000000", password="password")
    bob = world.user("Bob", username="bobby")
    talk = world.supergroup("News talk", [me, bob])
    news = world.channel("News", [me], username="loopback_news", discussion=talk)
    world.album(news, [world.photo(bytes([i]) * 1000) for i in range(3)], "An album")
    world.comment(world.send(news, "A post"), "A comment", sender=bob)
    forum = world.forum("Forum", [me, bob])
    world.send(forum, "In a topic", sender=bob, topic=world.topic(forum, "Topic", creator=bob))
    world.send(world.group("Small group", [me, bob]), "To a few", sender=bob)
    world.send(me, "To you", sender=bob)
    return world


def main() -> None:
    """Serve until interrupted; the second data centre has the next port."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    world = demo_world()
    me, news = world.users[1001], world.by_username("loopback_news")
    with TelegramServer(world, ports=(port, port and port + 1)) as server:
        print(f"data centre 2: {server.address[0]}:{server.address[1]}, api id 1, any api hash")
        print(f"session of {me.first_name}: {server.session(me)}")
        print(f"or sign in: +{me.phone}, password {me.password!r}; codes are printed here\n{server.public_key}")
        known: dict[str, tuple[str, str]] = {}
        for tick in range(sys.maxsize):
            threading.Event().wait(1)
            for phone in server.accounts.codes.keys() - known.keys():
                print(f"code for +{phone}: {server.code_for(phone)}", flush=True)
            known = dict(server.accounts.codes)
            if tick % 10 == 9:
                world.send(news, f"Post at {datetime.now(UTC):%H:%M:%S}", date=datetime.now(UTC))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
