"""A file that is being downloaded, on disk: its parts in their places, and beside it which of them are there.

``NAME.part`` has the bytes; ``NAME.have`` begins with the machine's boot and has a byte for each part. After a power
cut what the disk says it has may be holes, so parts of another boot do not count. The content's hash is computed
while parts come, as far as they are without a gap. One process at a time has a file. What does not belong here:
where parts come from.
"""

import asyncio
import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from tg_assets.errors import TgAssetsError

PART = 512 * 1024
"""The most that Telegram sends at once (https://core.telegram.org/api/files#downloading-files), of one megabyte."""

LOOK_SECONDS = 0.25
KEPT_SECONDS = 7 * 24 * 3600
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Partial:
    """Parts of one file; ``size`` in bytes, None until it is known."""

    def __init__(self, path: Path, descriptor: int, size: int | None) -> None:
        self.path, self.size = path, size
        self._file = descriptor
        self._marks = os.open(path.with_suffix(".have"), os.O_RDWR | os.O_CREAT, 0o600)
        self._hash, self._hashed, self._is_open = hashlib.sha256(), 0, True
        self.have = self._marked()

    @classmethod
    async def take(cls, directory: Path, name: str, size: int | None) -> "Partial":
        """The file of this name, once no other process has it; raises TgAssetsError when the disk refuses."""
        path = directory / f"{name}.part"
        while (descriptor := _locked(path)) is None:  # noqa: ASYNC110 - another process has no event of ours
            await asyncio.sleep(LOOK_SECONDS)
        try:
            found = cls(path, descriptor, size)
        except OSError as error:
            os.close(descriptor)
            raise _refused(error) from None
        await asyncio.to_thread(found._catch_up)
        return found

    @property
    def missing(self) -> list[int]:
        """Numbers of parts that are not there; of a file of unknown size the next one."""
        if self.size is None:
            return [next(number for number in range(len(self.have) + 1) if number not in self.have)]
        return [number for number in range(-(-self.size // PART)) if number not in self.have]

    @property
    def sha256(self) -> str:
        """Hash of the content, which must be complete."""
        assert not self.missing
        return self._hash.hexdigest()

    def expected(self, number: int) -> int:
        """Bytes that a part should have."""
        return PART if self.size is None else min(PART, self.size - number * PART)

    def write(self, number: int, data: bytes) -> None:
        """Keep a part; raises TgAssetsError when the disk refuses."""
        try:
            _write_all(self._file, data, number * PART)
            os.pwrite(self._marks, b"\x01", len(_boot()) + number)
        except OSError as error:
            raise _refused(error) from None
        self.have.add(number)
        if number == self._hashed:
            self._hash.update(data)
            self._hashed += 1
        self._catch_up()

    def open(self) -> IO[bytes]:
        """The content from its beginning."""
        return self.path.open("rb")

    def close(self) -> None:
        """Let go of it; what is there stays."""
        if self._is_open:
            self._is_open = False
            os.close(self._marks)
            os.close(self._file)

    def remove(self) -> None:
        """Let go of it for good."""
        if self._is_open:
            for path in (self.path.with_suffix(".have"), self.path):
                path.unlink(missing_ok=True)
        self.close()

    def _marked(self) -> set[int]:
        """Parts that are there; none of another boot."""
        boot, length = _boot(), os.fstat(self._file).st_size
        marks = os.pread(self._marks, os.fstat(self._marks).st_size, 0)
        if not marks.startswith(boot):
            os.ftruncate(self._marks, 0)
            os.pwrite(self._marks, boot, 0)
            return set()
        have = {number for number, mark in enumerate(marks[len(boot) :]) if mark and number * PART < length}
        if self.size is None and length % PART and length // PART in have:  # such a file comes in order: its end
            self.size = length
        return have

    def _catch_up(self) -> None:
        """Hash what has no gap before it any more."""
        while self._hashed in self.have:
            self._hash.update(os.pread(self._file, self.expected(self._hashed), self._hashed * PART))
            self._hashed += 1


def _locked(path: Path) -> int | None:
    """A descriptor of the file that this process has for itself; None while another has it."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _refused(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:  # whoever had it is done with it
            pass
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    """A disk that fills up takes the beginning and reports nothing until it is given the rest."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        rest, at = rest[written:], at + written


def clear_old(directory: Path) -> None:
    """Remove what nobody has touched for a week: its message went, or is not wanted any more."""
    for path in directory.glob("*.*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink()


def _boot() -> bytes:
    return (_BOOT.read_bytes().strip() if _BOOT.exists() else b"").ljust(36)


def _refused(error: OSError) -> TgAssetsError:
    return TgAssetsError(
        f"Files cannot be kept while they are being downloaded: {error.strerror}. They are in the directory "
        "`downloads` of TG_DATA_DIR."
    )
