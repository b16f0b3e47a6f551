"""A voice note as Telegram sends them, Opus in Ogg, is heard in a browser, from any place in it on."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.answers.conftest import ADA, SINCE, UNTIL, Tenant, by
from tests.doors.conftest import token_for
from tests.doors.page.conftest import Open
from tests.speech.sounds import buzz, encode
from tests.support import pipeline
from tests.telegram.exports import chat
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

SECONDS = 40
FILE = "voice_messages/1.ogg"
SEEK = """async (audio) => {
    const told = (name) => new Promise((done, fail) => {
        audio.addEventListener(name, done, { once: true });
        audio.addEventListener("error", () => fail(new Error(audio.error.message)), { once: true });
    });
    audio.muted = true;
    const known = told("loadedmetadata");
    audio.preload = "metadata";
    audio.load();
    await known;
    const long = audio.duration;
    const there = told("seeked");
    audio.currentTime = 30;
    await there;
    const at = audio.currentTime;
    const goes = told("timeupdate");
    await audio.play();
    await goes;
    audio.pause();
    return [long, at, audio.seekable.length ? audio.seekable.end(0) : 0, audio.currentTime >= at];
}"""


@pytest.fixture(scope="module")
def spoken(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """Somebody said something once."""
    tenant = Tenant(pipeline.new_tenant(), {ADA: ""})
    note = {"file": FILE, "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": SECONDS}
    export = chat(by("Ада", 1, "", 600) | note, id=43, name="Кухня", type="public_supergroup")
    files = {FILE: encode(buzz(SECONDS), rate=48_000)}
    path: Path = pipeline.write_export(tmp_path_factory.mktemp("spoken"), export, files)
    (report,) = pipeline.import_path(path, tenant.slug)
    stages = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(tenant.id) as session:
        for of in (*stages["posts"], *stages["media_objects"]):
            run_stage(of, session, Scope(report.feed, SINCE, UNTIL))
    return tenant


def test_a_voice_note_is_heard(reader: Open, spoken: Tenant) -> None:
    """From any place on, without all that is before it; the player says how long it is."""
    one = reader(token_for(spoken))
    answers: list[tuple[int, str]] = []
    one.page.on(
        "response",
        lambda got: answers.append((got.status, got.headers["content-type"])) if "/voices/" in got.url else None,
    )
    page = one.see(f"/?m={spoken.post(43, 1)}")
    audio = page.locator(".whole audio")
    expect(audio).to_be_visible()
    long, at, end, goes = audio.evaluate(SEEK)
    assert (round(long), round(at), round(end), goes) == (SECONDS, 30, SECONDS, True)
    assert set(answers) == {(206, "audio/ogg")}
