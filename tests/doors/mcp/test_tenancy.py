"""No tool shows anything but what its archive may see, whatever it is asked.

Every tool has a case here, called with ids, links and feeds of whoever is spied on: the answer must be the one that the
same question gets about what does not exist, and hold no word and no id of the others. What a caller gives and gets
back in a sentence tells it nothing; it is taken out before answers are compared.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp_types import JSONRPCError, jsonrpc_message_adapter

from tests.answers.conftest import ADA, EVA, GARDEN, KITCHEN, Tenant
from tests.answers.test_tenancy import QUESTION, Spied
from tests.doors.conftest import Doors, running, token_for
from tests.doors.mcp.connecting import MODES, Mode, calling, over_http
from tg_assets.answers.archive import Archive
from tg_assets.doors import guards
from tg_assets.doors.access import Opener
from tg_assets.doors.mcp.refused import LARGEST_BODY
from tg_assets.doors.mcp.server import answered
from tg_assets.doors.mcp.tools import TOOLS

Given = Mapping[str, Any]


class Alike(Spied):
    """What does not exist, named as what does: sentences tell names that are near to one."""

    def __init__(self, spied: Spied) -> None:
        super().__init__(spied.tenant, spied.owner, exists=False)

    @property
    def feed(self) -> str:
        return f"{self.tenant.slug}.dm-0a0a0a0a"


def lurkers(tenants: tuple[Tenant, Tenant]) -> Iterator[tuple[Archive, Spied]]:
    """Everybody who looks, and everybody whose private chat they may not see."""
    mine, _ = tenants
    for owners, chosen in (((), None), ((ADA,), None), ((999,), None), ((ADA,), ["kukhnya", "port"]), ((ADA,), [])):
        archive = mine.archive(*owners, feeds=None if chosen is None else [mine.feed(slug) for slug in chosen])
        for other in tenants:
            for owner in (ADA, EVA):
                if other is not mine or owner not in owners or chosen is not None:
                    yield archive, Spied(other, owner)


def each(name: str, spied: Spied, **more: Any) -> list[Given]:
    return [{name: given, **more} for given in (str(spied.post), spied.number)]


def cases(spied: Spied) -> Mapping[str, Sequence[Given]]:
    """What each tool is asked to get at somebody's."""
    return {
        "search": [{"query": QUESTION}, {"query": f"{QUESTION} {spied.owner}"}],
        "fetch": each("id", spied),
        "get_context": [
            {"question": QUESTION, "tokens": 20_000},
            {"question": QUESTION, "feeds": [spied.feed]},
            {"question": QUESTION, "author": str(spied.owner), "kind": "post"},
        ],
        "find_similar": each("id", spied, limit=50),
        "around": each("id", spied, before=50, after=50),
        "thread": each("id", spied, limit=200),
        "get_picture": [{"sha256": "0" * 64}],
        "lineage": each("id", spied),
        "ask_graph": [
            {},
            *({"question": name, "limit": 200} for name in ("most-forwarded", "topics", "entities", "dialogues")),
            {"question": "dialogues", "parameters": {"account": str(spied.owner)}},
            {"question": "dialogue", "parameters": {"chat": spied.feed}},
            {"question": "reach", "parameters": {"post": str(spied.post)}},
            {"question": "topics", "parameters": {"chat": spied.feed}},
        ],
        "list_feeds": [{}, {"coverage": True}],
        "digest": [
            {"since": "2023-05-01", "until": "2023-06-01"},
            {"since": "2023-05-01", "until": "2023-06-01", "feeds": [spied.feed]},
        ],
        "feed_statistics": [{"feed": spied.feed, "days": 366}],
    }


def said(archive: Archive, tool: str, given: Given) -> str:
    """All that a client is told, without what it gave itself."""
    told = json.dumps(
        answered(lambda: archive, tool, given).model_dump(mode="json", exclude_none=True), ensure_ascii=False
    )
    told = re.sub(r" Feeds with such a name: [^`]*", " ", told)  # of what is seen, by how near it is to what was given
    for value in [*given.values(), *dict(given.get("parameters", {})).values(), *given.get("feeds", [])]:
        told = told.replace(str(value), "…") if isinstance(value, str) and value != QUESTION else told
    return told


def test_every_tool_has_a_case(mine: Tenant) -> None:
    assert set(cases(Spied(mine, ADA))) == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_nothing_of_others_is_shown(tool: str, tenants: tuple[Tenant, Tenant]) -> None:
    """Two tenants, two owners, and lists of feeds that leave theirs out; by every forged name there is."""
    for archive, spied in lurkers(tenants):
        with archive.reading():
            told = [(given, said(archive, tool, given)) for given in cases(spied)[tool]]
        for given, one in told:
            for absent in (spied.tenant.secrets[spied.owner], str(spied.post), spied.feed):
                assert absent not in one, (given, archive.owners, archive.feeds)


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_what_is_foreign_is_as_what_does_not_exist(tool: str, tenants: tuple[Tenant, Tenant]) -> None:
    """The very same answer: whether somebody has it cannot be told."""
    mine, other = tenants
    for archive, spied in (
        (mine.archive(999), Spied(other, ADA)),
        (mine.archive(), Spied(mine, ADA)),
        (mine.archive(EVA, feeds=[mine.feed("sad")]), Spied(mine, EVA)),
    ):
        both = zip(cases(spied)[tool], cases(Alike(spied))[tool], strict=True)
        with archive.reading():
            told = [(given, said(archive, tool, given), said(archive, tool, missing)) for given, missing in both]
        for given, foreign, absent in told:
            assert foreign == absent, given


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_an_owner_does_see_what_is_its(tool: str, mine: Tenant) -> None:
    """The walk would pass if nothing were shown to anybody."""
    archive, own = mine.archive(ADA), Spied(mine, ADA)
    if tool == "get_picture":
        whole = json.loads(said(archive, "fetch", {"id": str(mine.post(GARDEN, 2))}))["structured_content"]
        (file,) = whole["metadata"]["files"]
        answer = answered(lambda: archive, tool, {"sha256": file["sha256"], "size": 32})
        assert [one.type for one in answer.content] == ["text", "image"]
        return
    told = [said(archive, tool, given) for given in cases(own)[tool]]
    seen = ('"messages": 2', mine.secrets[ADA], mine.private_feeds[ADA], "Борис")
    assert any(one in answer for answer in told for one in seen), told


def test_pages_of_a_thread_are_of_one_archive(mine: Tenant) -> None:
    """A cursor that another archive was given is refused."""
    given = {"id": str(mine.post(KITCHEN, 1)), "limit": 1}
    page = json.loads(said(mine.archive(ADA), "thread", given))["structured_content"]
    assert page["total"] == 4
    next_page = {**given, "cursor": page["cursor"]}
    assert not answered(lambda: mine.archive(ADA), "thread", next_page).is_error
    for stranger in (mine.archive(), mine.archive(EVA), mine.archive(ADA, feeds=[mine.feed("kukhnya")])):
        assert answered(lambda stranger=stranger: stranger, "thread", next_page).is_error  # type: ignore[misc]


@pytest.mark.parametrize("mode", MODES)
def test_callers_at_the_same_time_get_their_own(doors: Doors, tenants: tuple[Tenant, Tenant], mode: Mode) -> None:
    """Over HTTP the token says whose archive it is, of each request: two tenants and two owners who ask at once."""
    secrets = {token_for(tenant, owner): secret for tenant in tenants for owner, secret in tenant.secrets.items()}

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for token, secret in secrets.items():
                group.start_soon(ask, token, secret)

    async def ask(token: str, secret: str) -> None:
        async with over_http(doors, token, mode) as client:
            for _ in range(5):
                told = json.dumps(await calling(client)("get_context", question=QUESTION), ensure_ascii=False)
                assert secret in told
                assert not any(other in told for other in secrets.values() if other != secret)

    anyio.run(ask_all)


def test_without_a_token_nobody_is_answered(doors: Doors, mine: Tenant) -> None:
    """Nor by another site's page, or another name: the guards are before this door, too."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"accept": "application/json, text/event-stream"}
    for token, headers, status in (
        (None, {}, 401), ("tga_none", {}, 401), (token_for(mine), {"origin": "https://evil.example"}, 403),
        (token_for(mine), {"host": "evil.example"}, 421), (token_for(mine), {}, 200),
    ):  # fmt: skip
        with doors.knock(token, **accept, **headers) as client:
            answer = client.post("/mcp", json=body)
        assert answer.status_code == status, answer.text
        assert ("tools" in answer.text) == (status == 200)


ACCEPTED = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "more", "body", "status", "code"),
    [
        ("POST", {"authorization": ""}, b"{}", 401, "token"),
        ("POST", {"origin": "https://evil.example"}, b"{}", 403, "origin"),
        ("POST", {"host": "evil.example"}, b"{}", 421, "host"),
        ("POST", {}, b" " * (LARGEST_BODY + 1), 413, "too_large"),
        ("POST", {}, b" " * (guards.LARGEST_BODY + 1), 413, "too_large"),
        ("GET", {}, b"", 405, "http"),
        ("DELETE", {}, b"", 405, "http"),
        ("POST", {"mcp-protocol-version": "2026-07-28", "accept": "text/plain"}, b"{}", 406, "http"),
    ],
)
def test_refusals_are_as_the_protocol_has_errors(
    doors: Doors, mine: Tenant, method: str, more: dict[str, str], body: bytes, status: int, code: str
) -> None:
    """Clients show such a sentence to their person; whatever else a body says they drop."""
    with doors.knock(token_for(mine)) as client:
        answer = client.request(method, "/mcp", content=body, headers={**ACCEPTED, **more})
    assert answer.status_code == status
    said = jsonrpc_message_adapter.validate_json(answer.content, by_name=False)
    assert isinstance(said, JSONRPCError)
    assert (said.id, said.error.data) == (None, {"code": code})
    assert said.error.message.endswith(".")


def test_too_many_calls_are_told_so(opener: Opener, mine: Tenant) -> None:
    """In the library's client as well: before, it said that the server returned an error response."""

    async def ask(doors: Doors) -> str:
        async with over_http(doors, token_for(mine), "legacy") as client:
            try:
                for _ in range(9):
                    await client.list_tools(cache_mode="bypass")
            except MCPError as error:
                return str(error)
        return "it was not refused"

    for doors in running(opener, "8/day"):
        assert "More than 8/day. Wait a little." in anyio.run(ask, doors)
