"""Public exports parse whole, with the counts that were taken by other means."""

import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.data import shared_data
from tg_assets.telegram.archive import ExportArchive, open_archive
from tg_assets.telegram.desktop import ExportedChat, message_hash, read_export
from tg_assets.telegram.desktop_post import ChatContext, media_of, parse
from tg_assets.telegram.message import MessageHead, read_head
from tg_assets.telegram.rebuild import MediaItem, rebuild


def read_all(export: ExportArchive) -> tuple[ExportedChat, list[dict[str, Any]]]:
    """The only chat of an export and its messages."""
    (name,) = export.json_files()
    with export.open_json(name) as stream:
        items = read_export(stream, name)
        chat = next(items)
        messages = [item for item in items if isinstance(item, dict)]
    assert isinstance(chat, ExportedChat)
    return chat, messages


def album_items(messages: list[dict[str, Any]]) -> list[MediaItem]:
    """Media messages of a chat by id, each once."""
    heads = {head.message_id: head for raw in messages if isinstance(head := read_head(raw), MessageHead)}
    return [
        MediaItem(head.message_id, head.posted_at, head.author, head.has_caption, head.media_kind or "")
        for _, head in sorted(heads.items())
        if head.has_media and not head.is_service
    ]


def test_small_channel_of_2020() -> None:
    """The old schema: 19 messages, an album of three, photos, voice, a thumbnail, entities as lists."""
    with open_archive(shared_data("desktop", "tg2md")) as export:
        chat, messages = read_all(export)
        assert (chat.type, chat.source, chat.tg_channel_id) == ("private_channel", "channel", -1001292077344)
        rows = [parse(raw, ChatContext(chat.tg_channel_id, chat.source)) for raw in messages]
        media = [item for raw in messages for item in media_of(raw)]
        assert len(rows) == 19
        assert sum(row["is_service"] for row in rows) == 1
        assert sum(row["is_edited"] for row in rows) == 5
        assert sum(bool(row["entities"]) for row in rows) == 7
        assert Counter(item.kind for item in media if item.role == "primary") == Counter(
            photo=5, document=2, voice=1, audio=1
        )
        assert all(row["sender_tg_id"] == -1001292077344 for row in rows)
        assert len(media) == 10
        assert all(export.media("result.json", item.path or "").size for item in media)
    assert Counter(group for _, group in rebuild(album_items(messages))).most_common() == [(23, 3)]


def test_excerpt_of_a_group() -> None:
    """The current schema: 220 messages, and all of its media are there."""
    with open_archive(shared_data("desktop", "qa_load_excerpt")) as export:
        chat, messages = read_all(export)
        assert (len(messages), chat.source, chat.owner_id) == (220, "group", 0)
        media = [item for raw in messages for item in media_of(raw)]
        assert len([item for item in media if item.kind == "photo"]) == 18
        for item in media:
            assert item.path
            stream = export.open_media("result.json", item.path)
            assert stream is not None
            with stream:
                assert stream.read(1)
        rows = [parse(raw, ChatContext(chat.tg_channel_id, chat.source)) for raw in messages]
        assert sum(row["reply_to_message_id"] is not None for row in rows) == 208
        assert sum(row["forward_from_name"] is not None for row in rows) == 11
        assert sum(row["poll"] is not None for row in rows) == 2


@pytest.fixture(scope="module")
def exported_group() -> tuple[Path, ExportedChat, list[dict[str, Any]], float]:
    """The whole group and the seconds that streaming it took."""
    path = shared_data("desktop", "qa_load.json.gz")
    started = time.perf_counter()
    with open_archive(path) as export:
        chat, messages = read_all(export)
    return path, chat, messages, time.perf_counter() - started


def test_whole_group_streams(exported_group: tuple[Path, ExportedChat, list[dict[str, Any]], float]) -> None:
    """103,747 messages in seconds; ids repeat where two exports overlap, mostly with equal content."""
    _, chat, messages, seconds = exported_group
    print(f"{len(messages):,} messages in {seconds:.2f} s")
    assert (chat.type, chat.id, chat.source) == ("public_supergroup", 1, "group")
    assert len(messages) == 103_747
    assert len({raw["id"] for raw in messages}) == 101_668
    assert len({(raw["id"], message_hash(raw)) for raw in messages}) == 101_755
    assert seconds < 60


def test_whole_group_parses(exported_group: tuple[Path, ExportedChat, list[dict[str, Any]], float]) -> None:
    """Every message is a row; counts of the last version of each id."""
    _, chat, messages, _ = exported_group
    unique = {raw["id"]: raw for raw in messages}
    context = ChatContext(chat.tg_channel_id, chat.source)
    assert all(isinstance(read_head(raw), MessageHead) for raw in messages)
    services = forwards = photos = 0
    targets: list[int] = []
    days: set[date] = set()
    started = time.perf_counter()
    for raw in unique.values():
        row = parse(raw, context)
        services += row["is_service"]
        forwards += row["forward_from_name"] is not None
        photos += any(item.kind == "photo" and item.role == "primary" for item in media_of(raw))
        assert row["posted_at"] is not None
        days.add(row["posted_at"].date())
        if row["reply_to_message_id"]:
            targets.append(row["reply_to_message_id"])
    print(f"{1e6 * (time.perf_counter() - started) / len(unique):.1f} µs per message")
    assert (services, forwards, photos) == (6_663, 578, 4_465)
    assert (len(targets), sum(target not in unique for target in targets)) == (50_219, 1_227)
    assert (min(days).isoformat()[:7], max(days).isoformat()[:7]) == ("2018-11", "2023-11")
    assert len({raw["date"][:10] for raw in unique.values()}) == 1_602
    assert len(days) == 1_638  # the exporting machine was four hours ahead of UTC
