"""Text, entities, links, polls and buttons of a Telethon message."""

from typing import Any

import pytest
from telethon.tl import types as tl

from tests.telegram.tl import (
    GROUP,
    event,
    message,
    poll,
    stored,
)
from tg_assets.events.from_telethon import (
    event_of,
    parse_telethon,
)
from tg_assets.telegram.desktop_post import ChatContext

TEXT = "😀 смотри сад.рф и тут"


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        (tl.MessageEntityMention(0, 2), {"type": "mention"}),
        (tl.MessageEntityHashtag(0, 2), {"type": "hashtag"}),
        (tl.MessageEntityBotCommand(0, 2), {"type": "bot_command"}),
        (tl.MessageEntityUrl(0, 2), {"type": "link"}),
        (tl.MessageEntityEmail(0, 2), {"type": "email"}),
        (tl.MessageEntityBold(0, 2), {"type": "bold"}),
        (tl.MessageEntityItalic(0, 2), {"type": "italic"}),
        (tl.MessageEntityCode(0, 2), {"type": "code"}),
        (tl.MessageEntityPre(0, 2, "python"), {"type": "pre", "language": "python"}),
        (tl.MessageEntityPre(0, 2, ""), {"type": "pre"}),
        (tl.MessageEntityTextUrl(0, 2, "https://a.example"), {"type": "text_link", "url": "https://a.example"}),
        (tl.MessageEntityMentionName(0, 2, 7), {"type": "mention_name", "user_id": 7}),
        (tl.InputMessageEntityMentionName(0, 2, tl.InputUser(7, 1)), {"type": "mention_name", "user_id": 7}),
        (tl.MessageEntityPhone(0, 2), {"type": "phone"}),
        (tl.MessageEntityCashtag(0, 2), {"type": "cashtag"}),
        (tl.MessageEntityUnderline(0, 2), {"type": "underline"}),
        (tl.MessageEntityStrike(0, 2), {"type": "strikethrough"}),
        (tl.MessageEntityBlockquote(0, 2), {"type": "blockquote"}),
        (tl.MessageEntityBlockquote(0, 2, collapsed=True), {"type": "blockquote", "collapsed": True}),
        (tl.MessageEntityBankCard(0, 2), {"type": "bank_card"}),
        (tl.MessageEntitySpoiler(0, 2), {"type": "spoiler"}),
        (tl.MessageEntityCustomEmoji(0, 2, 1 << 62), {"type": "custom_emoji", "document_id": str(1 << 62)}),
        (tl.MessageEntityUnknown(0, 2), {"type": "unknown"}),
        (tl.MessageEntityDiffInsert(0, 2), {"type": "diff_insert"}),
    ],
)
def test_entities_have_desktops_names(entity: Any, expected: dict[str, Any]) -> None:
    assert event(message(message=TEXT, entities=[entity])).entities == [{"offset": 0, "length": 2, **expected}]


def test_links_are_cut_in_utf16_units() -> None:
    """In order, each once; entities beyond the text are left out."""
    entities = [
        tl.MessageEntityUrl(10, 6),
        tl.MessageEntityTextUrl(19, 3, "https://a.example"),
        tl.MessageEntityTextUrl(0, 2, "https://a.example"),
        tl.MessageEntityBold(20, 3),
        tl.MessageEntityBold(-1, 2),
        tl.MessageEntityBold(1, 0),
    ]
    found = event(message(message=TEXT, entities=entities))
    assert (found.urls, found.link_count) == (["сад.рф", "https://a.example"], 2)
    assert len(found.entities) == 3
    plain = event(message(message="a b.example", entities=[tl.MessageEntityUrl(2, 9)]))
    assert plain.urls == ["b.example"]


def test_polls() -> None:
    """The text of an event is without the poll's; an attached photo is the message's."""
    results = [
        tl.PollAnswerVoters(option, voters=voters, recent_voters=[]) for option, voters in ((b"\xff", 3), (b"0", 1))
    ]
    found = event(message(message="", media=poll(results=results, total_voters=4, recent_voters=[])))
    answers = [{"text": "Тут", "voters": 1}, {"text": "Там", "voters": 3}]
    assert found.poll == {"question": "Где?", "closed": True, "total_voters": 4, "answers": answers}
    assert (found.text, [medium.kind for medium in found.media]) == ("", ["photo"])
    row = parse_telethon(stored(message(message="ну", media=poll())), ChatContext(-1, "group"))
    assert (row["content"], row["has_media"]) == ("ну\nГде?\nТут\nТам", False)
    assert row["poll"] == found.poll | {
        "total_voters": 0,
        "answers": [{"text": text, "voters": 0} for text in ("Тут", "Там")],
    }
    old = stored(message(message="", media=poll()))
    old["media"]["poll"]["question"] = "Где?"
    assert event_of(old, GROUP, "t").poll == row["poll"]
