"""A partial file keeps what came, in any order, over any death of its process."""

import asyncio
import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.downloading.support import content
from tg_assets.downloading import partial as module
from tg_assets.downloading.partial import Partial, clear_old
from tg_assets.errors import TgAssetsError

PARTS = 5
SIZE = 16


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", SIZE)


def take(directory: Path, size: int | None, name: str = "document-1") -> Partial:
    """The partial file of a name."""
    return asyncio.run(Partial.take(directory, name, size))


@given(st.permutations(range(PARTS)), st.lists(st.integers(0, PARTS), max_size=3), st.integers(1, SIZE))
def test_order_and_interruptions_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], stops: list[int], last: int
) -> None:
    """Whatever the order of parts and whenever the process dies, the content and its hash are the file's."""
    directory, data = tmp_path_factory.mktemp("parts"), content(SIZE * (PARTS - 1) + last)
    found = take(directory, len(data))
    for place, number in enumerate(order):
        if place in stops:
            found.close()
            found = take(directory, len(data))
            assert found.missing == sorted(order[place:])
        found.write(number, data[number * SIZE : number * SIZE + found.expected(number)])
    assert found.missing == []
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    with found.open() as stream:
        assert stream.read() == data
    found.remove()
    assert not list(directory.iterdir())


def test_a_file_of_unknown_size_goes_on(tmp_path: Path) -> None:
    """It comes in order, and its short part is its end, before and after a death."""
    found = take(tmp_path, None)
    assert found.missing == [0]
    found.write(0, bytes(SIZE))
    found.close()
    found = take(tmp_path, None)
    assert found.missing == [1]
    found.write(1, b"end")
    found.close()
    found = take(tmp_path, None)
    assert (found.size, found.missing) == (SIZE + 3, [])
    assert found.sha256 == hashlib.sha256(bytes(SIZE) + b"end").hexdigest()
    found.close()


def test_parts_of_another_boot_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the machine went down, what the disk says it has may be holes."""
    found = take(tmp_path, SIZE)
    found.write(0, bytes(SIZE))
    found.close()
    monkeypatch.setattr(module, "_boot", lambda: b"x" * 36)
    found = take(tmp_path, SIZE)
    assert found.missing == [0]
    found.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """Whoever comes second waits, and begins anew when the first has stored the file."""
    first = take(tmp_path, 2 * SIZE)
    first.write(0, bytes(SIZE))

    async def second() -> Partial:
        waiting = asyncio.create_task(Partial.take(tmp_path, "document-1", 2 * SIZE))
        await asyncio.sleep(0)
        assert not waiting.done()
        first.remove()
        return await waiting

    found = asyncio.run(second())
    assert found.missing == [0, 1]
    found.close()


def test_what_nobody_touches_goes(tmp_path: Path) -> None:
    """A file whose message went is removed after a week."""
    for name in ("document-1", "document-2"):
        take(tmp_path, SIZE, name).close()
    for name in ("document-1.part", "document-1.have"):
        os.utime(tmp_path / name, (1, 1))
    clear_old(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["document-2.have", "document-2.part"]


@pytest.mark.parametrize("size", [2 * SIZE + 1, None])
def test_a_disk_that_is_full_in_the_middle_of_a_part(
    tmp_path: Path, size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the beginning and says so by a number only: such a part is not there, and comes again."""
    data, write = content(2 * SIZE + 1), os.pwrite
    found = take(tmp_path, size)
    found.write(0, data[:SIZE])

    def full(descriptor: int, part: bytes, at: int) -> int:
        room = 2 * SIZE - 3 - at
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, part[:room], at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(TgAssetsError, match="No space left"):
            found.write(1, data[SIZE : 2 * SIZE])
    found.close()
    found = take(tmp_path, size)
    for number in (1, 2):
        assert found.missing[0] == number
        found.write(number, data[number * SIZE : (number + 1) * SIZE])
    found.size = len(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    with found.open() as stream:
        assert stream.read() == data
    found.close()


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    """Without a place for files the run ends with a sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(TgAssetsError, match="TG_DATA_DIR"):
        take(tmp_path / "file", SIZE)
