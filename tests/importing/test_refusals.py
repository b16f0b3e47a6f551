"""What cannot be imported changes nothing and says where it stops; what leaves the export is refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import pipeline
from tests.support.pipeline import SAMPLE
from tests.telegram.exports import chat, message
from tg_assets.errors import TgAssetsError

TABLES = ["tenants", "feeds", "channels", "telegram_messages", "telegram_message_versions", "dead_letters"]


def cut(data: bytes) -> bytes:
    """As a full disk leaves it."""
    return data[: len(data) * 2 // 3]


def conflict(data: bytes) -> bytes:
    """As a merge of two exports in git leaves it."""
    lines = data.split(b"\n")
    lines.insert(len(lines) // 2, b"<<<<<<< HEAD")
    return b"\n".join(lines)


def garbage(data: bytes) -> bytes:
    middle = data.index(b'"type": "message"', len(data) // 2)
    return data[:middle] + b'"type" = ' + data[middle:]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            cut,
            r"result\.json is cut short: it ends near byte [\d,]+ \(line [\d,]+\), after message \d+ of chat number \d",
        ),
        (conflict, r"line 4,?\d\d\d"),
        (
            garbage,
            r"result\.json is not valid JSON .* near byte [\d,]+ \(line [\d,]+\), after message \d+ of chat number \d",
        ),
    ],
)
@pytest.mark.parametrize("known", [False, True], ids=["into nothing", "over an older import"])
def test_a_broken_file_lands_nothing_and_names_the_place(
    tenant: str, tmp_path: Path, damage: Callable[[bytes], bytes], said: str, known: bool
) -> None:
    """Chats before the break do not land either."""
    if known:
        pipeline.import_path(SAMPLE, tenant)
    before = pipeline.content_hashes(tenant)
    (tmp_path / "result.json").write_bytes(damage((SAMPLE / "result.json").read_bytes()))
    with pytest.raises(TgAssetsError, match=said):
        pipeline.import_path(tmp_path, tenant)
    assert pipeline.content_hashes(tenant) == before


def test_a_cut_archive_lands_nothing(tenant: str, tmp_path: Path) -> None:
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SAMPLE / "result.json", "result.json")
    packed.write_bytes(cut(packed.read_bytes()))
    with pytest.raises(TgAssetsError, match=r"'export\.zip' is cut short or damaged"):
        pipeline.import_path(packed, tenant)
    assert set(pipeline.counts(tenant, TABLES).values()) == {0}


def test_something_else_is_no_export(tenant: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"contacts": []}))
    with pytest.raises(TgAssetsError, match="is not a Telegram Desktop export with chats"):
        pipeline.import_path(tmp_path, tenant)
    with pytest.raises(TgAssetsError, match="There is no file or folder"):
        pipeline.import_path(tmp_path / "nothing", tenant)


@pytest.mark.parametrize("tenant_slug", ["Big Corp", "a.b", "", "x" * 41])
def test_an_unusable_tenant_is_a_sentence(servers: dict[str, str], tenant_slug: str) -> None:
    with pytest.raises(TgAssetsError, match="is not usable"):
        pipeline.import_path(SAMPLE, tenant_slug)


ESCAPES = ["../secret.jpg", "photos/../../secret.jpg", "/etc/hostname", "..\\secret.jpg", "C:\\secret.jpg"]


def test_media_outside_the_export_are_refused(tenant: str, tmp_path: Path) -> None:
    """Paths that climb out, absolute ones and links: the messages land, the files do not, the reason is kept."""
    (tmp_path / "secret.jpg").write_bytes(b"a person's own file")
    export = tmp_path / "export"
    (export / "photos").mkdir(parents=True)
    (export / "photos" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    paths = [*ESCAPES, "photos/link.jpg"]
    messages = [message(n, photo=path, width=1, height=1) for n, path in enumerate(paths, 1)]
    pipeline.write_export(export, chat(*messages))
    (report,) = pipeline.import_path(export, tenant)
    assert report.counts["media_refused"] + report.counts["media_missing"] == len(paths)
    assert report.counts["media_refused"] >= 4
    assert report.counts["media_present"] == 0
    assert report.counts["new"] == len(paths)
    reasons = pipeline.rows(
        tenant, "SELECT media->0->>'missing_reason', media->0->>'sha256' FROM telegram_messages ORDER BY id"
    )
    assert all(reason for reason, _ in reasons)
    assert not any(sha256 for _, sha256 in reasons)
    assert sum(reason.startswith("refused: ") for reason, _ in reasons) == report.counts["media_refused"]


def test_media_that_climb_out_of_a_zip_are_refused(tenant: str, tmp_path: Path) -> None:
    """The member exists under that very name."""
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("result.json", json.dumps(chat(message(1, photo="../evil.jpg", width=1, height=1))))
        archive.writestr("../evil.jpg", b"x")
    (report,) = pipeline.import_path(packed, tenant)
    assert (report.counts["media_refused"], report.counts["media_present"], report.counts["new"]) == (1, 0, 1)
    assert not (tmp_path.parent / "evil.jpg").exists()
