"""Both wires over real HTTP: what goes out, what comes back, and what a failure is taken for."""

import base64
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from tests.remote.conftest import KEY
from tests.support.model_server import CUT, HANG, Fault, ModelServer, busy
from tg_assets.remote.chat import Chat, Picture, retry_after
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.connecting import _wire
from tg_assets.remote.errors import CallFailed, Filtered, Trouble

PICTURE = Picture(b"\xff\xd8\xff\xe0 picture \xff\xd9", 640, 480)
SCHEMA = {"title": "answer", "type": "object", "properties": {}, "required": [], "additionalProperties": False}
BOTH = pytest.mark.parametrize("kind", ["openai", "gigachat"])


@pytest.fixture
def wire(model: Callable[..., RemoteModel]) -> Iterator[Callable[..., Chat]]:
    made: list[Chat] = []

    def make(kind: str, **values: object) -> Chat:
        made.append(_wire(model(kind, **values), SecretStr(KEY)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@BOTH
def test_a_question_and_its_reply(server: ModelServer, wire: Callable[..., Chat], kind: str) -> None:
    server.says = "a lighthouse"
    reply = wire(kind).ask("be brief", "what is it?")
    assert reply.text == "a lighthouse"
    assert reply.tokens == {"openai": 1200, "gigachat": 2000}[kind]
    assert reply.model.startswith({"openai": "gpt-4o-mini", "gigachat": "GigaChat-2"}[kind])
    (chat,) = server.chats
    assert [(one["role"], one["content"]) for one in chat.json["messages"]] == [
        ("system", "be brief"),
        ("user", "what is it?"),
    ]
    assert chat.json["model"] == "m-1"
    assert chat.json["max_tokens"] == 1000


def test_openai_gets_the_picture_in_the_message(server: ModelServer, wire: Callable[..., Chat]) -> None:
    wire("openai").ask("s", "t", PICTURE, SCHEMA)
    (chat,) = server.chats
    shown = chat.json["messages"][1]["content"][1]["image_url"]["url"]
    assert base64.b64decode(shown.removeprefix("data:image/jpeg;base64,")) == PICTURE.data
    assert chat.json["response_format"]["json_schema"]["schema"] == SCHEMA
    assert chat.headers["authorization"] == f"Bearer {KEY}"


def test_gigachat_uploads_the_picture_and_deletes_it(server: ModelServer, wire: Callable[..., Chat]) -> None:
    wire("gigachat").ask("s", "t", PICTURE)
    assert [one.path for one in server.asked] == [
        "/api/v2/oauth",
        "/api/v1/files",
        "/api/v1/chat/completions",
        "/api/v1/files/8b255d2a-3b1c-4d0e-9d0a-5a2c1f0b7e61/delete",
    ]
    oauth, upload, chat, _ = server.asked
    assert PICTURE.data in upload.body
    assert chat.json["messages"][1]["attachments"] == ["8b255d2a-3b1c-4d0e-9d0a-5a2c1f0b7e61"]
    assert oauth.headers["authorization"] == f"Basic {KEY}"
    assert all(KEY not in str(one.headers) for one in server.asked[1:])


def test_gigachat_deletes_the_picture_when_the_question_fails(server: ModelServer, wire: Callable[..., Chat]) -> None:
    server.faults.append(Fault(500))
    with pytest.raises(CallFailed):
        wire("gigachat").ask("s", "t", PICTURE)
    assert server.asked[-1].path.endswith("/delete")


def test_gigachat_uses_its_token_again(server: ModelServer, wire: Callable[..., Chat]) -> None:
    chat = wire("gigachat")
    chat.ask("s", "t")
    chat.ask("s", "t")
    assert [one.path for one in server.asked].count("/api/v2/oauth") == 1


@BOTH
def test_an_endpoint_without_schemas_is_asked_without_and_remembered(
    server: ModelServer, wire: Callable[..., Chat], kind: str
) -> None:
    server.schemas = False
    chat = wire(kind)
    chat.ask("s", "t", None, SCHEMA)
    chat.ask("s", "t", None, SCHEMA)
    assert ["response_format" in one.json for one in server.chats] == [True, False, False]


@BOTH
def test_another_refusal_does_not_take_schemas_away(server: ModelServer, wire: Callable[..., Chat], kind: str) -> None:
    """A request that is refused with and without a schema says nothing about schemas."""
    server.faults.extend([Fault(400), Fault(400)])
    chat = wire(kind)
    with pytest.raises(CallFailed):
        chat.ask("s", "t", None, SCHEMA)
    chat.ask("s", "t", None, SCHEMA)
    assert "response_format" in server.chats[-1].json


@BOTH
@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (busy("7"), Trouble.busy),
        (Fault(500), Trouble.down),
        (Fault(503), Trouble.down),
        (Fault(307, {"Location": "http://127.0.0.1:1/elsewhere"}), Trouble.rejected),
        (Fault(401), Trouble.denied),
        (Fault(403), Trouble.denied),
        (Fault(402), Trouble.exhausted),
        (Fault(404), Trouble.rejected),
        (HANG, Trouble.lost),
        (CUT, Trouble.lost),
        (Fault(raw="<html>Bad gateway</html>"), Trouble.lost),
        (Fault(raw='{"choices": []}'), Trouble.lost),
        (Fault(raw='{"choices": [{"mess'), Trouble.lost),
    ],
    ids=str,
)
def test_what_a_failure_is_taken_for(
    server: ModelServer, wire: Callable[..., Chat], kind: str, fault: Fault, trouble: Trouble
) -> None:
    """Lost calls may have cost something; all others did not."""
    chat = wire(kind, timeout_seconds=0.3 if fault.hang else 5)
    server.faults.extend([fault, fault])  # GigaChat's client gets a new token and tries again after 401
    with pytest.raises(CallFailed) as caught:
        chat.ask("s", "t")
    assert caught.value.trouble is trouble
    assert caught.value.spent is (trouble is Trouble.lost)
    assert caught.value.retry_after == (7 if trouble is Trouble.busy else None)


@BOTH
def test_no_server_there_is_down(wire: Callable[..., Chat], kind: str) -> None:
    """Nothing was sent, so nothing was spent."""
    chat = wire(kind, url="http://127.0.0.1:1/v1", **({"auth_url": "http://127.0.0.1:1/o"} if kind != "openai" else {}))
    with pytest.raises(CallFailed) as caught:
        chat.ask("s", "t", PICTURE)
    assert caught.value.trouble is Trouble.down


def test_no_money_is_not_too_often(server: ModelServer, wire: Callable[..., Chat]) -> None:
    server.faults.append(Fault(429, code="insufficient_quota"))
    with pytest.raises(CallFailed) as caught:
        wire("openai").ask("s", "t")
    assert caught.value.trouble is Trouble.exhausted


@pytest.mark.parametrize(
    ("kind", "fault", "tokens"),
    [
        ("openai", Fault(finish="content_filter"), 1200),
        ("openai", Fault(refusal="I can't help with that."), 1200),
        ("openai", Fault(400, code="content_filter"), 0),
        ("gigachat", Fault(finish="blacklist"), 2000),
    ],
    ids=str,
)
def test_a_filter_settles(server: ModelServer, wire: Callable[..., Chat], kind: str, fault: Fault, tokens: int) -> None:
    server.faults.append(fault)
    with pytest.raises(Filtered) as caught:
        wire(kind).ask("s", "t", PICTURE)
    assert caught.value.tokens == tokens
    assert "help" not in str(caught.value)


@BOTH
def test_a_cut_reply_is_marked(server: ModelServer, wire: Callable[..., Chat], kind: str) -> None:
    server.faults.append(Fault(finish="length"))
    assert wire(kind).ask("s", "t").truncated


def test_the_process_environment_does_not_reach_a_tenants_client(
    server: ModelServer, wire: Callable[..., Chat], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both clients read variables of their own, which would be another tenant's."""
    foreign = {
        "OPENAI_API_KEY": "foreign", "OPENAI_ORG_ID": "foreign", "OPENAI_PROJECT_ID": "foreign",
        "OPENAI_BASE_URL": "http://foreign", "GIGACHAT_ACCESS_TOKEN": "foreign", "GIGACHAT_CREDENTIALS": "foreign",
        "GIGACHAT_USER": "foreign", "GIGACHAT_PASSWORD": "foreign", "GIGACHAT_SCOPE": "foreign",
        "GIGACHAT_MODEL": "foreign", "GIGACHAT_MAX_RETRIES": "9",
    }  # fmt: skip
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    wire("openai").ask("s", "t")
    wire("gigachat").ask("s", "t", PICTURE)
    assert len(server.chats) == 2
    assert all("foreign" not in str(one.headers) and b"foreign" not in one.body for one in server.asked)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("0.5", 0.5), ("-1", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("nan", None)],
)
def test_retry_after_in_all_its_forms(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds
    assert retry_after({}) is None
