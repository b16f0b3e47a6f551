"""How long each tool of the server for assistants takes, and how many tokens their list is, on the bundled sample.

Everything is made of the sample but what models see and hear in its files. A time is that of a call in a warm process
whose connections stay open, as ``tg-assets mcp`` has them: arguments are read, the answer is made clean and written.
Tokens are those of ``answers.tokens``, more than the tokenizer of GPT-4o counts.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tg_assets import assets, ids
from tg_assets.answers.archive import Archive
from tg_assets.answers.timeline import timeline
from tg_assets.answers.tokens import text_tokens
from tg_assets.assets.order import stages
from tg_assets.cli import runtime
from tg_assets.doors.mcp.server import answered, tools
from tg_assets.doors.tokens import Access
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
SAMPLE = Path(__file__).parents[1] / "samples" / "export"
OWNER = 510001001
TENANT = "bench-mcp"
NOT_MADE = {"vision_summaries", "transcripts"}
WARM, TIMES, TARGET, TOKENS = 3, 20, "<= 300 ms", "<= 2,500 tokens"


def run() -> list[dict[str, Any]]:
    """Rows of (what, median, p95, size of the answer in bytes, target)."""
    _make()
    archive = runtime.opener().archive(Access(ids.tenant_id(TENANT), "", (OWNER,), None))
    listed = orjson.dumps([one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in tools()])
    rows = [_row("list of tools, tokens", text_tokens(listed.decode()), "", len(listed), TOKENS)]
    for tool, given in _calls(archive):
        taken, size = [], 0
        for place in range(WARM + TIMES):
            began = time.perf_counter()
            said = answered(lambda: archive, tool, given)
            written = said.model_dump_json(by_alias=True, exclude_none=True)
            taken += [1000 * (time.perf_counter() - began)] if place >= WARM else []
            assert not said.is_error, (tool, said.content)
            size = len(written.encode())
        rows.append(_row(tool, statistics.median(taken), sorted(taken)[int(0.95 * TIMES) - 1], size, TARGET))
    return rows


def _row(what: str, median: float, p95: float | str, size: int, target: str) -> dict[str, Any]:
    shown = f"{p95:,.0f}" if isinstance(p95, float) else p95
    return {"what": what, "median": f"{median:,.0f}", "p95": shown, "bytes": f"{size:,}", "target": target}


def _make() -> None:
    made_of = runtime.tools()
    reports = import_export(
        SAMPLE, ImportOptions(TENANT), made_of.settings, made_of.database, made_of.objects, lambda *_: None
    )
    for asset in assets.ASSETS:
        if asset.prepare:
            asset.prepare(made_of)
    with made_of.database.tenant(ids.tenant_id(TENANT)) as session:
        for name, several in stages(assets.ASSETS, made_of).items():
            for stage in several if name not in NOT_MADE else ():
                for feed in sorted({report.feed for report in reports}):
                    run_stage(stage, session, Scope(feed, *SPAN))


def _calls(archive: Archive) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each tool once, of a message with a picture."""
    one = next(one for one in timeline(archive, limit=500).messages if one.album and one.link)
    found = answered(lambda: archive, "fetch", {"id": str(one.id)}).structured_content or {}
    (file, *_) = found["metadata"]["files"]
    named = {"id": str(one.id)}
    yield "search", {"query": "кто чинил генератор на маяке"}
    yield "get_context", {"question": "сколько ушло на запчасти для генератора", "tokens": 4000}
    for tool in ("fetch", "around", "thread", "find_similar", "lineage"):
        yield tool, named
    yield "get_picture", {"sha256": file["sha256"]}
    yield "ask_graph", {"question": "replies-to", "parameters": {"person": "Павел Громов"}}
    yield "list_feeds", {"coverage": True}
    yield "digest", {"since": "2026-01-01", "until": "2026-02-01"}
    yield "feed_statistics", {"feed": one.feed, "days": 366}
