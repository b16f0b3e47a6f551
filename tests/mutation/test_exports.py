"""Whatever is wrong with an export, it ends in rows, rejections or one sentence, and nothing of it is quoted."""

from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mutation.__main__ import run
from tests.mutation.exports import EXPORTS, mutated
from tests.mutation.running import check_sentence, check_storable, quotes
from tests.mutation.tree import dump, mutate
from tests.support import pipeline
from tests.telegram.exports import encode, read
from tg_assets.errors import TgAssetsError
from tg_assets.events.envelope import BadEvent
from tg_assets.events.from_export import post_event, survey
from tg_assets.events.from_telethon import parse_telethon
from tg_assets.events.lines import read_line, to_line
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.jsonb import jsonb
from tg_assets.telegram.desktop_post import ChatContext

SEEDS = 2000
"""``python -m tests.mutation 0 100000`` runs more."""


def test_mutated_exports_come_to_rows_rejections_or_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    total = run(0, SEEDS, tmp_path)
    assert not quotes(caplog.text)
    assert total["row"] > 5 * SEEDS
    assert min(total["sentence"], total["rejected"]) > SEEDS // 10


@pytest.mark.parametrize("first", [0])
def test_mutated_exports_land_or_change_nothing(tenant: str, tmp_path: Path, first: int) -> None:
    """PostgreSQL takes what the parsers gave, with the reports and dead letters that belong to it."""
    landed = refused = 0
    for seed in range(first, first + 40):
        name, data = mutated(seed)
        (tmp_path / name).write_bytes(data)
        try:
            reports = pipeline.import_path(tmp_path / name, tenant, owner_id=900)
        except TgAssetsError as error:
            check_sentence(str(error))
            refused += 1
            continue
        landed += sum(report.counts["messages"] + report.counts["service"] for report in reports)
        assert not any(quotes(reason) for report in reports for reason in report.rejected)
    assert landed > 200
    assert refused > 3
    letters = pipeline.rows(tenant, "SELECT entry, reason FROM dead_letters")
    assert letters
    assert not any(quotes(entry) or quotes(reason) for entry, reason in letters)


@given(st.integers(0, 1 << 30))
@settings(max_examples=300, deadline=None)
def test_a_mutated_line_of_events_is_an_event_or_a_sentence(seed: int) -> None:
    """Whatever a producer's file holds; the sentence names a field, never what is in it."""
    random = Random(seed)
    line = random.choice(LINES)
    written = dump(mutate(random, line)).encode()
    if random.random() < 0.2:
        at = random.randrange(len(written))
        written = written[:at] + random.choice([b"", b"\xff", b"\x00", b'"', b"\xf0\x9f"]) + written[at + 1 :]
    try:
        found = read_line(written)
    except BadEvent as error:
        check_sentence(str(error))
    else:
        check_storable(jsonb(orjson.loads(found.event.model_dump_json())))


@given(st.integers(0, 1 << 30))
@settings(max_examples=300, deadline=None)
def test_a_mutated_message_of_telethon_is_a_row(seed: int) -> None:
    """What is stored of one never stops its parser."""
    mutant = mutate(Random(seed), TELETHON)
    try:
        raw: Any = orjson.loads(dump(mutant))
    except orjson.JSONDecodeError:
        return
    if isinstance(raw, dict):
        check_storable(jsonb(parse_telethon(raw, ChatContext(-1000000000042, "channel"))))


def _lines() -> list[Any]:
    found = []
    for export in EXPORTS[:2]:
        (surveyed,) = survey([*read(encode(export))[0], *read(encode(export))[1]])
        for raw in export["messages"]:
            event = post_event(raw, surveyed, "t")
            if isinstance(event, PostParsedEventV1):
                found.append(orjson.loads(to_line(event)))
    return found


LINES = _lines()
TELETHON = {
    "_": "Message", "id": 5, "date": "2023-05-01T12:00:00+00:00", "message": "zqxjkvword 😀 text",
    "peer_id": {"_": "PeerChannel", "channel_id": 42}, "from_id": {"_": "PeerUser", "user_id": 7316450271},
    "peers": {"7316450271": {"name": "zqxjkvword", "username": "zqxjkvword", "type": "user"}},
    "entities": [{"_": "MessageEntityTextUrl", "offset": 0, "length": 10, "url": "https://example.org/zqxjkvword"},
                 {"_": "MessageEntityCustomEmoji", "offset": 11, "length": 2, "document_id": 5432109876543210987}],
    "reply_to": {"_": "MessageReplyHeader", "reply_to_msg_id": 3, "quote_text": "zqxjkvword"},
    "fwd_from": {"_": "MessageFwdHeader", "date": "2023-05-01T11:00:00+00:00", "from_name": "zqxjkvword"},
    "reactions": {"_": "MessageReactions", "results": [
        {"_": "ReactionCount", "count": 3, "reaction": {"_": "ReactionEmoji", "emoticon": "👍"}}]},
    "media": {"_": "MessageMediaPhoto", "photo": {"_": "Photo", "id": 9, "access_hash": 8, "dc_id": 2,
              "file_reference": "AA==", "sizes": [{"_": "PhotoSize", "type": "x", "w": 10, "h": 10, "size": 5}]}},
    "views": 5, "forwards": 1, "edit_date": "2023-05-01T12:30:00+00:00", "grouped_id": 77,
}  # fmt: skip
