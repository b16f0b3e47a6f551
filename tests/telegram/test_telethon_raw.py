"""What is stored of a Telethon message is all that it says, as JSON that PostgreSQL accepts."""

from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon import utils
from telethon.tl import types as tl

from tests.telegram.tl import AT, CHANNEL, DM, ENTITIES, document, message, photo, service, stored
from tg_assets.telegram.telethon_raw import dump, peers_of, raw_of


def test_it_is_what_to_dict_gives() -> None:
    """Less what is not set; bytes are base64, moments ISO 8601."""
    one = message(
        media=tl.MessageMediaPhoto(photo=photo()),
        entities=[tl.MessageEntityBold(0, 2)],
        reply_to=tl.MessageReplyHeader(reply_to_msg_id=3),
        views=0,
        forwards=0,
    )
    expected = {name: value for name, value in one.to_dict().items() if value is not None and value is not False}
    expected = {name: value for name, value in expected.items() if value != []}
    raw = stored(one)
    del raw["peers"]
    assert _bare(raw) == _bare(orjson.loads(dump(expected)))
    assert raw["date"] == "2023-05-01T09:00:00+00:00"
    assert raw["media"]["photo"]["file_reference"] == "AP9yZWY="
    assert raw["views"] == 0
    assert "pinned" not in raw


def _bare(value: Any) -> Any:
    """Without what is null or an empty list, which TL does not tell apart."""
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if one is not None and one != []}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def test_booleans_below_the_message_stay() -> None:
    """A topic that is opened again says so with False."""
    assert stored(service(tl.MessageActionTopicEdit(closed=False)))["action"]["closed"] is False


def test_it_is_json_already() -> None:
    """What ``raw_of`` gives is what the database gives back."""
    one = raw_of(message(media=tl.MessageMediaDocument(document=document())), ENTITIES)
    assert one == orjson.loads(dump(one or {}))


def test_an_empty_message_is_none() -> None:
    assert raw_of(tl.MessageEmpty(5, tl.PeerChannel(42)), ENTITIES) is None
    assert raw_of(None, ENTITIES) is None


def test_marked_ids_are_telethons() -> None:
    assert set(ENTITIES) == {7, 8, 9, 10, 900, -1000000000042, -1000000000043, -44}
    assert all(utils.get_peer_id(entity) == marked for marked, entity in ENTITIES.items() if not _forbidden(entity))
    assert set(peers_of([tl.UserEmpty(1)], [tl.ChatEmpty(2), tl.ChatForbidden(3, "x")])) == {1, -2, -3}


def _forbidden(entity: Any) -> bool:
    return isinstance(entity, tl.ChannelForbidden)


ADA = {"name": "Ада", "username": "ada", "type": "user"}
BORIS = {"name": "Борис Л.", "username": "boris", "type": "user"}
NOBODY = {"name": None, "username": None, "type": "user", "deleted": True}
BOT = {"name": "Gif", "username": "gif", "type": "user", "bot": True}
ME = {"name": "Я", "username": None, "type": "user"}
GARDEN = {"name": "Сад", "username": "sad", "type": "channel"}
PATCH = {"name": "Огород", "username": None, "type": "channel"}
BED = {"name": "Грядка", "username": None, "type": "chat"}


@pytest.mark.parametrize(
    ("one", "peers"),
    [
        (message(), {"7": ADA}),
        (message(from_id=tl.PeerUser(9)), {"9": NOBODY}),
        (message(from_id=tl.PeerUser(77)), {}),
        (message(CHANNEL), {"-1000000000042": GARDEN}),
        (message(DM), {"7": ADA}),
        (message(DM, out=True), {"7": ADA, "900": ME}),
        (message(via_bot_id=10), {"7": ADA, "10": BOT}),
        (message(fwd_from=tl.MessageFwdHeader(AT, from_id=tl.PeerUser(8))), {"7": ADA, "8": BORIS}),
        (
            message(fwd_from=tl.MessageFwdHeader(AT, saved_from_peer=tl.PeerChannel(42), saved_from_msg_id=1)),
            {"7": ADA, "-1000000000042": GARDEN},
        ),
        (
            message(reply_to=tl.MessageReplyHeader(reply_to_msg_id=1, reply_to_peer_id=tl.PeerChannel(43))),
            {"7": ADA, "-1000000000043": PATCH},
        ),
        (message(reply_to=tl.MessageReplyStoryHeader(tl.PeerChat(44), 1)), {"7": ADA, "-44": BED}),
        (service(tl.MessageActionChatAddUser([8, 9])), {"7": ADA, "8": BORIS, "9": NOBODY}),
        (service(tl.MessageActionChatJoinedByLink(8)), {"7": ADA, "8": BORIS}),
        (
            service(tl.MessageActionGeoProximityReached(tl.PeerUser(7), tl.PeerUser(8), 5)),
            {"7": ADA, "8": BORIS},
        ),
        (service(tl.MessageActionRequestedPeer(1, [tl.PeerChat(44)])), {"7": ADA, "-44": BED}),
        (service(tl.MessageActionGameScore(8, 9)), {"7": ADA}),
    ],
)
def test_peers_are_those_it_refers_to(one: Any, peers: dict[str, Any]) -> None:
    """Nobody else of the response, and nobody the response does not know."""
    assert stored(one)["peers"] == peers


def test_nul_is_replaced() -> None:
    """Escaped backslashes before it or not."""
    raw = stored(message(message="a\x00b \\u0000 \\\x00"))
    assert raw["message"] == "a\ufffdb \\u0000 \\\ufffd"


def test_what_json_cannot_hold() -> None:
    """Lone surrogates, huge numbers, endless nesting: none of them comes from the wire."""
    one = message()
    one.message = "a\ud83d"
    one.views = 1 << 70
    one.action = [one.action]
    for _ in range(300):
        one.action = [one.action]
    one.media = {1: {2, 3}, "at": AT}
    raw = stored(one)
    assert (raw["message"], raw["views"], raw["id"]) == ("a\ufffd", str(1 << 70), 1)
    assert datetime.fromisoformat(raw["media"]["at"]) == AT


@given(st.text(max_size=20), st.binary(max_size=20), st.integers(-(1 << 62), 1 << 62))
def test_values_survive(text: str, data: bytes, number: int) -> None:
    """Text without NUL, bytes and numbers are the same after the trip."""
    kept = document(file_reference=data, access_hash=number)
    raw = stored(message(message=text.replace("\x00", ""), media=tl.MessageMediaDocument(document=kept)))
    assert raw["message"] == text.replace("\x00", "")
    assert raw["media"]["document"]["access_hash"] == number
    assert raw == stored(message(message=text.replace("\x00", ""), media=tl.MessageMediaDocument(document=kept)))
