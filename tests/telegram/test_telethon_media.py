"""Media of a Telethon message: kinds, sizes, and what has no file of its own."""

from typing import Any

import pytest
from telethon.tl import types as tl

from tests.telegram.tl import (
    NAMED,
    VIDEO,
    document,
    event,
    message,
    photo,
    sent,
    service,
)

STICKER = tl.DocumentAttributeSticker("😀", tl.InputStickerSetEmpty())
SHOWN = {"kind": "photo", "mime": "image/jpeg", "size": 156_605, "width": 1280, "height": 853}
SIZED = {"mime": "video/mp4", "size": 5 << 30}
FRAME = {"width": 1080, "height": 1920, "duration": 15.5}


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (tl.MessageMediaPhoto(photo=photo()), [SHOWN]),
        (tl.MessageMediaPhoto(photo=photo(), live_photo=True, video=document(VIDEO)), [SHOWN]),
        (tl.MessageMediaPhoto(ttl_seconds=5), [{"kind": "photo", "mime": "image/jpeg"}]),
        (sent(VIDEO, NAMED), [{"kind": "video", "file_name": "a.mp4", **SIZED, **FRAME}]),
        (sent(VIDEO, tl.DocumentAttributeAnimated()), [{"kind": "animation", **SIZED, **FRAME}]),
        (sent(VIDEO, STICKER), [{"kind": "sticker", **SIZED, **FRAME}]),
        (sent(tl.DocumentAttributeVideo(3, 240, 240, round_message=True)),
         [{"kind": "video_note", **SIZED, "width": 240, "height": 240, "duration": 3}]),
        (sent(tl.DocumentAttributeAudio(4, voice=True), mime_type="audio/ogg", size=9),
         [{"kind": "voice", "mime": "audio/ogg", "size": 9, "duration": 4}]),
        (sent(tl.DocumentAttributeAudio(4, title="Т"), mime_type="audio/mpeg", size=9),
         [{"kind": "audio", "mime": "audio/mpeg", "size": 9, "duration": 4}]),
        (sent(tl.DocumentAttributeImageSize(10, 20), mime_type="image/png", size=9),
         [{"kind": "document", "mime": "image/png", "size": 9, "width": 10, "height": 20}]),
        (sent(), [{"kind": "document", **SIZED}]),
        (tl.MessageMediaDocument(voice=True, ttl_seconds=5), [{"kind": "voice"}]),
        (tl.MessageMediaDocument(round=True, document=tl.DocumentEmpty(1)), [{"kind": "video_note"}]),
        (tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMedia(tl.MessageMediaPhoto(photo=photo())),
                                      tl.MessageExtendedMedia(sent(VIDEO))]),
         [SHOWN, {"kind": "video", **SIZED, **FRAME}]),
        (tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMediaPreview(32, 24),
                                      tl.MessageExtendedMediaPreview(32, 24, video_duration=7)]),
         [{"kind": "photo", "mime": "image/jpeg", "width": 32, "height": 24},
          {"kind": "video", "width": 32, "height": 24, "duration": 7}]),
        (tl.MessageMediaWebPage(tl.WebPage(1, "https://a", "a", 0, photo=photo())), []),
        (tl.MessageMediaGeo(tl.GeoPoint(1.5, 2.5, 1)), []),
        (tl.MessageMediaContact("1", "А", "", "", 7), []),
        (tl.MessageMediaDice(6, "🎲"), []),
        (tl.MessageMediaGame(tl.Game(1, 2, "g", "G", "", photo())), []),
        (tl.MessageMediaStory(tl.PeerUser(7), 1), []),
        (tl.MessageMediaUnsupported(), []),
        (None, []),
    ],
)  # fmt: skip
def test_media(media: Any, expected: list[dict[str, Any]]) -> None:
    """Files, with what is known of them; whether they are stored is not known here."""
    found = event(message(media=media))
    assert [one.model_dump(exclude_none=True) for one in found.media] == [
        {"role": "primary", **one} for one in expected
    ]
    assert found.has_media is bool(expected)


def test_a_chats_new_photo_is_media() -> None:
    """As in an export."""
    found = event(service(tl.MessageActionChatEditPhoto(photo())))
    assert [one.kind for one in found.media] == ["photo"]
