"""The producer keeps the order, stops before a stream runs full, and loses nothing when Redis is away."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tg_assets.errors import TgAssetsError
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.streams import GROUP, decode, shard_names
from tg_assets.live.backlog import backlog
from tg_assets.live.producer import Producer

PARSED = "stream:posts:parsed"
NOWHERE = "redis://127.0.0.1:9/0"  # the discard port: nobody listens


@pytest.fixture
def redis(servers: dict[str, str]) -> Iterator["Redis"]:
    """A client of a database that only these tests use, empty."""
    url = urlsplit(servers["TG_REDIS_URL"])._replace(path="/9").geturl()
    with Redis.from_url(url) as client:
        client.flushdb()
        yield client
        client.flushdb()


def url_of(redis: Any) -> str:
    about = redis.connection_pool.connection_kwargs
    return f"redis://:{about['password']}@{about['host']}:{about['port']}/9"


def event(number: int, chat: int = -1000000000042) -> PostParsedEventV1:
    return PostParsedEventV1.model_validate(
        {
            "tenant_id": "t",
            "tg_channel_id": chat,
            "telegram_message_id": number,
            "text": "x",
            "posted_at": "2025-01-01T00:00:00Z",
        }
    )


def sent(redis: Any, stream: str = PARSED) -> list[int]:
    """Message ids in a stream."""
    return [decode(stream, fields[b"data"]).telegram_message_id for _, fields in redis.xrange(stream)]


def test_events_arrive_in_order_with_an_envelope(redis: Any) -> None:
    with Producer(redis) as producer:
        one = producer.send(event(1))
        ids = producer.send_many(event(number) for number in range(2, 1202))
    assert sent(redis) == list(range(1, 1202))
    assert [entry.decode() for entry, _ in redis.xrange(PARSED)] == [one, *ids]
    (_, fields), *_ = redis.xrange(PARSED, count=1)
    assert list(fields) == [b"data"]
    first = decode(PARSED, fields[b"data"])
    assert (first.event_id, first.idempotency_key) == (first.trace_id, "t:-1000000000042:1")


def test_a_chat_stays_in_its_shard(redis: Any) -> None:
    with Producer(url_of(redis), shards=3) as producer:
        producer.send_many(event(number, -1000000000000 - number % 20) for number in range(1, 201))
    chats = [
        {decode(name, fields[b"data"]).tg_channel_id for _, fields in redis.xrange(name)}
        for name in shard_names(PARSED, 3)
    ]
    assert sum(map(len, chats)) == len(set.union(*chats)) == 20


def test_backlog(redis: Any) -> None:
    """What nobody read, or read and not acknowledged; counted when Redis does not know."""
    assert backlog(redis, PARSED) == 0
    with Producer(redis) as producer:
        ids = producer.send_many(event(number) for number in range(1, 31))
    assert backlog(redis, PARSED) == 30
    redis.xgroup_create(PARSED, GROUP, id="0")
    redis.xreadgroup(GROUP, "c", {PARSED: ">"}, count=10)
    assert backlog(redis, PARSED) == 30
    redis.xack(PARSED, GROUP, *ids[:10])
    assert backlog(redis, PARSED) == 20
    redis.xdel(PARSED, ids[15])
    (group,) = redis.xinfo_groups(PARSED)
    assert group["lag"] is None
    assert backlog(redis, PARSED) == 19
    assert backlog(redis, PARSED, enough=29) == 29


def test_a_full_stream_is_waited_for(redis: Any) -> None:
    """Told while it lasts; events go on as soon as the group has caught up."""
    redis.xgroup_create(PARSED, GROUP, id="0", mkstream=True)
    told: list[tuple[str, int]] = []

    def waiting(what: str, unread: int) -> None:
        told.append((what, unread))
        if len(told) == 3:
            entries = redis.xreadgroup(GROUP, "c", {PARSED: ">"})
            redis.xack(PARSED, GROUP, *[entry for entry, _ in entries[0][1]])

    with Producer(redis, high_water=500, waiting=waiting, check_every=100, retry_seconds=0.01) as producer:
        producer.send_many(event(number) for number in range(1, 1001))
    assert sent(redis) == list(range(1, 1001))
    assert told == [(PARSED, 500)] * 3


def test_a_full_stream_spills_and_the_next_producer_sends_it_first(redis: Any, tmp_path: Path) -> None:
    """Also one that was killed in the middle of a line; nothing overtakes what waits."""
    spill = tmp_path / "live" / "spill.jsonl"
    redis.xgroup_create(PARSED, GROUP, id="0", mkstream=True)
    options: dict[str, Any] = {"on_full": "spill", "spill_path": spill, "check_every": 100, "retry_seconds": 0}
    producer = Producer(redis, high_water=500, **options)
    ids = producer.send_many(event(number) for number in range(1, 1201))
    assert [entry is None for entry in ids] == [False] * 500 + [True] * 700
    assert producer.spilled
    assert sent(redis) == list(range(1, 501))
    with pytest.raises(TgAssetsError, match="another producer"):
        Producer(redis, **options)
    producer._spill._file.close()  # type: ignore[union-attr]  # as a kill would
    with spill.open("ab") as file:
        file.write(b'{"stream":"stream:posts:pa')
    redis.delete(PARSED)
    with Producer(redis, **options) as successor:
        assert successor.send(event(1201))
        assert not successor.spilled
    assert sent(redis) == list(range(501, 1202))
    assert not spill.exists()


def test_a_spill_that_was_sent_in_part_goes_on_where_it_was(redis: Any, tmp_path: Path) -> None:
    spill = tmp_path / "spill.jsonl"
    options: dict[str, Any] = {"on_full": "spill", "spill_path": spill, "retry_seconds": 0, "check_every": 500}
    with Producer(NOWHERE, **options) as producer:
        producer.send_many(event(number) for number in range(1, 1501))
    with Producer(redis, high_water=500, **options) as producer:
        assert not producer.resend()
    assert sent(redis) == list(range(1, 501))
    redis.delete(PARSED)
    with Producer(redis, **options) as producer:
        assert producer.resend()
    assert sent(redis) == list(range(501, 1501))
    assert list(tmp_path.iterdir()) == []


@contextmanager
def proxy(redis: Any) -> Iterator[tuple[str, Callable[[bool], None]]]:
    """A way to the server that can be cut: ``(url, switch)``."""
    about = redis.connection_pool.connection_kwargs
    listener = socket.create_server(("127.0.0.1", 0))
    links: list[socket.socket] = []
    is_open = threading.Event()
    is_open.set()

    def pump(source: socket.socket, target: socket.socket) -> None:
        with source, target, suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            if not is_open.is_set():
                link.close()
                continue
            server = socket.create_connection((about["host"], about["port"]))
            links.extend((link, server))
            for pair in ((link, server), (server, link)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    def switch(on: bool) -> None:
        if on:
            is_open.set()
            return
        is_open.clear()
        for link in links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        links.clear()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"redis://:{about['password']}@127.0.0.1:{listener.getsockname()[1]}/9", switch
    finally:
        switch(False)
        listener.close()


def test_a_lost_connection_is_survived(redis: Any) -> None:
    """What was under way may be there twice; nothing is missing and the order holds."""
    with proxy(redis) as (url, switch), Producer(url) as producer:
        producer.send_many(event(number) for number in range(1, 501))
        switch(False)
        threading.Timer(1.0, switch, [True]).start()
        producer.send_many(event(number) for number in range(501, 1001))
    assert list(dict.fromkeys(sent(redis))) == list(range(1, 1001))


def test_a_server_that_stays_away_is_told(servers: dict[str, str]) -> None:
    told: list[str] = []
    producer = Producer(NOWHERE, away_seconds=0.3, waiting=lambda what, _: told.append(what))
    with pytest.raises(TgAssetsError, match="Redis did not take events"):
        producer.send(event(1))
    assert told[0] == "Redis is away"


def test_a_wrong_password_is_told_at_once(redis: Any) -> None:
    with pytest.raises(TgAssetsError, match="password"):
        Producer(url_of(redis).replace("//:", "//:wrong")).send(event(1))


def test_a_key_that_is_no_stream_is_told(redis: Any) -> None:
    redis.set(PARSED, "x")
    with pytest.raises(TgAssetsError, match="Redis refuses"):
        Producer(redis).send(event(1))


def test_spilling_needs_a_path() -> None:
    with pytest.raises(ValueError, match="spill_path"):
        Producer(NOWHERE, on_full="spill")
