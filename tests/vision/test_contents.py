"""How many look at pictures at once: a worker on this machine loads its models before it looks at one."""

import threading
from hashlib import sha256
from uuid import uuid4

import pytest

from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.contents import WORTH, Content, Down, describe


class Nowhere:
    """An object store with the same picture under every key, and nothing else."""

    def get(self, key: str) -> bytes | None:
        return None

    def media(self, key: str, sha256: str) -> bytes | None:
        return b"picture"

    def put(self, key: str, data: bytes) -> object:
        raise AssertionError("nothing was said of any")


class Looking:
    """Refuses what it is shown, once as many look as it waits for."""

    name = model = version = "eyes"

    def __init__(self, at_once: int) -> None:
        self._together = threading.Barrier(at_once)
        self.threads: set[int] = set()

    def describe(self, image: bytes, mime: str) -> None:
        self.threads.add(threading.get_ident())
        self._together.wait(60)
        raise Refused(Refusal.broken, "it is no picture")


@pytest.mark.parametrize(("pictures", "lookers"), [(1, 1), (WORTH, 1), (2 * WORTH, 2), (10 * WORTH, 2)])
def test_few_pictures_are_looked_at_by_one_worker(pictures: int, lookers: int) -> None:
    contents = [Content(sha256(bytes([number])).hexdigest(), str(number), "image/png") for number in range(pictures)]
    provider = Looking(lookers)
    found = describe(contents, uuid4(), provider, Nowhere(), Down(), lambda _: {})  # type: ignore[arg-type]
    assert [one.skipped is not None for one in found.values()] == [True] * pictures
    assert len(provider.threads) == lookers
