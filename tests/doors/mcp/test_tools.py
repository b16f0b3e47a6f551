"""What clients are told of the tools, what arguments are refused, and how faults are told; without any server."""

import json
import logging
from importlib import metadata
from typing import Any, NoReturn

import orjson
import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.testclient import TestClient

from tests.doors.mcp.connecting import application
from tests.support.data import ROOT
from tg_assets.answers.archive import Archive
from tg_assets.answers.tokens import text_tokens
from tg_assets.doors.mcp.clean import UNTRUSTED, clean
from tg_assets.doors.mcp.server import LARGEST_BODY, answered, tools
from tg_assets.doors.mcp.tools import TOOLS
from tg_assets.doors.saying import AWAY, FAULT
from tg_assets.errors import ServerDown, TgAssetsError

NAMES = [
    "search", "fetch", "get_context", "find_similar", "around", "thread", "get_picture", "lineage", "ask_graph",
    "list_feeds", "digest", "feed_statistics",
]  # fmt: skip
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
SCOPE = ("tenant", "owner", "owners", "archive", "feeds", "narrow", "token")
"""Names of arguments with which somebody may try to see more."""


def opened_by(error: BaseException) -> Any:
    """What opens no archive."""

    def archive_of() -> NoReturn:
        raise error

    return archive_of


def nobodys() -> Archive:
    raise AssertionError("no archive is opened for arguments that cannot be")


def refused(tool: str, **given: Any) -> str:
    said = answered(nobodys, tool, given)
    assert said.is_error
    (text,) = said.content
    assert text.type == "text"
    return text.text


def test_the_list_of_tools_is_short_and_theirs() -> None:
    """Reviewed like code: names are what assistants learn, and the list is in every conversation of theirs.

    Tokens are those of ``answers.tokens``, which are more than the tokenizer of GPT-4o counts.
    """
    told = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in tools()]
    assert [one["name"] for one in told] == NAMES
    assert len(told) <= 12
    assert text_tokens(orjson.dumps(told).decode()) <= 2500
    for one in told:
        assert one["description"].endswith(".")
        assert one["annotations"] == {"readOnlyHint": True, "openWorldHint": False}
        assert one["inputSchema"]["additionalProperties"] is False
        assert one["inputSchema"]["type"] == "object"


def test_search_and_fetch_take_what_connectors_send() -> None:
    """One text each, and no more."""
    schemas = {one.name: one.input_schema for one in tools()}
    for name, argument in (("search", "query"), ("fetch", "id")):
        assert schemas[name]["required"] == list(schemas[name]["properties"]) == [argument]
        assert schemas[name]["properties"][argument]["type"] == "string"


@pytest.mark.parametrize("tool", tools(), ids=lambda one: one.name)
def test_no_tool_takes_an_argument_that_it_has_not(tool: Any) -> None:
    """Nobody believes that a tenant, an owner or a feed was chosen by one."""
    for name in SCOPE:
        if name not in tool.input_schema["properties"]:
            assert f"{name}: Extra inputs are not permitted" in refused(tool.name, **{name: "other"})


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("search", {}, "query: Field required"),
        ("search", {"query": "x" * 1001}, "query: has more than 1000 characters"),
        ("search", {"query": "a\0b"}, "query: has characters that no text has"),
        ("fetch", {"id": "\ud800"}, "id: has characters that no text has"),
        ("fetch", {"id": ["a"]}, "id: Input should be a valid string"),
        ("get_context", {"question": "?", "tokens": 20_001}, "tokens: Input should be less than or equal to 20000"),
        ("get_context", {"question": "?", "kind": "user"}, "kind: Input should be 'post', 'album' or 'conversation'"),
        ("get_context", {"question": "?", "feeds": ["a"] * 21}, "feeds: List should have at most 20 items"),
        ("around", {"id": "x", "before": -1}, "before: Input should be greater than or equal to 0"),
        ("thread", {"id": "x", "limit": 201}, "limit: Input should be less than or equal to 200"),
        ("get_picture", {"sha256": "0" * 64, "size": 8}, "size: Input should be greater than or equal to 16"),
        (
            "ask_graph",
            {"question": "topics", "parameters": {"chat": [1]}},
            "parameters.chat: Input should be a valid string",
        ),
        ("nothing", {}, "There is no such tool; there are search, "),
    ],
)
def test_what_cannot_be_is_a_sentence_without_the_value(tool: str, given: dict[str, Any], words: str) -> None:
    assert words in refused(tool, **given)


def test_a_list_may_come_as_a_text() -> None:
    """Some clients send it as JSON, and models one value where several may be."""
    (read,) = (one.read for one in TOOLS if one.name == "get_context")
    for given in (["a"], "a", '["a"]'):
        assert read({"question": "?", "feeds": given}).model_dump()["feeds"] == ["a"]


def test_faults_are_told_without_what_was_being_handled(caplog: pytest.LogCaptureFixture) -> None:
    """Our own sentences go out; of servers only that they are away; of all else nothing, and to the log its place."""
    secret = "пароль от сейфа ласточка"
    with caplog.at_level(logging.DEBUG):
        for error, sentence in (
            (TgAssetsError("There is no such feed."), "There is no such feed."),
            (ServerDown(f"postgresql://u:{secret}@db does not answer"), AWAY),
            (ConnectionRefusedError(secret), AWAY),
            (ValueError(secret), FAULT),
            (LookupError(secret), FAULT),
        ):
            said = answered(opened_by(error), "list_feeds", {})
            assert (said.is_error, said.content[0].model_dump()["text"]) == (True, sentence)
    assert secret not in caplog.text
    assert "list_feeds: it cannot be worked on: ValueError, at " in caplog.text


def test_what_is_sent_hides_nothing() -> None:
    """In texts and in names of fields; what is not known is not said."""
    assert clean({"a\u202eb": ["x\x1b[31m\u200by", None, 1], "gone": None}) == {
        "a⟨U+202E⟩b": ["x⟨U+001B⟩[31m⟨U+200B⟩y", None, 1]
    }
    assert clean({"text": "я" * 12}, 10) == {"text": f"{'я' * 10}… [2 more characters]"}
    assert clean(UNTRUSTED) == UNTRUSTED


def asked(client: TestClient, method: str, params: dict[str, Any], **headers: str) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = client.post("/mcp", content=json.dumps(body), headers={**ACCEPT, **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()["result"]
    return found


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_clients_of_every_version_shake_hands(version: str) -> None:
    """And are told the tools; there is no session to keep, and nothing but tools."""
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
    with TestClient(application()) as client:
        shaken = asked(client, "initialize", hello)
        assert shaken["protocolVersion"] == version
        told = {"name": "tg-assets", "title": "Telegram archive", "version": metadata.version("tg-assets")}
        assert told.items() <= shaken["serverInfo"].items()
        assert set(shaken["capabilities"]) <= {"tools", "experimental"}
        listed = asked(client, "tools/list", {}, **{"mcp-protocol-version": version})
        assert [one["name"] for one in listed["tools"]] == NAMES


def test_without_a_caller_nothing_is_opened() -> None:
    """The door is closed where nobody says whose archive it is, and no stream waits for anything."""
    with TestClient(application()) as client:
        said = asked(client, "tools/call", {"name": "list_feeds", "arguments": {}})
        assert (said["isError"], said["content"][0]["text"]) == (True, FAULT)
        for method in ("GET", "DELETE", "PUT"):
            assert client.request(method, "/mcp", headers=ACCEPT).status_code == 405
        assert client.post("/mcp", content=b" " * (LARGEST_BODY + 1), headers=ACCEPT).status_code == 413
        assert client.post("/mcp", content=b"{", headers=ACCEPT).status_code == 400


def test_every_tool_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")] == NAMES
