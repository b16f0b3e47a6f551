"""The object store in a directory: what was stored is whole and stays."""

import hashlib
import io
import os
from pathlib import Path
from uuid import uuid4

import pytest

from tg_assets.stores.objects import ObjectStore


def test_what_a_power_cut_left_short_is_written_anew(tmp_path: Path) -> None:
    """A file has its name before the disk has its bytes: one of another length is not what the key says."""
    objects, tenant, picture = ObjectStore(tmp_path.as_uri()), uuid4(), b"a picture"
    sha256, key, size = objects.put_media(tenant, io.BytesIO(picture), "png")
    assert (sha256, size, objects.size(key)) == (hashlib.sha256(picture).hexdigest(), len(picture), len(picture))
    for left in (b"", picture[:4]):
        tmp_path.joinpath(key).write_bytes(left)
        assert objects.put_media(tenant, io.BytesIO(picture), "png") == (sha256, key, size)
        assert objects.media(key, sha256) == picture


def test_the_disk_has_an_object_and_its_name_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = set[str]()

    def sync(handle: int) -> None:
        kept.add(str(Path(f"/proc/self/fd/{handle}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    ObjectStore(tmp_path.as_uri()).put("vision/one/two.json", b"{}")
    assert kept == {str(tmp_path.joinpath(part)) for part in ("", "vision", "vision/one", "vision/one/two.json")}


def test_an_object_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    objects, tenant = ObjectStore(tmp_path.as_uri()), uuid4()
    _, key, _ = objects.put_media(tenant, io.BytesIO(b"once"), "png")
    before = tmp_path.joinpath(key).stat()
    objects.put_media(tenant, io.BytesIO(b"once"), "png")
    assert tmp_path.joinpath(key).stat().st_ino == before.st_ino
