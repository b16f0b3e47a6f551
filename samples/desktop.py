"""Builds the Desktop export: `result.json` as a dict, and the files beside it.

Fields, their order and their spelling are those of Telegram Desktop's whole-account JSON export (schema of
2022 and later). `date` is UTC. Nothing is written to disk here.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from samples import cast, pictures, script
from samples.markup import text_fields

Message = dict[str, Any]
EMOJI = ["👍", "❤", "🔥", "🤔", "👏"]
ABOUT = (
    "Here is the data you requested. Remember: Telegram is ad free, it doesn't use your data for ad targeting "
    "and doesn't sell it to others. This sample is invented."
)


def stamp(at: datetime, prefix: str = "date") -> dict[str, str]:
    return {prefix: at.strftime("%Y-%m-%dT%H:%M:%S"), f"{prefix}_unixtime": str(int(at.timestamp()))}


class ChatBuilder:
    """One chat: `messages` in Desktop's shape, `files` by path, `labels` from story label to message id."""

    def __init__(self, number: int, key: str, fields: dict[str, Any], first_id: int) -> None:
        self.key, self.fields, self.next_id = key, fields, first_id
        self.folder = f"chats/chat_{number}"
        self.rng = random.Random(f"chat {key}")
        self.messages: list[Message] = []
        self.files: dict[str, bytes] = {}
        self.labels: dict[str, int] = {}
        self.heads: list[int] = []  # the id of each story line; an album's is that of its first picture
        self.photos = 0

    def build(self, posts: ChatBuilder | None) -> None:
        for line in script.read(self.key):
            if self.rng.random() < 0.06:
                self.next_id += 1  # a deleted message leaves a hole in the ids
            self.heads.append(self.next_id)
            if "id" in line.flags:
                self.labels[line.flags["id"]] = self.next_id
            if "album" in line.flags:
                for i, name in enumerate(line.flags["album"].split(",")):
                    part = script.Line(line.at + timedelta(seconds=i // 5), line.author, "", {"photo": name})
                    if i == 0:
                        part.text, part.flags = line.text, {**line.flags, "photo": name}
                    self.add(self.message(part, posts))
            elif line.author == "unsupported":
                self.add({"type": "unsupported"})
            elif "svc" in line.flags:
                self.add(self.service(line))
            else:
                self.add(self.message(line, posts))

    def add(self, message: Message) -> None:
        self.messages.append({"id": self.next_id, **message})
        self.next_id += 1

    def target(self, value: str) -> int:
        """Resolve `re`: lines up, or `out:ID`."""
        return int(value[4:]) if value.startswith("out:") else self.heads[-1 - abs(int(value))]

    def message(self, line: script.Line, posts: ChatBuilder | None) -> Message:
        name, peer = cast.PEOPLE[line.author]
        message: Message = {"type": "message", **stamp(line.at)}
        if "edit" in line.flags:
            message |= stamp(line.at + timedelta(minutes=int(line.flags["edit"])), "edited")
        message |= {"from": name, "from_id": peer}
        text = text_fields(line.text)
        if "fwd" in line.flags:
            source, source_id = cast.SOURCES[line.flags["fwd"]]
            message["forwarded_from"] = source
            if source_id:
                message["forwarded_from_id"] = source_id
        if posts is not None and "post" in line.flags:
            original = next(m for m in posts.messages if m["id"] == posts.labels[line.flags["post"]])
            if int(original["date_unixtime"]) >= int(message["date_unixtime"]):
                raise ValueError(f"{line.flags['post']} is forwarded before it is written")
            message |= {"forwarded_from": original["from"], "forwarded_from_id": original["from_id"]}
            text = {"text": original["text"], "text_entities": original["text_entities"]}
        if "re" in line.flags:
            message["reply_to_message_id"] = self.target(line.flags["re"])
        message |= self.media(line)
        if "poll" in line.flags:
            message["poll"] = poll(line.text)
            text = text_fields("")
        return message | text | self.reactions(line)

    def media(self, line: script.Line) -> dict[str, Any]:
        flags = line.flags
        if "photo" in flags:
            self.photos += 1
            data, w, h = pictures.encoded(flags["photo"])
            path = f"{self.folder}/photos/photo_{self.photos}@{line.at:%d-%m-%Y_%H-%M-%S}.jpg"
            self.files[path] = data
            return {"photo": path, "photo_file_size": len(data), "width": w, "height": h}
        if "doc" in flags:
            data, w, h = pictures.encoded(flags["doc"], "PNG")
            name = f"{flags['doc']}.png"
            path = f"{self.folder}/files/{name}"
            self.files[path] = data
            size = {"file": path, "file_name": name, "file_size": len(data)}
            return size | {"mime_type": "image/png", "width": w, "height": h}
        if "sticker" in flags:
            data, w, h = pictures.sticker(flags["sticker"])
            path = f"{self.folder}/stickers/sticker_{flags['sticker']}.webp"
            self.files[path] = data
            kind = {"media_type": "sticker", "sticker_emoji": cast.STICKER_EMOJI[flags["sticker"]]}
            return {"file": path, "file_name": "sticker.webp", "file_size": len(data), **kind, "width": w, "height": h}
        if "contact" in flags:
            return {"contact_information": cast.CONTACTS[flags["contact"]]}
        if "location" in flags:
            return {"location_information": cast.PLACES[flags["location"]]}
        return cast.ABSENT[flags["absent"]] if "absent" in flags else {}

    def reactions(self, line: script.Line) -> dict[str, Any]:
        pairs = [(part[0], int(part[1:])) for part in line.flags.get("react", "").split(",") if part]
        if not pairs and self.key == "channel" and line.text and self.rng.random() < 0.5:
            pairs = [(emoji, self.rng.randrange(2, 30)) for emoji in self.rng.sample(EMOJI, 2)]
        found: list[dict[str, Any]] = [{"type": "emoji", "count": count, "emoji": emoji} for emoji, count in pairs]
        return {"reactions": found} if found else {}

    def service(self, line: script.Line) -> Message:
        name, peer = cast.PEOPLE[line.author]
        kind, _, value = line.flags["svc"].partition(":")
        actions: dict[str, dict[str, Any]] = {"photo": {"action": "edit_group_photo", "photo": cast.MISSING}}
        if kind == "pin":
            target = self.labels.get(value) or self.target(value)
            actions["pin"] = {"action": "pin_message", "message_id": target}
        elif kind == "migrate":
            actions[kind] = {"action": "migrate_from_group", "title": value.replace("_", " ")}
        elif kind == "invite":
            members = [cast.PEOPLE[member][0] for member in value.split(",")]
            actions[kind] = {"action": "invite_members", "members": members}
        elif kind == "title":
            actions[kind] = {"action": "edit_group_title", "title": value.replace("_", " ")}
        elif kind == "link":
            actions[kind] = {"action": "join_group_by_link", "inviter": cast.PEOPLE[cast.OWNER][0]}
        elif kind == "call":
            actions[kind] = {"action": "group_call", "duration": int(value)}
        elif kind == "phone":
            actions[kind] = {"action": "phone_call", "duration_seconds": int(value), "discard_reason": "hangup"}
        return {
            "type": "service",
            **stamp(line.at),
            "actor": name,
            "actor_id": peer,
            **actions[kind],
            **text_fields(""),
        }


def poll(text: str) -> dict[str, Any]:
    question, *options = text.split("|")
    answers = [(label, int(votes)) for label, _, votes in (option.rpartition("=") for option in options)]
    return {
        "question": question,
        "closed": False,
        "total_voters": sum(votes for _, votes in answers),
        "answers": [{"text": label, "voters": votes, "chosen": i == 0} for i, (label, votes) in enumerate(answers)],
    }


def build() -> list[ChatBuilder]:
    """The three chats, built in order: later ones forward posts of the first."""
    built: list[ChatBuilder] = []
    for number, (key, fields, first_id) in enumerate(cast.CHATS, 1):
        chat = ChatBuilder(number, key, fields, first_id)
        chat.build(built[0] if built else None)
        built.append(chat)
    return built


def result(chats: list[ChatBuilder]) -> dict[str, Any]:
    """The root of `result.json`."""
    listed = [{**chat.fields, "messages": chat.messages} for chat in chats]
    about = "This page lists all chats from this export."
    return {"about": ABOUT, "personal_information": cast.PERSONAL, "chats": {"about": about, "list": listed}}
