"""Object store: bytes by key, in a directory (``file://``) or S3 (``s3://``), behind obstore.

Keys are the contract's: ``media/{tenant}/…``, ``vision/{tenant}/…``, ``album/{tenant}/…``. S3 credentials and
endpoint come from the standard ``AWS_*`` variables. What does not belong here: deciding what to keep.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError, WrongSetting
from tg_assets.keys import is_key, media_key

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Store

PART_BYTES = 1 << 20
LISTED = 1000
IMPORTING = "importing"
"""What a tenant's imports hold together, and who removes objects that nobody knows, or shows any more, holds alone."""
_UNFINISHED = re.compile(r".+#[0-9]+")
"""Names of files that obstore writes to before it gives them that of their object."""


@lru_cache(maxsize=4)
def _store(url: str) -> "Store":
    from obstore.exceptions import BaseError
    from obstore.store import LocalStore, from_url

    try:
        if url.startswith("file://"):
            return LocalStore(prefix=Path(urlsplit(url).path), mkdir=True)
        return from_url(url, client_options={"allow_http": True})
    except (BaseError, OSError, ValueError) as error:
        why = (
            f"{error.strerror or error}" if isinstance(error, OSError) else "it is neither file:///… nor s3://bucket/…"
        )
        raise WrongSetting(f"TG_OBJECTS_URL is not usable: {why}. Point it at a directory or a bucket.") from None


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Let what is wrong with the store be a sentence, and nothing else: FileNotFoundError says "no such object"."""
    from obstore.exceptions import BaseError, InvalidPathError

    try:
        yield
    except InvalidPathError:  # the key's fault, not the store's
        raise
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
            raise
        raise problem(error, url) from None


def problem(error: BaseException, url: str = "") -> TgAssetsError:
    """What a failure of the store means. Its own words, which quote keys and answers, are not passed on."""
    said, kind = str(error), type(error).__name__
    if "NoSuchBucket" in said:
        return WrongSetting(f"There is no bucket {urlsplit(url).netloc!r}. Make it, or correct TG_OBJECTS_URL.")
    if kind in ("PermissionDeniedError", "UnauthenticatedError", "PermissionError"):
        return ServerRefuses(
            "The object store does not allow us in. Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what they "
            "may do there (get, put, delete); for a directory, who may write to it."
        )
    if "os error 28" in said or "os error 122" in said or getattr(error, "errno", None) in (28, 122):
        return TgAssetsError("The object store's disk is full. Make room and run this again; what is stored is kept.")
    if "HTTP error" in said or "status code: 5" in said:
        return ServerDown("The object store does not answer. Are TG_OBJECTS_URL and AWS_ENDPOINT_URL right?")
    return WrongSetting(f"The object store refused a request ({kind}). Check TG_OBJECTS_URL and the AWS_* variables.")


@lru_cache(maxsize=4)
def _find_bucket(url: str) -> None:
    """Raises TgAssetsError when there is no bucket: an answer to HEAD has no body that could say so, one to GET has."""
    import obstore

    if url.startswith("file://"):
        return
    with suppress(FileNotFoundError), _told(url):
        obstore.get(_store(url), "doctor/bucket")


def _settle(directory: Path, key: str) -> None:
    """Have the disk keep a file that was just written, and the names that lead to it."""
    path = directory.joinpath(key)
    for one in (path, *takewhile(lambda above: above != directory.parent, path.parents)):
        with suppress(FileNotFoundError):  # somebody removed it meanwhile
            opened = os.open(one, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)


class ObjectStore:
    """Bytes by key under ``file:///dir`` or ``s3://bucket/prefix``."""

    url: str

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def bucket(self) -> str:
        """S3 bucket, or ``local`` for a directory."""
        parts = urlsplit(self.url)
        return parts.netloc if parts.scheme == "s3" else "local"

    def put(self, key: str, data: bytes | IO[bytes]) -> None:
        """Write an object whole, so that a power cut does not take it; an existing one is replaced atomically."""
        import obstore

        with _told(self.url):
            obstore.put(_store(self.url), key, data)
            if self.url.startswith("file://"):
                _settle(self._directory, key)

    def get(self, key: str) -> bytes | None:
        """An object's bytes, None when there is none."""
        import obstore

        if not is_key(key):
            return None
        try:
            with _told(self.url):
                return bytes(obstore.get(_store(self.url), key).bytes())
        except FileNotFoundError:
            return None

    def exists(self, key: str) -> bool:
        """Whether there is an object with this key. Raises TgAssetsError when the store cannot tell."""
        return self.size(key) is not None

    def size(self, key: str) -> int | None:
        """Bytes of an object, None when there is none. Raises TgAssetsError when the store cannot tell."""
        import obstore

        if not is_key(key):
            return None
        try:
            with _told(self.url):
                return obstore.head(_store(self.url), key)["size"]
        except FileNotFoundError:
            _find_bucket(self.url)
            return None

    def listed(self, prefix: str) -> Iterator[list[tuple[str, int, datetime]]]:
        """Key, size and time of the last change, aware UTC, of all objects whose keys begin so, a page at a time."""
        import obstore

        pages = iter(obstore.list(_store(self.url), prefix, chunk_size=LISTED))
        while True:
            with _told(self.url):
                page = next(pages, None)
            if page is None:
                return
            yield [(one["path"], one["size"], one["last_modified"]) for one in page]

    def unfinished(self, prefix: str, before: datetime) -> list[str]:
        """What writers that were killed left in a directory, where nothing was written since ``before``.

        It is part of an object and none itself: nothing else lists, reads or deletes it.
        """
        if not self.url.startswith("file://"):
            return []
        found = []
        for path in self._directory.joinpath(prefix).rglob("*#*"):
            with suppress(FileNotFoundError):  # its writer finished it
                if _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
                    found.append(path.relative_to(self._directory).as_posix())
        return sorted(found)

    def discard(self, unfinished: str) -> None:
        """Remove what ``unfinished`` named."""
        with _told(self.url), suppress(FileNotFoundError):
            self._directory.joinpath(unfinished).unlink()

    @property
    def _directory(self) -> Path:
        return Path(urlsplit(self.url).path)

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        import obstore

        if not is_key(key):
            return
        try:
            with _told(self.url):
                obstore.delete(_store(self.url), key)
        except FileNotFoundError:
            return

    def media(self, key: str, sha256: str) -> bytes | None:
        """The bytes of stored media, None when there are none or they are others than the key says."""
        data = self.get(key)
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def digest(self, key: str) -> str | None:
        """sha256 of an object, 64 hex digits, read a part at a time; None when there is none."""
        import obstore

        if not is_key(key):
            return None
        found = hashlib.sha256()
        try:
            with _told(self.url):
                for part in obstore.get(_store(self.url), key).stream(PART_BYTES):
                    found.update(part)
        except FileNotFoundError:
            return None
        return found.hexdigest()

    def put_once(self, key: str, source: IO[bytes]) -> None:
        """Write a stream that can be read anew, unless there is an object of its length with this key."""
        length = source.seek(0, os.SEEK_END)
        source.seek(0)
        if self.size(key) != length:
            self.put(key, source)

    def put_media(self, tenant: UUID, source: IO[bytes], extension: str) -> tuple[str, str, int]:
        """Store a stream by its content, once per tenant; returns (sha256, key, size in bytes).

        The stream is spooled so that memory stays bounded whatever its size.
        """
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=8 * PART_BYTES) as spool:
            while part := source.read(PART_BYTES):
                digest.update(part)
                size += len(part)
                spool.write(part)
            sha256 = digest.hexdigest()
            key = media_key(tenant, sha256, extension)
            self.put_once(key, spool)
        return sha256, key, size
