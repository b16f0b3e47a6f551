"""Downloads: data centres, sizes, references, ranges."""

import asyncio
import os
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from telethon import TelegramClient, errors
from telethon.tl import functions as f
from telethon.tl import types as t

from tests.telegram_server import TelegramServer, World
from tests.telegram_server.support import connected
from tests.telegram_server.test_history import ask


@pytest.mark.parametrize("dc", [2, 4])
def test_a_file_of_either_data_centre(dc: int) -> None:
    """A file is downloaded whole from the home data centre and from another, where the client must sign in first."""
    world = World()
    me = world.user("Me")
    data = os.urandom(3_000_001)
    world.send(me, sender=me, media=world.document(data, "a.bin", dc=dc))

    async def run() -> tuple[bytes, str]:
        async with connected(server.session(me)) as client:
            (message,) = await client.get_messages("me", limit=1)
            return await client.download_media(message, bytes), message.file.name

    with TelegramServer(world) as server:
        assert asyncio.run(run()) == (data, "a.bin")
        assert {call.dc for call in server.calls if isinstance(call.request, f.upload.GetFileRequest)} == {2, dc}
        assert server.errors == []


def test_sizes_of_a_photo() -> None:
    """A photo comes in several sizes, largest by default, each a picture of the size it says."""
    world = World()
    me = world.user("Me")
    picture = BytesIO()
    Image.new("RGB", (1000, 500), "red").save(picture, "PNG")
    world.send(me, sender=me, media=world.photo(picture.getvalue(), dc=4))

    async def download(client: TelegramClient) -> tuple[bytes, bytes, Any]:
        (message,) = await client.get_messages("me", limit=1)
        whole = await client.download_media(message, bytes)
        return whole, await client.download_media(message, bytes, thumb=0), message.photo

    whole, small, photo = ask(world, me, download)
    assert whole == picture.getvalue()
    assert [(size.type, size.w, size.h) for size in photo.sizes] == [("s", 100, 50), ("m", 320, 160), ("y", 1000, 500)]
    assert Image.open(BytesIO(small)).size == (100, 50)


def test_kinds_of_documents() -> None:
    """Videos, music, voices, GIFs and stickers are told apart by their attributes."""
    world = World()
    me = world.user("Me")
    for media in (
        world.video(b"1", thumb=b"t"),
        world.video(b"2", round=True),
        world.audio(b"3"),
        world.voice(b"4"),
        world.animation(b"5"),
        world.sticker(b"6"),
        world.poll("Q", ["a", "b"], votes=[1, 2]),
    ):
        world.send(me, sender=me, media=media)

    async def kinds(client: TelegramClient) -> list[str]:
        names = ("video_note", "voice", "audio", "gif", "sticker", "video", "poll")
        messages = [m async for m in client.iter_messages("me", reverse=True)]
        return [next(name for name in names if getattr(m, name)) for m in messages]

    assert ask(world, me, kinds) == ["video", "video_note", "audio", "voice", "gif", "sticker", "poll"]


def test_references_expire() -> None:
    """An old file reference is refused, one of a message fetched again works."""
    world = World()
    me = world.user("Me")
    world.send(me, sender=me, media=world.photo(b"picture"))

    async def download(client: TelegramClient) -> bytes:
        (message,) = await client.get_messages("me", limit=1)
        world.expire_references()
        with pytest.raises(errors.FileReferenceExpiredError):
            await client.download_media(message, bytes)
        (message,) = await client.get_messages("me", limit=1)
        return await client.download_media(message, bytes)

    assert ask(world, me, download) == b"picture"


def test_a_reference_that_expires_on_the_way() -> None:
    """Telethon itself fetches a document's message again when the reference expires during the download."""
    world = World()
    me = world.user("Me")
    data = os.urandom(1_000_000)
    media = world.document(data, "a.bin")
    world.send(me, sender=me, media=media)

    async def download(client: TelegramClient) -> bytes:
        (message,) = await client.get_messages("me", limit=1)
        world.expire_references(media)
        return await client.download_media(message, bytes)

    assert ask(world, me, download) == data


@pytest.mark.parametrize(
    ("offset", "limit", "error"),
    [
        (1000, 4096, errors.OffsetInvalidError),
        (0, 5000, errors.LimitInvalidError),
        (0, 2 * 1024 * 1024, errors.LimitInvalidError),
        (0, 3 * 4096, errors.LimitInvalidError),
        (1024 * 1024 - 4096, 8192, errors.LimitInvalidError),
    ],
)
def test_ranges_are_checked(offset: int, limit: int, error: type[Exception]) -> None:
    """Offsets are multiples of 4 KB, limits divide 1 MB, and no part crosses a megabyte."""
    world = World()
    me = world.user("Me")
    file = world.document(bytes(2_000_000))
    location = t.InputDocumentFileLocation(file.id, file.access_hash, file.reference, "")

    async def download(client: TelegramClient) -> None:
        with pytest.raises(error):
            await client(f.upload.GetFileRequest(location, offset, limit))

    ask(world, me, download)
