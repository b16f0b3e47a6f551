"""Whatever goes wrong on the way, the end is the same, and nothing that came is asked for again."""

import time
from collections.abc import Callable
from itertools import count
from threading import Thread
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.client.downloads import _CdnRedirect
from telethon.network import MTProtoSender
from telethon.tl.functions.auth import ExportAuthorizationRequest, ImportAuthorizationRequest
from telethon.tl.functions.channels import GetMessagesRequest
from telethon.tl.functions.upload import GetFileRequest

from tests.downloading import child
from tests.downloading.support import Reader, content, news, post
from tests.telegram_server import Cut, FloodPremiumWait, FloodWait, RpcError, Silence, World
from tg_assets.accounts.budget import FloodTooLong
from tg_assets.downloading.partial import PART
from tg_assets.downloading.transfer import MOST_REQUESTS
from tg_assets.errors import ServerDown
from tg_assets.settings import load_settings

Read = Callable[[World], Reader]
PARTS = 5


def large(number: int = 1, dc: int = 2) -> World:
    """A channel with documents of five parts, the last of them short."""
    world, _, _ = news()
    post(world, *(world.document(content(PARTS * PART - 9, seed), f"{seed}.bin", dc=dc) for seed in range(number)))
    return world


def whole(reader: Reader) -> bool:
    """Whether every document is stored as it is."""
    return list(reader.stored().values()) == [file.data for file in reader.loop.world.files.values()]


def part(number: int, file: int | None = None) -> Callable[[Any], bool]:
    """Requests for one part, of one file or of any."""
    return lambda request: request.offset == number * PART and file in (None, request.location.id)


@pytest.mark.parametrize("wait", [FloodWait, FloodPremiumWait])
def test_a_flood_wait_at_any_part(read: Read, wait: Callable[[int], RpcError]) -> None:
    """Whichever part Telegram makes wait, that part alone is asked for again, and the file is the same."""
    reader = read(large(PARTS))
    files = list(reader.loop.world.files)
    for number, file in enumerate(files):
        reader.loop.server.fault(GetFileRequest, wait(1), when=part(number, file))
    done = reader.download()
    assert whole(reader)
    asked = reader.asked()
    assert {key: count for key, count in asked.items() if count > 1} == {
        (file, number): 2 for number, file in enumerate(files)
    }
    assert done.waits == PARTS
    assert done.requests == asked.total()


@pytest.mark.parametrize("kind", [ExportAuthorizationRequest, ImportAuthorizationRequest])
def test_a_flood_wait_on_the_way_to_another_data_centre(read: Read, kind: type) -> None:
    """A wait that Telegram asks for before the first part is slept through, too."""
    reader = read(large(2, dc=4))
    reader.loop.server.fault(kind, FloodWait(1))
    done = reader.download()
    assert whole(reader)
    assert (done.waits, done.failed.total()) == (1, 0)
    assert set(reader.asked().values()) == {1}


def test_a_flood_wait_that_is_too_long(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that would have to wait too long ends with a sentence; the next asks for the missing parts only."""
    monkeypatch.setenv("TG_FLOOD_LIMIT_SECONDS", "1")
    reader = read(large())
    (file,) = reader.loop.world.files
    reader.loop.server.fault(GetFileRequest, FloodWait(30), when=part(2))
    with pytest.raises(FloodTooLong):
        reader.download()
    reader.loop.rows("UPDATE accounts SET flood_until = NULL RETURNING 1")
    before = reader.asked()
    assert reader.download().files == 1
    assert whole(reader)
    assert (file, 2) in reader.asked() - before
    assert not (reader.asked() - before).keys() & (before.keys() - {(file, 2)})


@pytest.mark.parametrize("dc", [2, 4])
@pytest.mark.parametrize("after", [True, False])
def test_a_connection_that_is_cut(read: Read, dc: int, after: bool) -> None:
    """A connection that breaks at any part is made anew, and the files come whole in the same run."""
    reader = read(large(2, dc))
    for number in (1, 3):
        reader.loop.server.fault(GetFileRequest, Cut(after=after), when=part(number))
    assert reader.download().files == 2
    assert whole(reader)


@pytest.mark.parametrize("dc", [2, 4])
def test_a_killed_run_goes_on(read: Read, dc: int) -> None:
    """After a kill the next run asks for the parts that had not come, and for no other, in order or not."""
    reader = read(large(1, dc))
    (file,) = reader.loop.world.files
    held = [reader.loop.server.fault(GetFileRequest, Silence(), times=None, when=part(number)) for number in (1, 4)]
    process = child.start(reader.loop.tenant, reader.feed)
    deadline = time.monotonic() + 600
    while not all(fault.hits for fault in held) or not came(reader, PARTS - 2):
        assert process.lives, process.said
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    reader.loop.server.faults.clear()
    before = reader.asked()
    reader.download()
    assert reader.asked() - before == {(file, 1): 1, (file, 4): 1}
    assert whole(reader)
    assert not reader.partials()


def came(reader: Reader, parts: int) -> bool:
    """Whether so many parts are on disk."""
    marks = list((load_settings().state_dir / "downloads").glob("*/*.have"))
    return bool(marks) and marks[0].read_bytes().count(b"\x01") == parts


def test_references_that_expired(read: Read) -> None:
    """Expired references of many messages are exchanged in one request."""
    world, _, _ = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(60)))
    reader = read(world)
    world.expire_references()
    done = reader.download()
    assert done.files == 60
    assert list(reader.stored().values()) == [content(100, seed) for seed in range(60)]
    (request,) = reader.loop.server.requests(GetMessagesRequest)
    assert len(request.id) == 60


def test_a_reference_that_expires_on_the_way(read: Read) -> None:
    """Parts that came before the reference expired are kept."""
    reader = read(large())
    (file,) = reader.loop.world.files
    reader.loop.server.fault(GetFileRequest, RpcError(400, "FILE_REFERENCE_EXPIRED"), when=part(4))
    assert reader.download().files == 1
    assert whole(reader)
    assert reader.asked() == {(file, number): 1 + (number == 4) for number in range(PARTS)}
    assert len(reader.loop.server.requests(GetMessagesRequest)) == 1


@pytest.mark.parametrize("error", ["LOCATION_INVALID", "FILE_REFERENCE_INVALID", "FILEREF_UPGRADE_NEEDED"])
def test_a_location_that_stays_wrong(read: Read, error: str) -> None:
    """A file that Telegram does not find even after a look at its message is the next run's; others come."""
    reader = read(large(2))
    first, _ = reader.loop.world.files
    fault = reader.loop.server.fault(
        GetFileRequest, RpcError(406 if "UPGRADE" in error else 400, error), times=None,
        when=lambda request: request.location.id == first,
    )  # fmt: skip
    done = reader.download()
    assert (done.files, done.failed.total()) == (1, 1)
    assert str(reader.reasons()[1]).startswith("not downloaded yet: ")
    reader.loop.server.faults.remove(fault)
    assert reader.download().files == 1
    assert whole(reader)


def test_fewer_bytes_than_promised(read: Read) -> None:
    """A file that ends too early is not stored; nothing of it is kept."""
    reader = read(large(2))
    short = next(iter(reader.loop.world.files.values()))
    promised, short.parts[""] = short.parts[""], short.parts[""][: PART + 1]
    done = reader.download()
    assert (done.files, done.failed.total()) == (1, 1)
    assert "in place of" in str(reader.reasons()[1])
    assert not reader.partials()
    short.parts[""] = promised
    reader.download()
    assert whole(reader)


def test_a_file_in_a_network_of_others(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that Telegram has handed to a content delivery network is left there, with that as the reason."""
    reader = read(large(2))
    (first, _) = reader.loop.world.files
    plain = TelegramClient._call

    async def call(self: Any, sender: Any, request: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(request, GetFileRequest) and request.location.id == first:
            raise _CdnRedirect
        return await plain(self, sender, request, *rest, **more)

    monkeypatch.setattr(TelegramClient, "_call", call)
    done = reader.download()
    assert done.files == done.skipped.total() == 1
    assert reader.reasons()[1] == "Telegram sends it from a content delivery network only"
    assert reader.download().due_files == 0


def test_telegram_that_goes_away(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Telegram does not answer any more the run ends with a sentence; what came is recorded."""
    made = MTProtoSender.__init__
    monkeypatch.setattr(MTProtoSender, "__init__", lambda *rest, **more: made(*rest, **more | {"delay": 0.01}))
    world, _, _ = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(30)))
    reader = read(world)
    server = reader.loop.server
    asked = count(1)

    def stop(_: Any) -> bool:
        if next(asked) == 20:
            Thread(target=server.stop).start()
        return False

    server.fault(GetFileRequest, Silence(), when=stop)
    with pytest.raises(ServerDown):
        reader.download()
    stored = [data for data in reader.stored().values() if data is not None]
    assert len(stored) >= 19 - MOST_REQUESTS
    assert set(stored) <= {content(100, seed) for seed in range(30)}
