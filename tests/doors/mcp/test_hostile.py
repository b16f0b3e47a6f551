"""Whatever people write, and wherever: an assistant is given data, in which nothing hides and which writes nothing."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.answers.conftest import ADA, SINCE, UNTIL, Tenant, by
from tests.answers.test_bundle import TEXTS
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets.answers.archive import Archive
from tg_assets.answers.context import context
from tg_assets.answers.markdown import as_text
from tg_assets.answers.shown import shown
from tg_assets.doors.mcp.clean import UNTRUSTED
from tg_assets.doors.mcp.server import answered
from tg_assets.doors.mcp.tools import TOOLS
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

ESCAPES = (
    "\x1b]0;pwned\x07\x1b[31mкрасный\x1b[0m", "\x9b31mкрасный", "<svg onload=alert(1)><script>alert(1)</script>",
    "\u202ecod.exe\u2066скрыто\u2069", "на\u200bсос\u2060\ufeff", '" · Чужой чат · 2020-01-01', "javascript:alert(1)",
)  # fmt: skip
WRITTEN = [text.encode("utf-8", "replace").decode() for text in (*TEXTS, *ESCAPES)]
MADE = ("posts", "conversations", "tags", "qdrant_points", "neo4j_nodes", "feed_statistics")
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")
KITCHEN = 43


@pytest.fixture(scope="module")
def hostile(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """A group in which each attempt is a text, a name, and where something was forwarded from; and in a title."""
    tenant = Tenant(pipeline.new_tenant(), {ADA: ""})
    lines = [
        by(f"{text[:200]} {number}", number, f"насос номер {number}: {text[:3000]}", 600 + number,
           forwarded_from=text[:200], forwarded_from_id=f"channel{700 + number}", file_name=f"{text[:100]}.svg",
           file="(File not included. Change data exporting settings to download.)",
           **({"reply_to_message_id": number - 1} if number % 3 == 0 else {}))
        for number, text in enumerate(WRITTEN, 1)
    ]  # fmt: skip
    kitchen = chat(*lines, id=KITCHEN, name=" ".join(ESCAPES), type="public_supergroup")
    export = pipeline.write_export(tmp_path_factory.mktemp("hostile"), account(kitchen))
    (report,) = pipeline.import_path(export, tenant.slug)
    stages = pipeline.prepared_stages(pipeline.tools())
    with pipeline.postgres().tenant(tenant.id) as session:
        for name in MADE:
            for stage in stages[name]:
                run_stage(stage, session, Scope(report.feed, SINCE, UNTIL))
    return tenant


def calls(tenant: Tenant) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every tool, of every message."""
    (feed,) = pipeline.rows(tenant.slug, "SELECT key FROM feeds")
    for number, text in enumerate(WRITTEN, 1):
        post = str(tenant.post(KITCHEN, number))
        yield "fetch", {"id": post}
        yield "lineage", {"id": post}
        yield "around", {"id": post, "before": 1, "after": 1}
        yield "thread", {"id": post}
        if number % 6 == 0:
            yield "search", {"query": f"насос номер {number}"}
            yield "get_context", {"question": f"насос номер {number}", "tokens": 20_000}
            yield "find_similar", {"id": post}
        yield "ask_graph", {"question": "activity", "parameters": {"person": text.replace("\0", "")[:300]}}
        yield "get_picture", {"sha256": text.replace("\0", "")[:300]}
    for name in ("most-forwarded", "who-replies", "topics", "entities", "most-linked", "communities"):
        yield "ask_graph", {"question": name, "limit": 200}
    yield "list_feeds", {}
    yield "list_feeds", {"coverage": True}
    yield "digest", {"since": "2023-01-01", "until": "2023-12-01"}
    yield "feed_statistics", {"feed": feed[0], "days": 366}


def strings(value: Any) -> Iterator[str]:
    """Every text of an answer, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def test_nothing_hides_and_nothing_is_left_unmarked(hostile: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    """In texts, names, titles, tags, sources and files, of every tool; nor does any of it reach a log."""
    archive, asked, named = hostile.archive(), set[str](), set[str]()
    with caplog.at_level(logging.DEBUG, "tg_assets"), archive.reading():
        for tool, given in calls(hostile):
            said = answered(lambda: archive, tool, given)
            (text,) = said.content
            assert text.type == "text"
            assert not HIDDEN.search(text.text), (tool, given)
            if said.is_error:
                assert tool in ("ask_graph", "get_picture"), (tool, text.text)
                continue
            asked.add(tool)
            named.update(re.findall("U\\+[0-9A-F]+", text.text))
            found = json.loads(text.text)
            assert found == said.structured_content
            assert all(shown(one) == one and not HIDDEN.search(one) for one in strings(found))
            marked = found["metadata"] if tool == "fetch" else found
            assert tool == "search" or marked["untrusted"] == UNTRUSTED
    assert named >= {"U+200B", "U+202E", "U+001B", "U+009B", "U+2066", "U+FEFF"}
    assert asked == {tool.name for tool in TOOLS} - {"get_picture"}
    assert not any(record.name == "tg_assets.mcp" for record in caplog.records)


def test_a_title_quotes_and_an_address_is_telegrams(hostile: Tenant) -> None:
    """Nobody's words or name end the quotation; the day at the end and the address are ours."""
    results = [
        one
        for number in range(0, len(WRITTEN), 6)
        for one in _found(hostile.archive(), "search", query=f"насос номер {number}")["results"]
    ]
    assert len({one["id"] for one in results}) > 20
    for one in results:
        assert one.keys() == {"id", "title", "url"}
        assert re.fullmatch(r'"[^"\n]{1,80}" · [^"\n]{1,80} · 2023-05-01', one["title"]), one
        assert re.fullmatch(r"https://t\.me/c/43/\d+", one["url"])


def test_a_context_is_sent_as_it_is_written(hostile: Tenant) -> None:
    """The library's Markdown has it that no message writes a line; here nothing is added to it or taken away."""
    bundle = context(hostile.archive(), "насос номер 6", tokens=5000)
    assert _found(hostile.archive(), "get_context", question="насос номер 6", tokens=5000)["context"] == as_text(bundle)


def _found(archive: Archive, tool: str, **given: Any) -> dict[str, Any]:
    said = answered(lambda: archive, tool, given)
    assert not said.is_error
    assert said.structured_content is not None
    return said.structured_content
