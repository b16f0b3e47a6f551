"""Getting a file's parts from Telegram: as many at once as an account may, across all its files.

At most 2 MB are on their way, as in Telegram's own library (TDLib, ``FileDownloadManager``): four parts of a large
file, or up to eight small files. Waits for floods are the client's matter, and repeat the one part that was
refused. What does not belong here: which files, where they end up.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from telethon.client.downloads import _CdnRedirect
from telethon.errors import (
    FileIdInvalidError,
    FileReferenceEmptyError,
    FileReferenceExpiredError,
    FileReferenceInvalidError,
    FilerefUpgradeNeededError,
    LocationInvalidError,
)

from tg_assets.downloading.partial import PART, Partial
from tg_assets.downloading.progress import Downloaded
from tg_assets.events.telethon_file import FileAt, input_location

if TYPE_CHECKING:
    from tg_assets.accounts.client import Client

LANES = 4
MOST_BYTES = LANES * PART
MOST_REQUESTS = 2 * LANES

STALE = (
    FileReferenceExpiredError, FileReferenceInvalidError, FileReferenceEmptyError, FilerefUpgradeNeededError,
    LocationInvalidError, FileIdInvalidError,
)  # fmt: skip
"""Errors that mean: fetch the message again, it says better where the file is."""

CdnRedirect = _CdnRedirect
"""Telethon's sign that the file is in a content delivery network."""


class Incomplete(Exception):
    """Telegram sent another number of bytes than it had said."""


class TooLarge(Exception):
    """A file whose size nobody had told turned out to be larger than wanted."""


class Window:
    """What may be on its way at once; requests get their turn in order, and are counted."""

    def __init__(self, done: Downloaded) -> None:
        self.done = done
        self._bytes, self._requests = 0, 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Hold room for an answer of this size."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._release(size)
            raise
        try:
            yield
        finally:
            self._release(size)

    def _release(self, size: int) -> None:
        self._bytes -= size
        self._requests -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if self._requests >= MOST_REQUESTS or self._bytes + size > MOST_BYTES:
                return
            self._waiting.popleft()
            self._bytes += size
            self._requests += 1
            turn.set_result(None)


async def whole(client: "Client", at: FileAt, path: Path, window: Window, most: int) -> Partial:
    """The complete file in the partial file of this path, without its extension; raises as ``transfer``."""
    partial = await Partial.take(path.parent, path.name, at.size)
    try:
        await transfer(client, at, partial, window, most)
    except (Incomplete, TooLarge):  # what came is of no use
        partial.remove()
        raise
    except BaseException:
        partial.close()
        raise
    return partial


async def transfer(client: "Client", at: FileAt, partial: Partial, window: Window, most: int) -> None:
    """Fetch the parts that are missing.

    Raises what Telegram answers, Incomplete, or TooLarge past ``most`` bytes; parts that came are kept whatever
    happens, and those on their way are waited for.
    """
    while partial.size is None:
        await _known_size(client, at, partial, window, most)
    left = iter(partial.missing)
    errors: list[BaseException] = []

    async def lane() -> None:
        for number in left:
            try:
                data = await _part(client, at, number, partial.expected(number), window)
                if len(data) != partial.expected(number):
                    raise Incomplete(f"{len(data):,} bytes came in place of {partial.expected(number):,}")
                partial.write(number, data)
            except Exception as error:  # noqa: BLE001 - raised once the parts on their way have come
                errors.append(error)
            if errors:
                return

    await asyncio.gather(*(lane() for _ in range(LANES)))
    if errors:
        raise errors[0]


async def _known_size(client: "Client", at: FileAt, partial: Partial, window: Window, most: int) -> None:
    """Go on part by part until a short one ends the file."""
    (number,) = partial.missing
    data = await _part(client, at, number, PART, window)
    if number * PART + len(data) > most:
        raise TooLarge
    if len(data) < PART:
        partial.size = number * PART + len(data)
    if data:
        partial.write(number, data)


async def _part(client: "Client", at: FileAt, number: int, size: int, window: Window) -> bytes:
    """One part, as Telegram sends it."""
    async with window.room(size):
        window.done.requests += 1
        stream = client.iter_download(
            input_location(at), offset=number * PART, limit=1, request_size=PART, dc_id=at.dc_id
        )
        data = bytes(await anext(stream))
        await stream.close()
    window.done.received += len(data)
    return data
