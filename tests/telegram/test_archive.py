"""An export opens whatever holds it, and no path of a message leads out of it."""

import gzip
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tests.telegram.exports import chat, encode, message
from tg_assets.errors import TgAssetsError
from tg_assets.telegram.archive import open_archive
from tg_assets.telegram.desktop import read_export
from tg_assets.telegram.export_files import MEDIA_MAX_BYTES

EXPORT = encode(chat(message(photo="photos/a.jpg")))
BAD_PATHS = [
    ("../secret.txt", "leaves"),
    ("photos/../../secret.txt", "leaves"),
    ("/etc/passwd", "absolute"),
    ("C:/Windows/win.ini", "absolute"),
    ("c:photo.jpg", "absolute"),
    ("photos\\a.jpg", "backslash"),
    ("..\\secret.txt", "backslash"),
    ("\\\\server\\share", "backslash"),
    ("photos/a.jpg\x00.png", "NUL"),
    ("", "empty"),
    ("./", "names no file"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export in a folder with one photo, and a secret beside the folder."""
    root = tmp_path / "ChatExport"
    (root / "photos").mkdir(parents=True)
    (root / "result.json").write_bytes(EXPORT)
    (root / "photos" / "a.jpg").write_bytes(b"jpeg")
    (tmp_path / "secret.txt").write_text("secret")
    return root


def pack(path: Path, folder: Path, prefix: str = "") -> Path:
    """The folder as a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, prefix + file.relative_to(folder).as_posix())
    return path


def variants(folder: Path) -> list[Path]:
    """The same export held in every supported way."""
    compressed = folder / "export.json.gz"
    compressed.write_bytes(gzip.compress(EXPORT))
    return [
        folder,
        folder / "result.json",
        compressed,
        folder.parent,
        pack(folder.parent / "flat.zip", folder),
        pack(folder.parent / "nested.zip", folder, "archive/ChatExport/"),
    ]


def test_every_kind_gives_the_same_json_and_media(folder: Path) -> None:
    """Folder, file, gzip and zip, with result.json at the top or below."""
    for path in variants(folder):
        with open_archive(path) as export:
            (name,) = export.json_files()
            with export.open_json(name) as stream:
                assert stream.read() == EXPORT, path
            found = export.media(name, "photos/a.jpg")
            assert (found.size, found.refused, found.missing) == (4, None, False), path
            media = export.open_media(name, "./photos//a.jpg")
            assert media is not None
            with media:
                assert media.read() == b"jpeg"
            assert export.media(name, "photos/absent.jpg").missing
            assert export.open_media(name, "photos/absent.jpg") is None


@pytest.mark.parametrize(("path", "reason"), BAD_PATHS)
def test_paths_that_leave_the_export_are_refused(folder: Path, path: str, reason: str) -> None:
    """Every spelling of "elsewhere" is refused with a reason, in a folder and in a zip, and opens nothing."""
    for held in (folder, pack(folder.parent / "e.zip", folder)):
        with open_archive(held) as export:
            (name,) = export.json_files()
            found = export.media(name, path)
            assert reason in (found.refused or "")
            assert (found.size, found.missing) == (None, False)
            assert export.open_media(name, path) is None


def test_symbolic_links_in_a_folder_are_refused(folder: Path) -> None:
    """A link is refused as file and as folder, even one that stays inside."""
    (folder / "photos" / "link.jpg").symlink_to(folder.parent / "secret.txt")
    (folder / "photos" / "inner.jpg").symlink_to(folder / "photos" / "a.jpg")
    (folder / "linked").symlink_to(folder.parent)
    with open_archive(folder) as export:
        for path in ("photos/link.jpg", "photos/inner.jpg", "linked/secret.txt"):
            assert "symbolic link" in (export.media("result.json", path).refused or "")
            assert export.open_media("result.json", path) is None


def test_link_swapped_in_after_the_check_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening refuses links by itself, so nothing is won by changing a file between check and use."""
    from tg_assets.telegram.folder_archive import FolderExport

    (folder / "photos" / "link.jpg").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent)
    monkeypatch.setattr(FolderExport, "_check", lambda *_: 6)
    with open_archive(folder) as export:
        assert export.open_media("result.json", "photos/link.jpg") is None
        assert export.open_media("result.json", "linked/secret.txt") is None


def test_what_is_not_a_file_is_refused(folder: Path) -> None:
    """A folder or a pipe under a media path does not hang or crash an import."""
    os.mkfifo(folder / "photos" / "pipe.jpg")
    with open_archive(folder) as export:
        for path in ("photos", "photos/pipe.jpg"):
            assert "regular file" in (export.media("result.json", path).refused or "")
        assert export.media("result.json", "photos/a.jpg/deeper.jpg").missing
        assert export.media("result.json", "x" * 5000).missing


def test_file_beyond_the_limit_is_refused(folder: Path) -> None:
    """More than Telegram allows is not Telegram's."""
    with (folder / "photos" / "huge.mp4").open("wb") as file:
        file.truncate(MEDIA_MAX_BYTES + 1)
    with open_archive(folder) as export:
        assert "declares" in (export.media("result.json", "photos/huge.mp4").refused or "")


def test_links_bombs_and_locked_members_of_a_zip_are_refused(tmp_path: Path) -> None:
    """A zip's symbolic link, a member that declares 5 GiB, and an encrypted member: refused, JSON still read."""
    path = tmp_path / "evil.zip"
    link = zipfile.ZipInfo("photos/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("result.json", EXPORT)
        archive.writestr(link, "../../secret.txt")
        archive.writestr("photos/bomb.jpg", b"x")
        archive.writestr("photos/locked.jpg", b"x")
        archive.writestr("../result.json", b"{}")
    data = bytearray(path.read_bytes())
    for name, offset, value in (
        (b"photos/bomb.jpg", 24, struct.pack("<I", MEDIA_MAX_BYTES - 1)),
        (b"photos/locked.jpg", 8, b"\x01\x00"),
    ):
        header = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
        data[header + offset : header + offset + len(value)] = value
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch, open_archive(path) as export:
        patch.setattr("tg_assets.telegram.zip_archive.MEDIA_MAX_BYTES", MEDIA_MAX_BYTES - 2)
        assert export.json_files() == ["result.json"]
        for member, reason in (("link", "symbolic link"), ("bomb", "declares"), ("locked", "encrypted")):
            assert reason in (export.media("result.json", f"photos/{member}.jpg").refused or "")
            assert export.open_media("result.json", f"photos/{member}.jpg") is None
        with export.open_json("result.json") as stream:
            assert stream.read() == EXPORT


def test_names_of_windows_zips_are_found(tmp_path: Path) -> None:
    """Explorer writes names in the DOS code page without saying so."""
    path = tmp_path / "win.zip"
    stand_in = "files/" + "ABCD.txt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("result.json", EXPORT)
        archive.writestr(stand_in, b"dos")
    path.write_bytes(path.read_bytes().replace(b"ABCD", "Ключ".encode("cp866")))
    with open_archive(path) as export:
        assert export.media("result.json", "files/Ключ.txt").size == 3


def test_several_exports_in_one_folder(folder: Path) -> None:
    """Each result.json is listed, its media are relative to it, and links to exports are not followed."""
    second = folder.parent / "ChatExport (1)"
    second.mkdir()
    (second / "result.json").write_bytes(EXPORT)
    (folder.parent / "elsewhere").symlink_to(folder)
    with open_archive(folder.parent) as export:
        assert sorted(export.json_files()) == ["ChatExport (1)/result.json", "ChatExport/result.json"]
        assert export.media("ChatExport/result.json", "photos/a.jpg").size == 4
        assert export.media("ChatExport (1)/result.json", "photos/a.jpg").missing
        assert export.media("ChatExport (1)/result.json", "../ChatExport/photos/a.jpg").refused


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.rar", b"Rar!\x1a\x07\x01\x00", "a RAR archive. Unpack it"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive"),
        ("a.tar", b"x" * 257 + b"ustar\x0000", "a tar archive"),
        ("a.tar.gz", gzip.compress(b"x" * 257 + b"ustar\x0000", mtime=0), "a tar archive"),
        ("a.json.bz2", b"BZh91AY&SY", "compressed by bzip2"),
        ("a.json.xz", b"\xfd7zXZ\x00\x00", "compressed by xz"),
        ("a.session", b"SQLite format 3\x00", "a SQLite database"),
        ("messages.html", b"\n<!DOCTYPE html><html>", "a page of HTML.*Machine-readable JSON"),
        ("chat.csv", b"id,text\n1,secret\n", "a table .CSV..*Machine-readable JSON"),
        ("key_datas", b"TDF$\x01", "Telegram Desktop's own data"),
        ("empty", b"", "is empty"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    """What it is, and what to do to get an export."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TgAssetsError, match=f"'{name}' is no export: it is .*{sentence}|{sentence}") as caught:
        open_archive(tmp_path / name)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["export", "result.json.txt", "RESULT.JSON", "backup.gz", "export.jsonl"])
def test_an_export_is_told_by_what_is_in_it(tmp_path: Path, name: str) -> None:
    """Whatever somebody called the file."""
    data = EXPORT if name != "export" else EXPORT.decode().encode("utf-16")
    (tmp_path / name).write_bytes(gzip.compress(data) if name == "backup.gz" else data)
    with open_archive(tmp_path / name) as export, export.open_json(name) as stream:
        assert [type(item).__name__ for item in read_export(stream, name)] == ["ExportedChat", "dict"]


def test_an_export_as_html_is_named(tmp_path: Path) -> None:
    """In a folder and in a zip, and the data of Telegram Desktop itself."""
    for held, file in (("html", "messages2.html"), ("tdata", "key_datas")):
        (tmp_path / held / "ChatExport").mkdir(parents=True)
        (tmp_path / held / "ChatExport" / file).write_text("secret")
        for path in (tmp_path / held, pack(tmp_path / f"{held}.zip", tmp_path / held)):
            with pytest.raises(TgAssetsError, match=r"holds no result\.json\. It is .*Machine-readable JSON"):
                open_archive(path)


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    """A name that is too long or none, a link to itself; a JSON file that vanished."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("x" * 5000, "a\x00b", "loop"):
        with pytest.raises(TgAssetsError):
            open_archive(tmp_path / name)
    (tmp_path / "result.json").write_bytes(EXPORT)
    with open_archive(tmp_path) as export:
        (tmp_path / "result.json").unlink()
        with pytest.raises(TgAssetsError, match="cannot be read"):
            export.open_json("result.json")


def test_every_cut_or_flip_of_a_zip_is_a_sentence(folder: Path) -> None:
    """Or the export that it was: no other exception, whichever byte is wrong."""
    data = pack(folder.parent / "whole.zip", folder).read_bytes()
    path = folder.parent / "broken.zip"
    for at in range(0, len(data), 3):
        for broken in (data[:at], data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]):
            path.write_bytes(broken)
            try:
                with open_archive(path) as export:
                    for name in export.json_files():
                        with export.open_json(name) as stream:
                            list(read_export(stream, name))
                        export.media(name, "photos/a.jpg")
            except TgAssetsError as error:
                assert "broken.zip" in str(error) or "result.json" in str(error)  # noqa: PT017


def test_a_folder_in_a_zip_is_listed_once(tmp_path: Path) -> None:
    """However many ways its name can be read in."""
    path = tmp_path / "win.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ABCD/result.json", EXPORT)
        archive.writestr("ABCD/photos/a.jpg", b"dos")
    path.write_bytes(path.read_bytes().replace(b"ABCD", "Ключ".encode("cp866")))
    with open_archive(path) as export:
        assert export.json_files() == ["Ключ/result.json"]
        assert export.media("Ключ/result.json", "photos/a.jpg").size == 3


def test_names_that_differ_in_case_alone_are_not_guessed(folder: Path) -> None:
    (folder / "photos" / "B.jpg").write_bytes(b"large")
    (folder / "photos" / "b.JPG").write_bytes(b"small!")
    for held in (folder, pack(folder.parent / "case.zip", folder)):
        with open_archive(held) as export:
            found = [
                export.media("result.json", f"photos/{name}").size for name in ("B.jpg", "b.JPG", "b.jpg", "A.JPG")
            ]
            assert found == [5, 6, None, 4]


def test_what_cannot_be_an_export_is_a_sentence(tmp_path: Path) -> None:
    """Nothing there, nothing in it, another format, a damaged zip, a zip without result.json."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.md", "hello")
    for name, sentence in (
        ("absent", "There is no file or folder 'absent'"),
        ("empty", "holds no result.json"),
        ("notes.txt", "is no export"),
        ("cut.zip", "cut short or damaged"),
        ("other.zip", "holds no result.json"),
    ):
        with pytest.raises(TgAssetsError, match=sentence):
            open_archive(tmp_path / name)


def test_what_is_packed_twice_is_named(folder: Path, tmp_path: Path) -> None:
    """Whatever it is called."""
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("result.json", "{}")
    for name, data in {"a.zip.gz": inner.read_bytes(), "a.json.gz": gzip.compress(b"{}")}.items():
        (tmp_path / name).write_bytes(gzip.compress(data))
        with pytest.raises(TgAssetsError, match="packed twice"):
            open_archive(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as file:
        file.write(inner, "inner.zip")
    with pytest.raises(TgAssetsError, match="another archive"):
        open_archive(tmp_path / "outer.zip")


def test_a_pipe_is_no_export(tmp_path: Path) -> None:
    """It would never end; a person may name one."""
    os.mkfifo(tmp_path / "result.json")
    with pytest.raises(TgAssetsError, match=r"holds no result\.json"):
        open_archive(tmp_path)
