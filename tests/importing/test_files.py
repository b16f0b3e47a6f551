"""Files as people have them: packed elsewhere, named by a Mac, damaged, converted, with words like escapes."""

import io
import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.telegram.exports import account, chat, encode, message
from tg_assets.errors import TgAssetsError

REPORT = "Отчёт за май.pdf"


def says(number: int, text: str, **fields: Any) -> dict[str, Any]:
    return message(number, text=text, text_entities=[{"type": "plain", "text": text}], **fields)


def texts(tenant: str) -> dict[int, str]:
    return dict(pipeline.rows(tenant, "SELECT telegram_message_id, raw->>'text' FROM telegram_messages"))


def stored(tenant: str) -> dict[int, str | None]:
    rows = "SELECT telegram_message_id, media->0->>'sha256' FROM telegram_messages WHERE media <> '[]'"
    return dict(pipeline.rows(tenant, rows))


def land(tenant: str, folder: Path, data: bytes, **options: Any) -> Any:
    """Import the bytes of one chat's JSON; returns its report."""
    folder.mkdir(exist_ok=True)
    (folder / "result.json").write_bytes(data)
    (report,) = pipeline.import_path(folder, tenant, **options)
    return report


def test_words_that_look_like_escapes_are_kept(tenant: str, tmp_path: Path) -> None:
    """Only a real NUL, which PostgreSQL cannot store, is replaced."""
    said = ["real \x00", "written \\u0000", "C:\\u0000\\x41", "regex \\\\u0000", "lone \ud83d", "both \\u0000\x00"]
    data = json.dumps(chat(*(says(number, text) for number, text in enumerate(said, 1)))).encode()
    assert land(tenant, tmp_path, data).counts["new"] == len(said)
    kept = [text.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd") for text in said]
    assert texts(tenant) == dict(enumerate(kept, 1))
    assert land(tenant, tmp_path, data).counts["unchanged"] == len(said)


def test_the_text_of_a_gift_is_kept(tenant: str, tmp_path: Path) -> None:
    data = encode(chat(says(1, "Happy birthday"))).replace(b'"text": "Happy', b'"text": "Happy birthday", "text": "')
    data = data.replace(b'"text": " birthday"', b'"text": ""', 1)
    land(tenant, tmp_path, data)
    assert texts(tenant) == {1: "Happy birthday"}


def test_broken_characters_are_replaced_and_counted(tenant: str, tmp_path: Path) -> None:
    data = encode(chat(says(1, "whole 😀"), says(2, "cut @"), says(3, "whole"))).replace(b"@", b"\xf0\x9f\x98")
    assert land(tenant, tmp_path, data).counts["broken"] == 1
    assert texts(tenant) == {1: "whole 😀", 2: "cut \ufffd", 3: "whole"}


def test_a_file_of_another_encoding_changes_nothing(tenant: str, tmp_path: Path) -> None:
    """All of its text would be lost."""
    data = json.dumps(chat(*(says(n, "привет") for n in range(1, 60))), ensure_ascii=False).encode("cp1251")
    with pytest.raises(TgAssetsError, match="not written in UTF-8"):
        land(tenant, tmp_path, data)
    assert texts(tenant) == {}
    assert land(tenant, tmp_path, encode(chat(says(1, "привет 😀"))).decode().encode("utf-16")).counts["new"] == 1
    assert texts(tenant) == {1: "привет 😀"}


ABSURD: list[dict[str, Any]] = [
    {"date_unixtime": "99999999999999999"},
    {"date_unixtime": str(1 << 32)},
    {"date_unixtime": "-5"},
    {"id": (1 << 63) - 1},
    {"id": -(1 << 63)},
    {"id": 1.5},
    {"id": "NUMBER1e400"},
    {"id": 10**40},
    {"views": 10**40},
    {"location_information": {"latitude": "NUMBERNaN"}},
    {"text": "x" * (1 << 20)},
]


def test_an_absurd_message_costs_itself(tenant: str, tmp_path: Path) -> None:
    """It is a dead letter with a reason; its neighbours land, and importing again adds nothing."""
    wrong = [says(100 + n, "secret") | fields for n, fields in enumerate(ABSURD)]
    written = encode(chat(says(1, "first"), *wrong, says(2, "last"))).decode()
    data = written.replace('"NUMBER1e400"', "1e400").replace('"NUMBERNaN"', "NaN").encode()
    for _ in range(2):
        report = land(tenant, tmp_path, data)
        assert texts(tenant) == {1: "first", 2: "last"}
        assert sum(report.rejected.values()) == len(ABSURD)
        letters = pipeline.rows(tenant, "SELECT reason, entry, payload FROM dead_letters")
        assert len(letters) == len(ABSURD)
    assert not any("secret" in reason + entry for reason, entry, _ in letters)
    assert sum("secret" in json.dumps(payload) for *_, payload in letters) == len(ABSURD) - 1


def test_large_ids_are_exact(tenant: str, tmp_path: Path) -> None:
    numbers = [(1 << 31), (1 << 53) + 1, (1 << 62) - 1]
    emoji = [{"type": "custom_emoji", "text": "🙂", "document_id": 5432109876543210987}]
    land(tenant, tmp_path, encode(chat(*(message(n, text_entities=emoji) for n in numbers), id=3999999999)))
    assert sorted(texts(tenant)) == numbers
    documents = pipeline.rows(tenant, "SELECT DISTINCT raw->'text_entities'->0->>'document_id' FROM telegram_messages")
    assert documents == [("5432109876543210987",)]


def test_the_path_of_an_exported_emoji_changes_nothing(tenant: str, tmp_path: Path) -> None:
    """The next export numbers its files anew."""

    def export(path: str) -> bytes:
        emoji = {"type": "custom_emoji", "text": "🙂", "document_id": path}
        return encode(chat(message(text=[emoji], text_entities=[emoji], reactions=[emoji | {"count": 1}])))

    land(tenant, tmp_path, export("stickers/sticker (1).webm"))
    for path in ("stickers/sticker (7).webm", "(File not included. Change data exporting settings to download.)"):
        assert land(tenant, tmp_path, export(path)).counts["unchanged"] == 1
    assert land(tenant, tmp_path, export("5432109876543210987")).counts["changed"] == 1


@pytest.mark.parametrize("sender", ["Hal", "userMe", "user", "channelx", "", None, [], {"id": 5}, 1.5, 10**30])
def test_a_sender_that_is_no_id_stops_no_account(tenant: str, tmp_path: Path, sender: Any) -> None:
    """The message lands without an author's id, with the name."""
    names = message(2, from_id=sender, **{"from": "Hal"})
    whole = account(chat(message(1), names, type="personal_chat"), chat(says(3, "other"), id=43))
    (tmp_path / "result.json").write_bytes(encode(whole))
    reports = pipeline.import_path(tmp_path, tenant)
    absurd = sender == 10**30
    assert [sum(report.rejected.values()) for report in reports] == [absurd, 0]
    assert [report.counts["new"] for report in reports] == [2 - absurd, 1]


def windows_zip(path: Path, encoding: str) -> Path:
    """As Explorer packs a folder: backslashes, and names in the code page of the machine."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        media = [says(1, "a", photo="photos/p1.jpg"), says(2, "b", file=f"files/{REPORT}")]
        archive.writestr("ChatExport_2026\\Result.json", encode(chat(*media)))
        archive.writestr("ChatExport_2026\\photos\\P1.JPG", b"picture")
        archive.writestr("ChatExport_2026\\files\\" + "?" * len(REPORT.encode(encoding)), b"report")
        archive.writestr("__MACOSX/ChatExport_2026/result.json", b"not it")
    packed = made.getvalue().replace(b"?" * len(REPORT.encode(encoding)), REPORT.encode(encoding))
    path.write_bytes(packed)
    return path


@pytest.mark.parametrize("encoding", ["cp866", "utf-8", "cp1251"])
def test_zips_of_windows(tenant: str, tmp_path: Path, encoding: str) -> None:
    (report,) = pipeline.import_path(windows_zip(tmp_path / "export.zip", encoding), tenant)
    assert (report.counts["media_present"], report.counts["media_missing"]) == (2, 0)
    assert all(stored(tenant).values())


@pytest.mark.parametrize(("written", "held"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_of_a_mac(tenant: str, tmp_path: Path, written: Any, held: Any) -> None:
    """In a folder and in a zip, whichever side decomposes letters; and names in another case."""
    folder = tmp_path / "export"
    named = [f"files/{unicodedata.normalize(written, REPORT)}", "files/Photo.JPG"]
    media = [says(number, "x", file=path) for number, path in enumerate(named, 1)]
    files = {f"files/{unicodedata.normalize(held, REPORT)}": b"report", "files/photo.jpg": b"picture"}
    pipeline.write_export(folder, chat(*media), files)
    (report,) = pipeline.import_path(folder, tenant)
    assert (report.counts["media_present"], report.counts["media_missing"]) == (2, 0)


def test_a_damaged_file_costs_itself(tenant: str, tmp_path: Path) -> None:
    """The message lands without it, and says so."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("result.json", encode(chat(says(1, "a", photo="a.jpg"), says(2, "b", photo="b.jpg"))))
        archive.writestr("a.jpg", b"damaged picture")
        archive.writestr("b.jpg", b"whole picture")
    (tmp_path / "e.zip").write_bytes(made.getvalue().replace(b"damaged picture", b"damaged piXXure"))
    (report,) = pipeline.import_path(tmp_path / "e.zip", tenant)
    assert (report.counts["new"], report.counts["media_damaged"], report.counts["media_present"]) == (2, 1, 1)
    assert [sha256 is None for _, sha256 in sorted(stored(tenant).items())] == [True, False]


def test_the_table_counts_what_came_in(tenant: str, tmp_path: Path) -> None:
    """Albums of this export, not of the chat; files that are missing, not their previews."""
    absent = "(File not included. Change data exporting settings to download.)"
    video = {"file": absent, "thumbnail": absent, "media_type": "video_file", "width": 10, "height": 10}
    first = [says(n, "", **video) for n in (1, 2)]
    report = land(tenant, tmp_path, encode(chat(*first)))
    assert (report.counts["albums"], report.counts["media_missing"]) == (1, 2)
    second = [says(n, "", **video, date_unixtime="1682999999") for n in (11, 12)]
    report = land(tenant, tmp_path, encode(chat(*second)))
    assert (report.counts["albums"], report.counts["media_missing"]) == (1, 2)
    assert land(tenant, tmp_path, encode(chat(says(20, "text")))).counts["albums"] == 0


def test_an_empty_export_renames_nothing(tenant: str, tmp_path: Path) -> None:
    title = "SELECT title FROM channels"
    land(tenant, tmp_path, encode(chat(says(1, "text"), name="Garden")))
    land(tenant, tmp_path, encode(chat(name="Nothing")))
    land(tenant, tmp_path, encode(chat(message(0), name="Nothing of use")))
    assert pipeline.rows(tenant, title) == [("Garden",)]
    land(tenant, tmp_path, encode(chat(says(1, "text"), name="Orchard")))
    assert pipeline.rows(tenant, title) == [("Orchard",)]
