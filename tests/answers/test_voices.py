"""A voice is handed out as it was sent, to whoever may see a message that has it, if it is a sound at all."""

import hashlib
from pathlib import Path

import pytest

from tests.pipeline.test_changes import said
from tests.support import pipeline
from tests.telegram.exports import chat
from tg_assets.answers.rows import NotThere
from tg_assets.answers.voices import voice

SOUND, PAGE = b"OggS" + bytes(64), b"<html><script>alert(1)</script>"


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
