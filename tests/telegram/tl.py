"""Messages as Telethon receives them, for the tests of ``tg_assets.telegram.telethon_*``."""

from datetime import UTC, datetime
from typing import Any

import orjson
from telethon.extensions import BinaryReader
from telethon.tl import types as tl

from tg_assets.events.from_telethon import TelethonChat, event_of
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.streams import decode, encode
from tg_assets.telegram.telethon_raw import dump, peers_of, raw_of

AT = datetime(2023, 5, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2023, 5, 2, tzinfo=UTC)
ENVELOPE = {"event_id", "trace_id", "occurred_at", "idempotency_key"}
VIDEO = tl.DocumentAttributeVideo(15.5, 1080, 1920)
NAMED = tl.DocumentAttributeFilename("a.mp4")
CHANNEL = TelethonChat(-1000000000042, "channel", 0, "Сад", "sad")
GROUP = TelethonChat(-1000000000043, "group", 0, "Огород")
SMALL = TelethonChat(-44, "persona", 900, "Грядка")
DM = TelethonChat(-7, "dm", 900)
PLACES: dict[TelethonChat, Any] = {
    CHANNEL: tl.PeerChannel(42),
    GROUP: tl.PeerChannel(43),
    SMALL: tl.PeerChat(44),
    DM: tl.PeerUser(7),
}
NO_PHOTO = tl.ChatPhotoEmpty()
ENTITIES = peers_of(
    [
        tl.User(7, first_name="Ада", username="ada"),
        tl.User(
            8, first_name="Борис", last_name="Л.", usernames=[tl.Username("old"), tl.Username("boris", active=True)]
        ),
        tl.User(9, deleted=True),
        tl.User(10, first_name="Gif", bot=True, username="gif"),
        tl.User(900, first_name="Я", is_self=True),
    ],
    [
        tl.Channel(42, "Сад", NO_PHOTO, AT, username="sad"),
        tl.ChannelForbidden(43, 1, "Огород"),
        tl.Chat(44, "Грядка", NO_PHOTO, 2, AT, 1),
    ],
)


def received(message: Any) -> Any:
    """The object as it comes out of the wire: flags that are not set are False, not None."""
    return BinaryReader(bytes(message)).tgread_object()


def message(chat: TelethonChat = GROUP, **fields: Any) -> Any:
    """A text message of Ada's, or of a channel."""
    author = {} if chat in (CHANNEL, DM) else {"from_id": tl.PeerUser(7)}
    given = {"id": 1, "peer_id": PLACES[chat], "date": AT, "message": "привет", **author, **fields}
    return received(tl.Message(**given))


def service(action: Any, chat: TelethonChat = GROUP, **fields: Any) -> Any:
    """A service message."""
    author = {} if chat in (CHANNEL, DM) else {"from_id": tl.PeerUser(7)}
    given = {"id": 8, "peer_id": PLACES[chat], "date": AT, **author, **fields}
    return received(tl.MessageService(action=action, **given))


def stored(message: Any) -> dict[str, Any]:
    """What the database gives back of a message."""
    raw = raw_of(message, ENTITIES)
    assert raw is not None
    loaded: dict[str, Any] = orjson.loads(dump(raw))
    return loaded


def photo(**fields: Any) -> Any:
    """A photo in three sizes, the largest in the middle."""
    sizes = [
        tl.PhotoStrippedSize("i", b"\x01\x02"),
        tl.PhotoSize("m", 320, 213, 16_378),
        tl.PhotoSizeProgressive("y", 1280, 853, [16_931, 156_605, 92_092]),
        tl.PhotoSize("x", 800, 533, 80_077),
    ]
    return tl.Photo(
        **{"id": 11, "access_hash": -12, "file_reference": b"\x00\xffref", "date": AT, "sizes": sizes, "dc_id": 2}
        | fields
    )


def document(*attributes: Any, **fields: Any) -> Any:
    """A file."""
    return tl.Document(
        **{
            "id": 21, "access_hash": 22, "file_reference": b"doc", "date": AT, "mime_type": "video/mp4",
            "size": 5 << 30, "dc_id": 4, "attributes": list(attributes),
        }
        | fields
    )  # fmt: skip


def event(one: Any, chat: TelethonChat = GROUP) -> PostParsedEventV1:
    """The event, which is the same after a trip through a stream."""
    found = event_of(stored(one), chat, "t")
    assert decode("stream:posts:parsed", encode(found)).model_dump(exclude=ENVELOPE) == found.model_dump(
        exclude=ENVELOPE
    )
    return found


def fields(found: PostParsedEventV1, *names: str) -> tuple[Any, ...]:
    """Some of its fields, in that order."""
    return tuple(getattr(found, name) for name in names)


def sent(*attributes: Any, **fields: Any) -> Any:
    """The medium of a message with a file."""
    return tl.MessageMediaDocument(document=document(*attributes, **fields))


def words(text: str) -> Any:
    """Text without entities."""
    return tl.TextWithEntities(text, [])


def poll(**results: Any) -> Any:
    """A closed poll of two answers."""
    answers = [tl.PollAnswer(words("Тут"), b"0"), tl.PollAnswer(words("Там"), b"\xff")]
    return tl.MessageMediaPoll(
        tl.Poll(1, words("Где?"), answers, 0, closed=True),
        tl.PollResults(**results),
        attached_media=tl.MessageMediaPhoto(photo=photo()) if results else None,
    )
