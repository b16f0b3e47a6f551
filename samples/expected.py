"""What a reader of the sample must find: counts per chat, the busiest forward source, search probes.

Counts are taken from the finished messages, albums from the story, so a reader's own album rule is judged
against what was meant.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from samples import cast, script
from samples.desktop import ChatBuilder

# query, chat, label of the one best answer (or `photo:`/`doc:` and the picture's name), how it is found.
PROBES: list[tuple[str, str, str, str]] = [
    ("ремонт генератора", "channel", "generator_repair", "text"),
    ("solar panel efficiency", "channel", "solar_eff", "text"),
    ("толщина морского льда в заливе", "channel", "ice_bay", "text"),
    ("Kubernetes control plane lost quorum", "channel", "k8s_incident", "text"),
    ("training a model to count seabirds", "channel", "model_train", "text"),
    ("рецепт ухи", "group", "fish_soup", "text"),
    ("билеты на поезд в Мурманск", "dm", "train_ticket", "text"),
    ("ошибка подключения к датчику №7", "group", "photo:sensor_error", "ocr"),
    ("счёт на топливные фильтры", "group", "doc:invoice", "ocr"),
    ("no space left on device", "channel", "album:terminal_disk", "ocr"),
    ("mvcc database space exceeded", "group", "photo:kubectl_screen", "ocr"),
    ("разовый пропуск на вертолётную площадку", "dm", "doc:boarding_note", "ocr"),
]


def find(chat: ChatBuilder, label: str) -> int:
    """The message id behind a probe's label; a picture inside an album has its own id."""
    kind, _, name = label.rpartition(":")
    if not kind:
        return chat.labels[label]
    for head, line in zip(chat.heads, script.read(chat.key), strict=True):
        names = line.flags.get(kind, "").split(",")
        if name in names:
            return head + names.index(name)
    raise KeyError(label)


def counts(chat: ChatBuilder) -> dict[str, Any]:
    ids = {m["id"] for m in chat.messages}
    plain = [m for m in chat.messages if m["type"] == "message"]
    targets = [m["reply_to_message_id"] for m in plain if "reply_to_message_id" in m]
    albums = [
        [head + i for i in range(line.flags["album"].count(",") + 1)]
        for head, line in zip(chat.heads, script.read(chat.key), strict=True)
        if "album" in line.flags
    ]
    forwards = Counter(m["forwarded_from"] for m in plain if "forwarded_from" in m)
    return {
        "id": chat.fields["id"],
        "type": chat.fields["type"],
        "messages": len(plain),
        "service": sum(m["type"] == "service" for m in chat.messages),
        "unsupported": sum(m["type"] == "unsupported" for m in chat.messages),
        "replies": len(targets),
        "replies_outside": sum(target not in ids for target in targets),
        "forwards": sum(forwards.values()),
        "forward_sources": dict(sorted(forwards.items(), key=lambda item: (-item[1], item[0]))),
        "albums": len(albums),
        "album_ids": albums,
        "pictures_present": sum("photos/" in m.get("photo", "") or m.get("mime_type") == "image/png" for m in plain),
        "media_absent": sum(cast.MISSING in (m.get("photo"), m.get("file")) for m in plain),
        "stickers": sum(m.get("media_type") == "sticker" for m in plain),
        "polls": sum("poll" in m for m in plain),
        "edits": sum("edited" in m for m in plain),
        "from_null": sum(m["from"] is None for m in plain),
    }


def expected(chats: list[ChatBuilder]) -> dict[str, Any]:
    """The content of `expected.json`."""
    by_key = {chat.key: chat for chat in chats}
    per_chat = {chat.fields["name"]: counts(chat) for chat in chats}
    forwards: Counter[str] = Counter()
    for one in per_chat.values():
        forwards.update(one["forward_sources"])
    source, times = forwards.most_common(1)[0]
    probes = [
        {"query": query, "chat": by_key[key].fields["name"], "message_id": find(by_key[key], label), "via": via}
        for query, key, label, via in PROBES
    ]
    return {"chats": per_chat, "top_forward_source": {"name": source, "count": times}, "probes": probes}
