"""Who and what the story is about: people, chats, forward sources, places. All of it is invented."""

from __future__ import annotations

from typing import Any

OWNER = "marina"
PEOPLE: dict[str, tuple[str | None, str]] = {
    "marina": ("Марина Лебедева", "user510001001"),
    "pavel": ("Павел Громов", "user510001002"),
    "aigul": ("Айгуль Сафина", "user510001003"),
    "tom": ("Tom Becker", "user510001004"),
    "ilya": ("Илья Воронцов", "user510001005"),
    "sveta": ("Светлана Орлова", "user510001006"),
    "katya": ("Катя Новак", "user510001007"),
    "ghost": (None, "user510001099"),  # a deleted account: Desktop writes from: null
    "-": ("Северный маяк", "channel1700300111"),
}
SOURCES: dict[str, tuple[str, str | None]] = {
    "polar": ("Полярный вестник", "channel1500100101"),
    "ice": ("Ледовая служба моря", "channel1500100102"),
    "birds": ("Птицы Севера", "channel1500100103"),
    "weather": ("Open Weather Engineers", "channel1500100104"),
    "friend": ("Олег Д.", None),  # hides the account when forwarded: a name and no id
}
# Key of the story file, the chat's fields, the first message id.
CHATS: list[tuple[str, dict[str, Any], int]] = [
    ("channel", {"name": "Северный маяк", "type": "public_channel", "id": 1700300111}, 12),
    ("group", {"name": "Команда маяка", "type": "private_supergroup", "id": 1800400222}, 301),
    ("dm", {"name": "Катя Новак", "type": "personal_chat", "id": 510001007}, 90411),
]
PERSONAL: dict[str, Any] = {
    "user_id": 510001001,
    "first_name": "Марина",
    "last_name": "Лебедева",
    "phone_number": "+000 00 000 0001",
    "username": "@marina_mayak",
    "bio": "Северный маяк, зимовка 2026",
}
CONTACTS = {"nina": {"first_name": "Тётя", "last_name": "Нина", "phone_number": "+000 00 000 0042"}}
PLACES = {"lighthouse": {"latitude": 68.8714, "longitude": 37.4402}}
STICKER_EMOJI = {"bear": "🐻", "seal": "🦭"}

MISSING = "(File not included. Change data exporting settings to download.)"
ABSENT: dict[str, dict[str, Any]] = {
    "photo": {"photo": MISSING, "photo_file_size": 88214, "width": 1280, "height": 960},
    "video": {
        "file": MISSING,
        "file_name": "storm_night.mp4",
        "file_size": 48211934,
        "thumbnail": MISSING,
        "thumbnail_file_size": 14120,
        "media_type": "video_file",
        "mime_type": "video/mp4",
        "duration_seconds": 74,
        "width": 1920,
        "height": 1080,
    },
    "voice": {
        "file": MISSING,
        "file_size": 214077,
        "media_type": "voice_message",
        "mime_type": "audio/ogg",
        "duration_seconds": 52,
    },
    "document": {
        "file": MISSING,
        "file_name": "snow_survey_guide.pdf",
        "file_size": 3320190,
        "thumbnail": MISSING,
        "thumbnail_file_size": 9120,
        "mime_type": "application/pdf",
    },
}
