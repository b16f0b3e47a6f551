"""Which messages a search filter lets through."""

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Message
from tests.telegram_server.media import Document, Photo


def matches(message: Message, wanted: TLObject) -> bool:
    """Does `message` pass one of Telegram's `InputMessagesFilter…`? An unknown filter passes nothing."""
    match wanted:
        case t.InputMessagesFilterEmpty():
            return True
        case t.InputMessagesFilterPinned():
            return message.pinned
        case t.InputMessagesFilterUrl():
            urls = (t.MessageEntityUrl, t.MessageEntityTextUrl)
            return any(isinstance(entity, urls) for entity in message.entities or ())
        case t.InputMessagesFilterPhotos():
            return isinstance(message.media, Photo)
        case t.InputMessagesFilterPhotoVideo():
            return isinstance(message.media, Photo) or kind_of(message) == "video"
    kinds = {
        t.InputMessagesFilterDocument: "file",
        t.InputMessagesFilterVideo: "video",
        t.InputMessagesFilterMusic: "audio",
        t.InputMessagesFilterVoice: "voice",
        t.InputMessagesFilterRoundVideo: "round",
        t.InputMessagesFilterGif: "animation",
    }
    return type(wanted) in kinds and kind_of(message) == kinds[type(wanted)]


def kind_of(message: Message) -> str | None:
    """What kind of document a message carries."""
    if not isinstance(message.media, Document):
        return None
    attributes = {type(one): one for one in message.media.attributes}
    audio, video = attributes.get(t.DocumentAttributeAudio), attributes.get(t.DocumentAttributeVideo)
    if t.DocumentAttributeSticker in attributes:
        return "sticker"
    if t.DocumentAttributeAnimated in attributes:
        return "animation"
    if video is not None:
        return "round" if video.round_message else "video"
    if audio is not None:
        return "voice" if audio.voice else "audio"
    return "file"
