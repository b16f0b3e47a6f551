"""Whatever strangers write is shown as text: in titles, names, messages, tags and names of files."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.answers.conftest import ADA, SINCE, UNTIL, Tenant, by
from tests.answers.test_bundle import FORGED
from tests.doors.conftest import token_for
from tests.doors.page.conftest import Open
from tests.support import pipeline
from tests.tagging.attempts import ATTEMPTS
from tests.telegram.exports import chat
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

MARKUP = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "<svg onload=alert(3)><a xlink:href='javascript:alert(4)'>x</a></svg>",
    "[click](javascript:alert(5)) ![](https://evil.example/pixel.png) <iframe srcdoc='<script>alert(6)</script>'>",
    'javascript:alert(7) data:text/html,<script>alert(8)</script> https://evil.example/"onmouseover=alert(9)',
    "\x1b]0;title\x07\x1b[31mred\x1b[0m \u202egpj.exe\u202c \u2066isolate zero\u200bwidth",
    "{{constructor.constructor('alert(10)')()}} ${alert(11)} #<b>tag</b>",
    '{"type":"script","props":{"children":"alert(12)"},"constructor":null}',
)
NAME = "<img src=x onerror=alert('name')>\u202e"
VOICE = "voice_messages/1.ogg"
FILE = "files/<img src=x onerror=alert('file')>.txt"


CROSSED = 900
PARTS = [
    {"type": "plain", "text": "насос 🙂 стоит "}, {"type": "strikethrough", "text": "🙂 600 <b>рублей</b>"},
    {"type": "plain", "text": " 500 рублей"},
]  # fmt: skip
"""Of a message, the ``CROSSED``."""


@pytest.fixture(scope="module")
def hostile(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """A group in which every attempt is a message, from somebody with such a name, in a chat with such a title."""
    tenant = Tenant(pipeline.new_tenant(), {ADA: ""})
    texts = [*MARKUP, *FORGED, *(attempt.written[:3000] for attempt in ATTEMPTS)]
    lines = [by(f"{NAME}{n % 3}", n, f"насос {text} #насос<i>", 600 + n % 3, **answering(n))
             for n, text in enumerate((one.encode("utf-8", "replace").decode() for one in texts), 1)]  # fmt: skip
    lines.append(by(NAME, CROSSED, "", 600) | {"text": PARTS, "text_entities": PARTS})
    lines[0] |= {"file": FILE, "file_name": FILE.removeprefix("files/"), "mime_type": "text/plain"}
    lines[2] |= {"file": VOICE, "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 3}
    lines[1] |= {"forwarded_from": MARKUP[0], "forwarded_from_id": "channel77"}
    export = chat(*lines, id=43, name=f"{NAME} <h1>Кухня</h1>", type="public_supergroup")
    files = {FILE: b"<script>alert('file')</script>", VOICE: b"OggS" + bytes(64)}
    (report,) = pipeline.import_path(
        pipeline.write_export(tmp_path_factory.mktemp("hostile"), export, files), tenant.slug
    )
    stages = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(tenant.id) as session:
        for several in stages.values():
            for of in several:
                run_stage(of, session, Scope(report.feed, SINCE, UNTIL))
    return tenant


def answering(number: int) -> dict[str, Any]:
    return {"reply_to_message_id": 1} if 1 < number < 6 else {}


def test_nothing_of_it_is_executed_rendered_or_fetched(reader: Open, hostile: Tenant) -> None:
    """No element but the page's own is made of it in any view; hidden characters have their names."""
    refused = "Failed to load resource: the server responded with a status of 400"
    one = reader(token_for(hostile), expected=(refused,))
    feed = one.page.request.get(f"{one.address}/api/v1/feeds").json()[0]["feed"]
    first, second = hostile.post(43, 1), hostile.post(43, 2)
    for path in (
        "/", "/?q=насос&n=100", f"/?q=насос&author={NAME}0", f"/?q=<script>alert(13)</script>&tag=<b>&m={first}",
        f"/?m={second}", f"/?m={first}&tab=thread", f"/?m={first}&tab=like", f"/?m={first}&tab=links",
        f"/?m={first}&tab=evidence", f"/?view=feed&feed={feed}", "/?view=feeds", "/?view=ask&name=topics",
        "/?view=ask&name=who-replies", "/?view=<img src=x onerror=alert(14)>&m=<svg>&pic=<svg>&of=<svg>",
    ):  # fmt: skip
        page = one.see(path)
        for raw in page.get_by_text("Show as JSON").all():
            raw.click()
        made = page.evaluate("""() => [
            document.querySelectorAll('[onerror], [onload], #app :is(script, iframe, h1 h1, b > i)').length,
            [...document.querySelectorAll('#app a[href]')]
                .map((one) => new URL(one.getAttribute('href'), location).protocol)
                .filter((one) => !['http:', 'https:'].includes(one)).length,
            [...document.querySelectorAll('#app *')].flatMap((one) => one.getAttributeNames())
                .filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc').length,
        ]""")
        assert made == [0, 0, 0], path
    page = one.see(f"/?m={hostile.post(43, 5)}")
    expect(page.locator(".whole .text")).to_contain_text("⟨U+202E⟩gpj.exe⟨U+202C⟩")
    page = one.see(f"/?m={hostile.post(43, CROSSED)}")
    expect(page.locator(".whole s")).to_have_text("🙂 600 <b>рублей</b>")
    expect(page.locator(".whole .text")).to_have_text("насос 🙂 стоит 🙂 600 <b>рублей</b> 500 рублей")
    page = one.see(f"/?m={hostile.post(43, 3)}")
    expect(page.locator(".whole audio")).to_have_attribute("src", re.compile("^/api/v1/voices/[0-9a-f]{64}$"))
    page = one.see(f"/?m={first}")
    expect(page.locator(".whole .text")).to_contain_text(MARKUP[0])
    expect(page.locator(".whole .name")).to_contain_text("<img src=x")
