"""What was made of a deleted message goes with it, out of every store, and does not come back; its neighbours stay."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from resources.speech import SpeechChoice, SpeechResource
from resources.vision import TenantVision, VisionResource
from tests.live.support import DELETED, EDITED, PARSED, Live
from tests.support import pipeline
from tests.support.providers import HandlerProvider, HandlerSpeech
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.importing import ImportOptions, import_export
from tg_assets.settings import load_settings
from tg_assets.speech.result import Segment, Transcript
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import Ocr, VisionResult

CHAT = -1_000_000_000_042
DAY = 1_682_931_600  # 2023-05-01T09:00:00Z
GONE = [1, 2, 3, 5, 7, 8, 9, 10, 11, 13]
LIVING = [4, 6, 12, 14]


def word(number: int, of: str = "said") -> str:
    """What nothing but a message's text, picture (``seen``) or voice (``heard``) says."""
    return f"zorblax{of}{chr(96 + number) * 3}"


def data(number: int) -> bytes:
    """A message's file; the picture of 13 is that of 12."""
    return f"file {12 if number == 13 else number}".encode()


class FakeVision(VisionResource):
    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        def describe(image: bytes, mime: str) -> VisionResult:
            number = int(image.decode().removeprefix("file "))
            return VisionResult(
                classification="photo", description=f"a {word(number, 'seen')} on it", labels=[word(number, "seen")],
                ocr=Ocr(text=word(number, "read"), engine="fake", confidence=0.9), provider="fake", model="fake",
                vision_version="fake@1",
            )  # fmt: skip

        return TenantVision(HandlerProvider(describe), Policy())


class FakeSpeech(SpeechResource):
    def choose(self, settings: Any) -> SpeechChoice:
        def transcribe(data: bytes, mime: str) -> Transcript:
            text = word(int(data.decode().removeprefix("file ")), "heard")
            return Transcript(
                text=text, lang="en", lang_probability=0.9, seconds=2.5, provider="fake", model="fake",
                segments=[Segment(start=0.0, end=2.5, text=text)], speech_version="fake@1",
            )  # fmt: skip

        return SpeechChoice(HandlerSpeech(transcribe))


def said(number: int, minute: int | None = None, **fields: Any) -> dict[str, Any]:
    at = str(DAY + 60 * (number if minute is None else minute))
    return message(number, text=word(number), text_entities=[], date_unixtime=at, **fields)


def photo(number: int, minute: int | None = None) -> dict[str, Any]:
    return said(number, minute, photo=f"photos/{number}.png", width=10, height=10)


def messages() -> list[dict[str, Any]]:
    """A message of every kind; albums are 4 to 6, of which one item goes, and 7 and 8, which goes whole."""
    captionless = {"text": ""}
    note = {"file": "files/3.png", "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 3}
    return [
        said(1),
        photo(2),
        said(3, **note),
        photo(4, 30),
        photo(5, 30) | captionless,
        photo(6, 30) | captionless,
        photo(7, 40),
        photo(8, 40) | captionless,
        said(9, file="files/9.png", mime_type="application/pdf", file_name=f"{word(9, 'named')}.pdf"),
        said(10, forwarded_from=word(10, "from"), forwarded_from_id="channel7710"),
        said(11),
        photo(12),
        photo(13),
        said(14),
    ]


def land(live: Live, directory: Path) -> None:
    files = {f"photos/{n}.png": data(n) for n in (2, 4, 5, 6, 7, 8, 12, 13)}
    files |= {f"files/{n}.png": data(n) for n in (3, 9)}
    pipeline.import_path(pipeline.write_export(directory, chat(*messages()), files), live.tenant)


def stores(live: Live) -> Iterator[tuple[str, str]]:
    """Everything that any store holds of the tenant, as (where, what)."""
    tenant = ids.tenant_id(live.tenant)
    tables = live.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    for (table,) in tables:
        yield from ((table, row[0]) for row in live.rows(f"SELECT to_jsonb(t)::text FROM {table} t"))
    root = Path(urlsplit(os.environ["TG_OBJECTS_URL"]).path)
    for path in root.rglob("*"):
        if path.is_file() and str(tenant) in str(path):
            yield "objects", f"{path.relative_to(root)} {path.read_bytes().decode(errors='replace')}"
    known = live.rows("SELECT id FROM messages UNION SELECT id FROM media_groups")
    with pipeline.qdrant().tenant(tenant) as index:
        yield from (("points", str(one)) for one in index.payloads([str(row[0]) for row in known]).values())
    with pipeline.neo4j().tenant(tenant) as graph:
        for query in (
            "MATCH (n {tenant_id: $tenant}) RETURN properties(n) AS p",
            "MATCH (n {tenant_id: $tenant})-[r]->() RETURN properties(r) AS p",
        ):
            yield from (("graph", str(row["p"])) for row in graph.read(query))


def traces(live: Live, numbers: list[int]) -> set[tuple[int, str]]:
    """Which of the messages has something of its own in which store."""
    contents = {number: hashlib.sha256(data(number)).hexdigest() for number in numbers if number != 13}
    kinds = ("said", "seen", "read", "heard", "named", "from", "edited", "refused")
    return {
        (number, where)
        for where, what in stores(live)
        for number in numbers
        if any(word(number, of) in what.lower() for of in kinds) or contents.get(number, "of another") in what
    }


def test_nothing_of_a_deleted_message_is_left_anywhere(live: Live, tmp_path: Path) -> None:
    seen = {"vision": FakeVision(), "speech": FakeSpeech(), "feed": "sad", "month": (2023, 5)}
    land(live, tmp_path / "first")
    about = {"tenant_id": live.tenant, "tg_channel_id": CHAT, "posted_at": "2023-05-01T09:11:00Z"}
    edit = {"telegram_message_id": 11, "text": word(11, "edited"), "edited_at": "2023-05-01T10:00:00Z"}
    live.send(about | edit, stream=EDITED)
    live.send(*(about | {"telegram_message_id": n, "text": word(n, "refused"), "views_count": "?"} for n in (1, 14)))
    live.drain()
    live.backfill(**seen)
    before = traces(live, GONE + LIVING)
    assert {number for number, _ in before} == {*GONE, *LIVING}
    assert {"objects", "points", "graph", "telegram_message_versions", "dead_letters"} <= {where for _, where in before}

    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": GONE}, stream=DELETED)
    live.drain()
    live.backfill(**seen)
    with_outbox = {"outbox"}  # leaves for its stream, whose entries leave after a day
    assert sorted(one for one in traces(live, GONE) if one[1] not in with_outbox) == []
    after = traces(live, LIVING)
    assert sorted({one for one in before if one[0] in LIVING} - after) == []
    assert live.rows("SELECT count(*), count(deleted_at) FROM messages") == [(14, 10)]

    land(live, tmp_path / "again")
    live.send(about | {"telegram_message_id": 1, "text": word(1)}, stream=PARSED)
    live.drain()
    live.backfill(**seen)
    assert sorted(one for one in traces(live, GONE) if one[1] not in with_outbox) == []
    assert live.rows("SELECT deleted FROM coverage WHERE NOT isempty(stored * deleted)") == []


def test_a_deletion_takes_letters_of_its_own_chat_only(live: Live) -> None:
    """A person and a small group with one bare id, of two accounts: message 5 of one of them is deleted."""
    chats = [
        {"owner_id": owner, "source": source, "tg_channel_id": name}
        for owner in (501, 502)
        for source, name in (("dm", 80_001), ("persona", -80_001))
    ]
    for about in chats:
        live.send({"tenant_id": live.tenant, **about, "telegram_message_id": 5, "text": "5", "posted_at": "2026-03-01"})
        live.send(
            {
                "tenant_id": live.tenant,
                **about,
                "telegram_message_id": 5,
                "text": "5",
                "views_count": "?",
                "posted_at": "2026-03-01",
            }
        )
    live.drain()
    assert len(live.letters()) == 4
    live.send({"tenant_id": live.tenant, **chats[0], "telegram_message_ids": [5]}, stream=DELETED)
    live.drain()
    left = live.rows("SELECT payload->>'owner_id', payload->>'source' FROM dead_letters ORDER BY 1, 2")
    assert left == [("501", "persona"), ("502", "dm"), ("502", "persona")]


def test_files_that_are_told_of_later_do_not_come_back(live: Live) -> None:
    """Whether somebody stored the file before or after the message was deleted, the tombstone is the same."""
    key = f"media/{ids.tenant_id(live.tenant)}/aa/{'a' * 64}.jpg"
    for number, media in ((1, [{"kind": "photo"}]), (2, [{"kind": "photo"}]), (3, []), (4, [])):
        live.send(live.event(number, tg_channel_id=CHAT, media=media, has_media=bool(media)))
    live.drain()

    def stored(number: int) -> None:
        file = {"sha256": "a" * 64, "s3_key": key, "mime_type": "image/jpeg", "size_bytes": 9}
        about = {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": number, "media_files": [file]}
        live.send(about, stream="stream:posts:vision:uploaded")
        live.drain()

    stored(1)
    stored(3)
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [1, 2, 3, 4]}, stream=DELETED)
    live.drain()
    stored(2)
    stored(4)
    rows = live.rows("SELECT media FROM telegram_messages ORDER BY telegram_message_id")
    assert [row[0] for row in rows] == [
        [{"kind": "photo", "role": "primary", "position": 0, "missing_reason": "deleted"}]
    ] * 4


def test_a_file_of_two_names_leaves_under_both(live: Live) -> None:
    """The same content is stored once for each extension that somebody gave it; the last message takes all of them."""
    sha256 = hashlib.sha256(data(4)).hexdigest()
    keys = [f"media/{ids.tenant_id(live.tenant)}/{sha256[:2]}/{sha256}.{name}" for name in ("jpg", "jpeg", "png")]
    for number, key in enumerate(keys, 1):
        pipeline.objects().put(key, data(4))
        medium = {"kind": "photo", "mime": "image/jpeg", "size": len(data(4)), "sha256": sha256, "s3_key": key}
        live.send(live.event(number, media=[medium]))
        live.drain()
        if number < 3:  # the last one goes before its stage sees it
            live.refresh(vision=FakeVision())
    deletion = {"tenant_id": live.tenant, "tg_channel_id": live.event(1)["tg_channel_id"], "chat_title": "Live"}
    live.send({**deletion, "telegram_message_ids": [1, 3]}, stream=DELETED)
    live.drain()
    live.refresh(vision=FakeVision())
    assert all(map(pipeline.objects().exists, keys))
    live.send({**deletion, "telegram_message_ids": [2]}, stream=DELETED)
    live.drain()
    live.refresh(vision=FakeVision())
    assert not any(map(pipeline.objects().exists, keys))


def test_what_an_import_finds_in_place_stays(live: Live, tmp_path: Path) -> None:
    """A content whose last message is deleted is shown by one that is being imported while the stages run."""
    seen = {"vision": FakeVision(), "feed": "sad", "month": (2023, 5)}
    first, again = (
        pipeline.write_export(tmp_path / str(number), chat(photo(number)), {f"photos/{number}.png": data(4)})
        for number in (1, 2)
    )
    pipeline.import_path(first, live.tenant)
    live.backfill(**seen)
    ((key,),) = live.rows("SELECT s3_key FROM media_objects")
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [1]}, stream=DELETED)
    live.drain()

    def work(what: str, *_: int) -> None:
        if what.startswith("copying media"):
            live.backfill(**seen)

    import_export(
        again, ImportOptions(tenant=live.tenant), load_settings(), pipeline.postgres(), pipeline.objects(), work
    )
    assert pipeline.objects().exists(key)
    live.backfill(**seen)
    assert pipeline.objects().exists(key)
    assert live.rows("SELECT s3_key, dropped_at FROM media_objects") == [(key, None)]
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [2]}, stream=DELETED)
    live.drain()
    live.backfill(**seen)
    assert not pipeline.objects().exists(key)
