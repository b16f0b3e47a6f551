"""Every file of a message is listed with its kind, role and place, or with why it is absent."""

import pytest

from tests.telegram.exports import message
from tg_assets.telegram.desktop_post import MediaRef, media_of

ABSENT = "(File not included. Change data exporting settings to download.)"


def test_photo() -> None:
    """A photo has no mime type in an export; Telegram's photos are JPEG."""
    raw = message(photo="photos/a.jpg", photo_file_size=9, width=3, height=2)
    assert media_of(raw) == [
        MediaRef(0, "photo", "primary", "photos/a.jpg", None, mime="image/jpeg", size=9, width=3, height=2)
    ]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("sticker", "sticker"),
        ("video_message", "video_note"),
        ("voice_message", "voice"),
        ("animation", "animation"),
        ("video_file", "video"),
        ("audio_file", "audio"),
        (None, "document"),
        ("hologram", "document"),
        (["video_file"], "document"),
    ],
)
def test_media_type_decides_the_kind(media_type: object, kind: str) -> None:
    """A file without a type that we know is a document."""
    raw = message(file="files/a", media_type=media_type, mime_type="video/mp4", duration_seconds=5, file_name="a.mp4")
    (found,) = media_of(raw)
    assert (found.kind, found.role, found.mime, found.duration, found.file_name) == (
        kind,
        "primary",
        "video/mp4",
        5,
        "a.mp4",
    )


def test_thumbnail_follows_its_file() -> None:
    """Positions count within the message."""
    raw = message(file="files/a.pdf", thumbnail="files/a_thumb.jpg", thumbnail_file_size=8)
    assert [(item.position, item.kind, item.role, item.path) for item in media_of(raw)] == [
        (0, "document", "primary", "files/a.pdf"),
        (1, "photo", "thumbnail", "files/a_thumb.jpg"),
    ]
    assert media_of(message(thumbnail="files/a_thumb.jpg")) == []


@pytest.mark.parametrize(
    "text",
    [
        ABSENT,
        "(File unavailable, please try again later)",
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "(Photo not included. Change data exporting settings to download.)",
        "(Anything else that Desktop may say)",
    ],
)
def test_absent_file_is_a_reason(text: str) -> None:
    """A sentence in brackets stands in place of a path, possibly behind the file's name."""
    for value in (text, f"clip.mp4 {text}") if "Anything" not in text else (text,):
        (found,) = media_of(message(file=value))
        assert (found.path, found.absent_reason) == (None, text)


def test_brackets_in_a_name_are_a_path() -> None:
    """Desktop numbers files of one name in brackets."""
    assert media_of(message(file="stickers/sticker (3).webp"))[0].path == "stickers/sticker (3).webp"
    assert media_of(message(file="files/report (final)"))[0].path == "files/report (final)"


def test_contact_card_is_an_attachment() -> None:
    """A shared contact is no media of the post, but its card is a file."""
    raw = message(contact_information={"first_name": "Ада"}, contact_vcard="contacts/c.vcf")
    assert [(item.kind, item.role, item.path) for item in media_of(raw)] == [
        ("document", "attachment", "contacts/c.vcf")
    ]


@pytest.mark.parametrize("value", [None, "", 5, [], {}, True])
def test_wrong_types_are_no_media(value: object) -> None:
    """A null or a number in place of a path is nothing."""
    assert media_of(message(photo=value, file=value, contact_vcard=value, thumbnail=value)) == []
    (found,) = media_of(message(photo="photos/a.jpg", width=value, height=-1, photo_file_size="x"))
    assert (found.height, found.size) == (None, None)
