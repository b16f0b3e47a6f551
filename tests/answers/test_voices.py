"""A voice is handed out as it was sent, to whoever may see a message that has it, if it is a sound at all."""

import hashlib
from pathlib import Path

import pytest

from tests.pipeline.test_changes import said
from tests.support import pipeline
from tests.telegram.exports import chat
from tg_assets.answers.media import media
from tg_assets.answers.rows import NotThere
from tg_assets.answers.voices import voice

SOUND, PAGE = b"OggS" + bytes(64), b"<html><script>alert(1)</script>"
CALLED = {
    "audio/x-flac": "audio/flac", "audio/mp3": "audio/mpeg", "audio/opus": "audio/ogg",
    "Audio/OGG; codecs=opus": "audio/ogg",
    "audio/x-m4a": "audio/mp4", "application/ogg": "audio/ogg", "audio/x-wav": "audio/wav", "audio/midi": None,
    "image/svg+xml": None, "": None,
}  # fmt: skip
"""What a client may call a sound, and what it is handed out as, if at all."""


def test_a_voice(servers: dict[str, str], tmp_path: Path) -> None:
    tenant, other = pipeline.new_tenant(), pipeline.new_tenant()
    kinds = {"media_type": "voice_message", "duration_seconds": 3}
    exported = chat(
        # The same sound, which somebody calls otherwise.
        said(1, "", file="voice_messages/0.ogg", mime_type="application/octet-stream", **kinds),
        said(2, "", file="voice_messages/1.ogg", mime_type="audio/ogg", **kinds),
        said(3, "", file="voice_messages/2.ogg", mime_type="text/html", **kinds),
    )
    files = {"voice_messages/0.ogg": SOUND, "voice_messages/1.ogg": SOUND, "voice_messages/2.ogg": PAGE}
    reports = pipeline.import_path(pipeline.write_export(tmp_path, exported, files), tenant)
    pipeline.materialize_reports(reports, selection=["telegram_messages", "posts", "media_objects"])
    sound, page = (hashlib.sha256(one).hexdigest() for one in (SOUND, PAGE))
    found = voice(pipeline.archive(tenant), sound)
    assert (found.mime, found.data) == ("audio/ogg", SOUND)
    for archive, sha256 in (
        (pipeline.archive(tenant), page),
        (pipeline.archive(tenant, feeds=[]), sound),
        (pipeline.archive(other), sound),
        (pipeline.archive(tenant), "0" * 64),
    ):
        with pytest.raises(NotThere):
            voice(archive, sha256)


def test_what_is_said_to_play_is_handed_out(servers: dict[str, str], tmp_path: Path) -> None:
    """However clients call it, and also where nobody told how large it is; else no player is offered."""
    tenant = pipeline.new_tenant()
    sounds = {f"files/{number}.bin": SOUND + bytes([number]) for number in range(len(CALLED))}
    exported = chat(
        *(
            said(number + 1, "", file=path, media_type="audio_file", mime_type=called, duration_seconds=3)
            for number, (path, called) in enumerate(zip(sounds, CALLED, strict=True))
        ),
        said(50, "", file="(File not included. Change data exporting settings to download.)",
             media_type="audio_file", mime_type="audio/ogg", duration_seconds=3),
    )  # fmt: skip
    reports = pipeline.import_path(pipeline.write_export(tmp_path, exported, sounds), tenant)
    pipeline.materialize_reports(reports, selection=["telegram_messages", "posts", "media_objects"])
    pipeline.rows(tenant, "UPDATE post_media_map SET size_bytes = NULL RETURNING 1")
    archive = pipeline.archive(tenant)
    shown = pipeline.rows(tenant, "SELECT id FROM messages ORDER BY telegram_message_id")
    files = media(archive, [row.id for row in shown])
    told = [files[row.id][0] for row in shown]
    assert [one.plays for one in told] == [*map(bool, CALLED.values()), False]
    for one, kind in zip(told, CALLED.values(), strict=False):
        assert one.sha256
        if kind:
            assert voice(archive, one.sha256).mime == kind
        else:
            with pytest.raises(NotThere):
                voice(archive, one.sha256)
