"""A client that only calls tools comes to the answers of eleven questions, over either transport, old or new."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.answers.conftest import Tenant
from tests.doors.conftest import DAGSTER, Doors, token_for
from tests.doors.mcp.conftest import RUN
from tests.doors.mcp.connecting import MODES, Mode, calling, over_http, over_stdio
from tests.doors.mcp.evaluation import OWNER, QUESTIONS
from tests.support import pipeline
from tg_assets.doors.mcp.server import answered
from tg_assets.doors.mcp.tools import TOOLS

Connect = Callable[[Mode], AbstractAsyncContextManager[Client]]


@pytest.fixture(params=["stdio", "http"])
def connect(request: pytest.FixtureRequest, sample: Tenant, doors: Doors, tmp_path: Path) -> Connect:
    """A client of the sample over one of the transports."""

    @asynccontextmanager
    async def connected(mode: Mode) -> AsyncIterator[Client]:
        if request.param == "stdio":
            async with over_stdio(["--tenant", sample.slug, "--owner", str(OWNER)], tmp_path, mode) as client:
                yield client
            assert (tmp_path / "mcp.log").read_text("utf-8") == ""
        else:
            async with over_http(doors, token_for(sample, OWNER), mode) as client:
                yield client

    return connected


@pytest.mark.parametrize("mode", MODES)
def test_all_questions_are_answered(connect: Connect, mode: Mode) -> None:
    """Each by several calls, and all tools are of use."""
    used = Counter[str]()

    async def ask() -> dict[str, str]:
        async with connect(mode) as client:
            found = {}
            assert client.protocol_version == ("2026-07-28" if mode == "auto" else "2025-11-25")
            assert {one.name for one in (await client.list_tools()).tools} == {one.name for one in TOOLS}
            by_hand = calling(client)

            async def call(tool: str, /, **arguments: Any) -> dict[str, Any]:
                used[tool] += 1
                return await by_hand(tool, **arguments)

            for question in QUESTIONS:
                before = used.total()
                found[question.asks] = await question.find(call)
                assert used.total() - before > 1, question.asks
            return found

    assert anyio.run(ask) == {question.asks: question.answer for question in QUESTIONS}
    assert set(used) == {one.name for one in TOOLS}
    assert len(QUESTIONS) == 11


def test_evidence_leads_to_the_run(sample: Tenant) -> None:
    """Of a message and of an album, where Dagster's pages have an address."""
    archive, (feed, number) = sample.archive(OWNER), (1700300111, 17)
    for named in (str(sample.post(feed, number)), _album(sample)):
        said = answered(lambda: archive, "lineage", {"id": named}, DAGSTER).structured_content
        assert said is not None
        assert said["runs"] == {RUN: f"{DAGSTER}/runs/{RUN}"}
        assert {one["run_id"] for one in said["made"]} == {RUN}
        assert said["assets"].keys() == {one["stage"] for one in said["made"]}
        assert all(f"%7C{sample.slug}." in page for page in said["assets"].values())
        assert "runs" not in (answered(lambda: archive, "lineage", {"id": named}).structured_content or {})


def _album(sample: Tenant) -> str:
    (row, *_) = pipeline.rows(sample.slug, "SELECT id FROM media_groups ORDER BY posted_at LIMIT 1")
    return str(row.id)
