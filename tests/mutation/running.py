"""What becomes of a mutated export or line without a database: rows, rejections, or one sentence."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from tests.mutation.tree import MARKER, PERSON
from tg_assets.errors import TgAssetsError
from tg_assets.events.replay import Replay
from tg_assets.events.streams import decode, encode, stream_for
from tg_assets.jsonb import jsonb
from tg_assets.telegram.archive import ExportArchive, open_archive
from tg_assets.telegram.desktop import ExportedChat, message_hash, read_export
from tg_assets.telegram.desktop_post import ChatContext, media_of, parse
from tg_assets.telegram.message import MessageHead, read_head
from tg_assets.telegram.words import unread_of, wordless_kind

Outcome = Counter[str]


def quotes(said: str) -> bool:
    """Whether a sentence has words of a message, a name, or a person's id."""
    return MARKER in said or PERSON in said


def read(path: Path) -> Outcome:
    """Read, parse and replay an export; anything but a ``TgAssetsError`` is the caller's to see."""
    outcome: Outcome = Counter()
    try:
        with open_archive(path) as archive:
            for name in archive.json_files():
                outcome += _rows(archive, name)
        with open_archive(path) as archive:
            outcome += _events(archive)
    except TgAssetsError as error:
        outcome["sentence"] += 1
        check_sentence(str(error))
    return outcome


def check_sentence(said: str) -> None:
    """One sentence or two on one line, and nothing of anybody's in it."""
    assert not quotes(said), said
    assert "\n" not in said, said
    assert len(said) < 700, said


def _rows(archive: ExportArchive, name: str) -> Outcome:
    outcome: Outcome = Counter()
    context = ChatContext(0, "channel")
    with archive.open_json(name) as stream:
        for item in read_export(stream, name):
            if isinstance(item, ExportedChat):
                context = ChatContext(item.tg_channel_id, item.source)
                outcome["chat"] += 1
                continue
            assert len(message_hash(item)) == 32
            stored = jsonb(item)
            head = read_head(item)
            if not isinstance(head, MessageHead):
                assert not quotes(head), head
                outcome["rejected"] += 1
                continue
            check_storable(stored)
            row = parse(orjson.loads(stored), context)
            check_storable(jsonb(row))
            assert all(name.isascii() and len(name) <= 40 for name in (*unread_of(item), wordless_kind(item)))
            for medium in media_of(item):
                if medium.path:
                    archive.media(name, medium.path)
            outcome["row"] += 1
    return outcome


def _events(archive: ExportArchive) -> Outcome:
    outcome: Outcome = Counter()
    replay = Replay(archive, "t", lambda name, item: None, owner_id=900)
    replay.survey()
    for event in replay.events():
        if event is not None:
            decode(stream_for(event), encode(event))
            outcome["event"] += 1
    assert not any(quotes(reason) for reason in replay.rejected), replay.rejected
    return outcome


def check_storable(stored: str) -> None:
    """PostgreSQL takes it: no NUL, no lone surrogate, valid UTF-8, numbers of a size."""
    stored.encode()
    pending: list[Any] = [orjson.loads(stored)]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            assert "\x00" not in one
            one.encode()
        elif isinstance(one, dict):
            pending += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            pending += one
