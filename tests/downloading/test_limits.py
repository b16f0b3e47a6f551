"""What is not wanted is left at Telegram with its reason, until it is wanted."""

from collections.abc import Callable

import pytest

from tests.downloading.support import Reader, content, news, post
from tests.telegram_server import World
from tg_assets.errors import TgAssetsError
from tg_assets.settings import load_settings

Read = Callable[[World], Reader]


def assorted() -> World:
    """A photo, a large video, a sticker."""
    world, _, _ = news()
    post(world, world.photo(content(100)), world.video(content(5000)), world.sticker(content(10)))
    return world


def test_limits_have_their_reasons(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too large, or of a kind that is not wanted, says so with the setting's name and value."""
    monkeypatch.setenv("TG_MEDIA_MAX_BYTES", "4096")
    reader = read(assorted())
    done = reader.download()
    assert list(reader.reasons().values()) == [
        None,
        "larger than TG_MEDIA_MAX_BYTES (4,096)",
        "kind sticker is not in TG_MEDIA_KINDS",
    ]
    assert done.files == 1
    assert done.skipped == {reason: 1 for reason in reader.reasons().values() if reason}


def test_another_limit_makes_files_due_again(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a larger limit, or more kinds, what was left out is downloaded; with the same nothing happens."""
    monkeypatch.setenv("TG_MEDIA_MAX_BYTES", "4096")
    reader = read(assorted())
    reader.download()
    told = reader.loop.rows("SELECT version_at FROM message_facts ORDER BY 1")
    again = reader.download()
    assert (again.due_files, again.skipped.total()) == (0, 0)
    assert reader.loop.rows("SELECT version_at FROM message_facts ORDER BY 1") == told
    monkeypatch.setenv("TG_MEDIA_MAX_BYTES", "4999")
    assert reader.download().due_files == 0
    assert reader.reasons()[2] == "larger than TG_MEDIA_MAX_BYTES (4,999)"
    monkeypatch.setenv("TG_MEDIA_MAX_BYTES", "5000")
    monkeypatch.setenv("TG_MEDIA_KINDS", "all")
    assert reader.download().files == 2
    assert list(reader.stored().values()) == [file.data for file in reader.loop.world.files.values()]


def test_what_is_left_out_needs_no_account(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasons are recorded without asking Telegram."""
    monkeypatch.setenv("TG_MEDIA_KINDS", "voice")
    reader = read(assorted())
    calls = len(reader.loop.server.calls)
    assert reader.download().skipped.total() == 3
    assert len(reader.loop.server.calls) == calls


def test_reading_again_keeps_the_reason(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is read again as it was is unchanged, with its medium settled as it was."""
    reader = read(assorted())
    reader.download()
    before = reader.items()
    pulled = reader.loop.pull(reader.feed, *reader.days, force=True)
    assert pulled.counts["changed"] == 0
    assert reader.items() == before


def test_kinds_that_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind nobody knows is refused by its setting's name."""
    monkeypatch.setenv("TG_MEDIA_KINDS", "photo,films")
    with pytest.raises(TgAssetsError, match=r"TG_MEDIA_KINDS='photo,films' is not usable: .*films is none of all"):
        load_settings()
