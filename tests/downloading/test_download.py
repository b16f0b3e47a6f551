"""Files of messages come whole, once, from wherever Telegram has them."""

from collections.abc import Callable

import pytest
from telethon.tl import functions

from tests.downloading.support import Reader, content, news, post
from tests.telegram_server import World
from tg_assets.downloading.partial import PART

Read = Callable[[World], Reader]


@pytest.mark.parametrize("dc", [2, 4])
def test_files_are_stored_as_they_are(read: Read, dc: int) -> None:
    """Photos and documents of any length, of either data centre, are stored byte by byte, with the fewest requests."""
    world, _, _ = news()
    sizes = [1, PART - 1, PART, PART + 1, 5 * PART + 7]
    data = [content(size, size) for size in sizes]
    post(world, world.photo(content(1000, 1), dc=dc), *(world.document(one, "a.bin", dc=dc) for one in data))
    reader = read(world)
    done = reader.download()
    assert list(reader.stored().values()) == [content(1000, 1), *data]
    assert set(reader.asked().values()) == {1}
    assert len(reader.asked()) == 1 + sum(-(-size // PART) for size in sizes) == done.requests
    assert (done.files, done.bytes, done.waits) == (6, 1000 + sum(sizes), 0)
    assert not reader.partials()
    assert not reader.loop.errors()


def test_what_is_stored_is_not_asked_for_again(read: Read) -> None:
    """A second run, forced or not, downloads nothing and opens no connection."""
    world, _, _ = news()
    post(world, world.photo(content(1000)), world.document(content(PART + 1), "a.bin"))
    reader = read(world)
    reader.download()
    calls = len(reader.loop.server.calls)
    assert reader.download().due_files == reader.download(force=True).due_files == 0
    assert len(reader.loop.server.calls) == calls


def test_equal_files_are_stored_once(read: Read) -> None:
    """A file that is in several messages is fetched once; equal bytes of different files are one object."""
    world, _, _ = news()
    shared = world.document(content(2 * PART), "shared.bin")
    post(world, shared, *(world.document(content(10), name) for name in ("a.txt", "b.md")), *[shared] * 60)
    reader = read(world)
    reader.download()
    assert reader.asked()[shared.id, 0] == reader.asked()[shared.id, 1] == 1
    assert len({item["key"] for item in reader.items().values()}) == 2
    assert set(reader.stored().values()) == {content(2 * PART), content(10)}


def test_a_content_keeps_its_key(read: Read) -> None:
    """Bytes that the tenant has under one key are not stored under another when a file of another name has them."""
    world, _, _ = news()
    post(world, world.document(content(10), "a.txt"))
    reader = read(world)
    reader.download()
    post(world, world.document(content(10), "b.md"))
    reader.pull()
    reader.download()
    keys = {item["key"] for item in reader.items().values()}
    assert len(keys) == 1


def test_the_extension_is_the_files(read: Read) -> None:
    """A key ends in what the file's name ends in, else in what its MIME type says."""
    world, _, _ = news()
    post(
        world, world.photo(content(9, 1)), world.voice(content(9, 2)), world.video(content(9, 3), "Film.MKV"),
        world.document(content(9, 4), "no-extension"), world.document(content(9, 5), "long.extension-of-nothing"),
        world.document(content(9, 6), "x.файл", mime_type="video/mp4"),
    )  # fmt: skip
    reader = read(world)
    reader.download()
    endings = [item["key"].rpartition(".")[2] for item in reader.items().values()]
    assert endings == ["jpg", "ogg", "mkv", "bin", "bin", "mp4"]


def test_a_clock_that_was_set_back_keeps_no_file_from_being_recorded(read: Read) -> None:
    """A file that came an hour from now is exchanged by an edit: the new one is fetched once, and kept."""
    world, _, channel = news()
    post(world, world.document(content(100, 1), "old.pdf", mime_type="application/pdf"))
    reader = read(world)
    reader.download()
    reader.loop.rows("UPDATE message_facts SET version_at = version_at + interval '1 hour' RETURNING 1")
    world.edit(channel.box.messages[1], media=world.document(content(200, 3), "new.pdf", mime_type="application/pdf"))
    reader.pull()
    assert reader.download().files == 1
    assert reader.stored() == {1: content(200, 3)}
    assert reader.download().requests == 0


def test_an_edited_picture_is_downloaded_anew(read: Read) -> None:
    """A message whose file was exchanged lacks its file again; one whose text was edited does not."""
    world, _, channel = news()
    post(world, world.photo(content(100, 1)), world.photo(content(100, 2)))
    reader = read(world)
    reader.download()
    first, second = channel.box.messages.values()
    world.edit(first, media=world.document(content(200, 3), "new.pdf", mime_type="application/pdf"))
    world.edit(second, text="other words")
    reader.pull()
    done = reader.download()
    assert done.due_files == 1
    assert list(reader.stored().values()) == [content(200, 3), content(100, 2)]
    assert reader.items()[1]["kind"] == "document"
    assert reader.items()[1]["file_name"] == "new.pdf"


def test_many_files_are_read_and_recorded_in_batches(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """More messages than are read or recorded at once all get their files."""
    monkeypatch.setattr("tg_assets.downloading.worker.READ_AT_ONCE", 7)
    monkeypatch.setattr("tg_assets.downloading.record.BATCH_MESSAGES", 5)
    monkeypatch.setattr("tg_assets.downloading.download.JUDGED_AT_ONCE", 9)
    world, _, _ = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(40)))
    reader = read(world)
    assert reader.download().files == 40
    assert list(reader.stored().values()) == [content(100, seed) for seed in range(40)]
    assert not reader.partials()


def test_dry_run(read: Read) -> None:
    """A dry run counts files and bytes, asks Telegram for nothing and writes nothing."""
    world, _, _ = news()
    post(world, world.photo(content(100)), world.document(content(200), "a.bin"), world.sticker(content(10)))
    reader = read(world)
    before, calls = reader.items(), len(reader.loop.server.calls)
    done = reader.download(dry_run=True)
    assert (done.due_files, done.due_bytes, done.skipped.total()) == (2, 300, 1)
    assert reader.items() == before
    assert len(reader.loop.server.calls) == calls


def test_logs_name_nobody(read: Read) -> None:
    """What a run says has numbers in it, no chat, name or text."""
    world, _, channel = news()
    post(world, world.document(content(100), "secret-name.bin"))
    reader = read(world)
    reader.loop.said.clear()
    reader.download()
    assert reader.loop.said
    for word in ("News", "news", "secret-name", "look", str(channel.id)):
        assert not any(word in line for line in reader.loop.said)


def test_nothing_else_is_asked(read: Read) -> None:
    """Files whose messages were read lately cost their parts: no message is asked for, no login exported."""
    world, _, _ = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(5)))
    reader = read(world)
    before = reader.loop.server.counts
    reader.download()
    asked = reader.loop.server.counts - before
    assert asked[functions.upload.GetFileRequest] == 5
    assert not asked[functions.channels.GetMessagesRequest]
    assert not asked[functions.auth.ExportAuthorizationRequest]
