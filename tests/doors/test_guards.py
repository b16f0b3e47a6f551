"""Nobody gets further than the guards without a token, from another site, by another name, or with too much."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, running, token_for
from tests.support import pipeline
from tg_assets import tenant_secrets
from tg_assets.doors import guards, tokens
from tg_assets.doors.access import Opener
from tg_assets.doors.api import ROUTERS
from tg_assets.doors.guards import LARGEST_BODY, LONGEST_URL, OPEN, Guards, House
from tg_assets.doors.lately import Lately
from tg_assets.errors import TgAssetsError
from tg_assets.stores.database import KeptDatabase
from tg_assets.stores.graph import KeptGraph
from tg_assets.stores.vectors import KeptIndex
from tg_assets.tenant_secrets import hashed

ROUTES = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
CLOSED = [(method, path) for method, path in ROUTES if path not in OPEN]


def filled(path: str) -> str:
    return (
        path.replace("{named:path}", "-1/2")
        .replace("{sha256}", "0" * 64)
        .replace("{name}", "topics")
        .replace("{feed}", "x")
        .replace("{saved_id}", "00000000-0000-0000-0000-000000000000")
    )


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_few_paths_are_open() -> None:
    """Whoever opens another one says so here."""
    assert set(OPEN) == {
        "/", "/health", "/static/", "/api/v1/session", "/api/v1/openapi.json", "/authorize", "/token", "/register",
        "/revoke", "/.well-known/",
    }  # fmt: skip
    assert len(CLOSED) >= 20


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_a_token_nothing_is_told(doors: Doors, mine: Tenant, method: str, path: str) -> None:
    """No token; and one that was revoked, that ended, with another tenant's id in it, cut off: all the same answer."""
    revoked, ended, good = token_for(mine, name=f"gone {path}"), token_for(mine), token_for(mine, ADA)
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        tokens.revoke(connection, f"gone {path}")
        connection.execute(
            text("UPDATE access_tokens SET expires_at = now() - interval '1 s' WHERE secret_hash = :hash"),
            {"hash": hashed(ended)},
        )
    forged = tokens.PREFIX + "AAAAAAAAAAAAAAAAAAAAAA" + good.removeprefix(tokens.PREFIX)[22:]
    told = {}
    for token in (None, revoked, ended, forged, good[:-1], good + "A", "x", good.removeprefix(tokens.PREFIX)):
        with doors.knock(token, **{"x-forwarded-for": "10.0.0.1"}) as client:
            answer = client.request(method, filled(path))
            told[token] = answer.status_code, answer.json()["error"]
    nothing, wrong = told.pop(None), told.popitem()[1]
    assert set(map(repr, told.values())) == {repr(wrong)}
    assert {nothing[0], wrong[0]} == {401}
    assert {nothing[1]["code"], wrong[1]["code"]} == {"token"}
    assert ("opens nothing" in wrong[1]["message"]) is not path.endswith("/atom")


def test_a_cookie_opens_what_its_token_opens(doors: Doors, mine: Tenant) -> None:
    token = token_for(mine, name="page")
    with doors.knock() as client:
        assert code(client.post("/api/v1/session", json={"token": token[:-1]})) == (401, "token")
        begun = client.post("/api/v1/session", json={"token": token})
        assert begun.status_code == 204
        kept = begun.headers["set-cookie"]
        assert all(word in kept for word in (f"{doors.cookie}={token}", "HttpOnly", "SameSite=strict"))
        assert client.get("/api/v1/me").json()["token"] == "page"
        with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
            tokens.revoke(connection, "page")
        assert code(client.get("/api/v1/me")) == (401, "token")


def test_two_installations_on_a_host_do_not_log_each_other_out(doors: Doors, mine: Tenant) -> None:
    """A browser keeps cookies by host: each has its own by its port."""
    one, other = (token_for(mine) for _ in range(2))
    with doors.knock() as client:
        for host, token in (("127.0.0.1:1111", one), ("127.0.0.1:2222", other), ("127.0.0.1", one)):
            assert client.post("/api/v1/session", json={"token": token}, headers={"host": host}).status_code == 204
        kept = {cookie.name: cookie.value for cookie in client.cookies.jar}
        assert kept == {"tga-1111": one, "tga-2222": other, "tga": one}
        assert client.request("DELETE", "/api/v1/session", headers={"host": "127.0.0.1:1111"}).status_code == 204
        assert list(client.cookies) == ["tga-2222", "tga"]
        assert client.get("/api/v1/me", headers={"host": "127.0.0.1:1111"}).status_code == 401
        assert client.get("/api/v1/me", headers={"host": "127.0.0.1:2222"}).status_code == 200


def test_a_header_that_opens_nothing_is_not_made_up_for_by_a_cookie(doors: Doors, mine: Tenant) -> None:
    with doors.knock(authorization="Basic eDp5") as client:
        client.cookies.set(doors.cookie, token_for(mine))
        assert code(client.get("/api/v1/me")) == (401, "token")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost@evil.example", "localhost:x"]
)
def test_it_is_called_by_its_own_names_only(doors: Doors, mine: Tenant, host: str) -> None:
    """Else a page whose name was made to lead here could read it."""
    with doors.knock(token_for(mine)) as client:
        assert code(client.get("/api/v1/me", headers={"host": host})) == (421, "host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_other_sites_may_not_ask(doors: Doors, mine: Tenant, origin: str, method: str) -> None:
    with doors.knock(token_for(mine)) as client:
        answer = client.request(method, "/api/v1/me", headers={"origin": origin})
        assert code(answer) == (403, "origin")
        assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_another_site_changes_nothing(doors: Doors, mine: Tenant) -> None:
    with doors.knock(token_for(mine), **{"sec-fetch-site": "cross-site"}) as client:
        assert code(client.delete("/api/v1/session")) == (403, "origin")


def test_its_own_page_may_ask(doors: Doors, mine: Tenant) -> None:
    with doors.knock(token_for(mine), origin=doors.address) as client:
        assert client.get("/api/v1/me").status_code == 200


def test_what_is_too_large_is_refused(doors: Doors, mine: Tenant) -> None:
    """Told or not told how long it is."""
    large = b"x" * (LARGEST_BODY + 1)
    with doors.knock(token_for(mine)) as client:
        for body in (large, iter([large])):
            answer = client.post("/api/v1/judgements", content=body, headers={"content-type": "application/json"})
            assert code(answer) == (413, "too_large")
        assert code(client.get("/api/v1/search", params={"q": "x" * LONGEST_URL})) == (414, "too_large")


def test_who_asks_too_often_waits(opener: Opener, mine: Tenant) -> None:
    """Each token for itself; others go on."""
    for doors in running(opener, "3/day"):
        with doors.knock(token_for(mine)) as client:
            told = [client.get("/api/v1/me").status_code for _ in range(4)]
            assert told == [200, 200, 200, 429]
            assert client.get("/api/v1/me").headers["retry-after"]
        with doors.knock(token_for(mine)) as client:
            assert client.get("/api/v1/me").status_code == 200


def test_a_clock_that_was_set_back_refuses_nobody_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the time comes again at which a minute had ended."""
    house, real = House(["localhost"]), time.time
    assert [house.lets("2/minute", "somebody") for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    assert [house.lets("2/minute", "somebody") for _ in range(3)] == [True, True, False]


def test_who_guesses_waits(opener: Opener) -> None:
    for doors in running(opener, strangers="3/day"):
        with doors.knock() as client:
            assert [client.get("/api/v1/me").status_code for _ in range(4)] == [401, 401, 401, 429]


class Counted(Opener):
    """Counts how often it is asked what something opens."""

    asked = 0

    def access(self, request: HTTPConnection) -> tokens.Access | None:
        self.asked += 1
        return super().access(request)


@pytest.mark.parametrize("path", ["/api/v1/me", "/mcp", f"/api/v1/saved/{UUID(int=0)}/atom"])
@pytest.mark.parametrize("prefix", ["tga_", "tgo_", "tgs_"])
def test_about_many_wrong_ones_of_an_address_the_database_is_not_asked(
    opener: Opener, mine: Tenant, path: str, prefix: str
) -> None:
    """What opened something before still does: behind a proxy all come from one address."""
    one = Counted(opener.database, mine.archive())
    wrong = tenant_secrets.new(prefix, mine.id)
    for doors in running(one, "5/day"):
        with doors.knock(token_for(mine)) as known, doors.knock(wrong) as guess, doors.knock(token_for(mine)) as new:
            assert known.get("/api/v1/me").status_code == 200
            address = f"{path}?key={wrong}" if path.endswith("atom") else path
            told = [guess.get(address).status_code for _ in range(8)]
            assert told == [401] * 5 + [429] * 3
            assert one.asked == 1 + 5
            assert known.get("/api/v1/me").status_code == 200
            assert new.get("/api/v1/me").status_code == 429
    assert one.asked == 1 + 5 + 1


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:1:2::3", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("", ""),
    ],
)
def test_who_has_many_addresses_counts_once(given: str, counted: str) -> None:
    assert guards._place(HTTPConnection({"type": "http", "client": (given, 1), "headers": []})) == counted


def test_paths_below_an_open_one_are_counted_together() -> None:
    """Else each of any number of names that a stranger thinks of would be let in, and kept for a minute."""
    nobody: Any = None
    guard = Guards(nobody, House(["localhost"], strangers="2/minute"), nobody)

    def is_told(path: str) -> bool:
        asked = HTTPConnection({"type": "http", "path": path, "client": ("10.0.0.1", 1), "headers": []})
        return guard._too_often(asked) is None

    assert [is_told(f"/static/{name}") for name in "abc"] == [True, True, False]
    assert [is_told("/.well-known/a"), is_told("/register"), is_told("/api/v1/session")] == [True, True, True]


def test_of_what_opened_something_so_much_is_known_at_most() -> None:
    """What was brought last; and nothing that opens nothing any more."""
    known = Lately(2)
    for one in ("a", "b", "a", "c"):
        known.keep(one)
    assert [one in known for one in ("a", "b", "c", None)] == [True, False, True, False]
    known.forget("a")
    assert "a" not in known


def test_who_has_no_shell_is_told_what_to_do(doors: Doors) -> None:
    """Each door in its own words."""
    with doors.knock() as client:
        program = client.get("/api/v1/me").json()["error"]["message"]
        feed = client.get(f"/api/v1/saved/{UUID(int=0)}/atom?key=tgs_x").json()["error"]["message"]
        assistant = client.post("/mcp", json={}).json()["error"]["message"]
    assert "whoever runs this archive" in program
    assert "Authorization: Bearer" in program
    assert "saved questions" in feed
    assert "whoever runs this archive" in assistant
    assert "connect this archive" in assistant


def test_settings_are_named_to_whoever_runs_it_alone(opener: Opener, mine: Tenant, caplog: Any) -> None:
    """In the log; whoever asks can correct none."""
    wrong = replace(mine.archive(), vectors=KeptIndex("nonsense"))
    for doors in running(Opener(opener.database, wrong)):
        with doors.knock(token_for(mine)) as client:
            found = client.get("/api/v1/search?q=паром")
            call = {"name": "search", "arguments": {"query": "паром"}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            accept = {"accept": "application/json, text/event-stream"}
            told = client.post("/mcp", json=body, headers=accept)
            named = client.get("/health", headers={"host": "another.example"})
            receiver = client.post("/api/v1/saved", json={"search": {"q": "паром"}, "webhook": "https://10.0.0.1/x"})
    assert code(found) == (503, "set_up")
    assert told.json()["result"]["isError"]
    assert "unless whoever runs this archive allows" in receiver.json()["error"]["message"]
    assert not any("TG_" in answer.text for answer in (found, told, named, receiver))
    assert caplog.text.count("TG_QDRANT_URL is not usable") == 2
    assert "TG_SERVE_HOSTS" in caplog.text


def test_every_answer_says_what_a_browser_may_not(doors: Doors, mine: Tenant) -> None:
    with doors.knock(token_for(mine)) as client:
        for path in ("/api/v1/me", "/api/v1/none", "/nothing", "/api/v1/search"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"


def test_no_line_of_the_log_has_a_question(doors: Doors, mine: Tenant, caplog: Any, monkeypatch: Any) -> None:
    """Not even where something of ours breaks: its kind and its place are told."""
    from tg_assets.doors.api import searching

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("секрет")

    monkeypatch.setattr(searching, "search", broken)
    with doors.knock(token_for(mine)) as client:
        answer = client.get("/api/v1/search", params={"q": "ласточка"})
    assert code(answer) == (500, "fault")
    assert "RuntimeError at /api/v1/search" in caplog.text
    assert not any(word in caplog.text + answer.text for word in ("секрет", "ласточка"))


def test_what_breaks_in_the_middle_of_an_answer_is_logged(opener: Opener, caplog: Any) -> None:
    """By its kind: nobody else is told of it."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("секрет")

    client = TestClient(Guards(app, House(["testserver"]), opener))
    with contextlib.suppress(Exception):  # the client's, to whom nothing is sent
        client.get("/health")
    assert "RuntimeError in the middle of an answer" in caplog.text
    assert "секрет" not in caplog.text


@pytest.fixture
def connection(mine: Tenant) -> Iterator[Any]:
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        yield connection


def test_what_is_stored_opens_nothing(connection: Any, mine: Tenant) -> None:
    token = tokens.make(connection, mine.id, "stored")
    rows = connection.execute(text("SELECT access_tokens::text FROM access_tokens")).scalars().all()
    assert not any(token in row or token.removeprefix(tokens.PREFIX) in row for row in rows)


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "a\x1b[31m"},
        {"name": "a" * 101},
        {"name": "x", "feeds": ["nobody.nothing"]},
        {"name": "x", "expires_at": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)
def test_a_token_that_cannot_be_is_refused(connection: Any, mine: Tenant, given: dict[str, Any]) -> None:
    with pytest.raises(TgAssetsError):
        tokens.make(connection, mine.id, **given)


def test_names_of_tokens_are_used_once(connection: Any, mine: Tenant) -> None:
    tokens.make(connection, mine.id, "twice")
    with pytest.raises(TgAssetsError, match="already"):
        tokens.make(connection, mine.id, "twice")


NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens


@pytest.mark.parametrize(
    ("lost", "path"),
    [
        ({"vectors": KeptIndex(f"http://{NOWHERE}")}, "search?q=паром"),
        ({"graph": KeptGraph(f"bolt://neo4j:secret@{NOWHERE}")}, "questions/topics"),
        ({"postgres": KeptDatabase(f"postgresql+psycopg2://tg_app:secret@{NOWHERE}/x", 2)}, "feeds"),
    ],
)
def test_a_store_that_is_away_is_told_as_such(opener: Opener, mine: Tenant, lost: dict[str, Any], path: str) -> None:
    """Neither an address nor a password is in the answer."""
    for doors in running(Opener(opener.database, replace(mine.archive(), **lost))):
        with doors.knock(token_for(mine)) as client:
            answer = client.get(f"/api/v1/{path}")
            assert code(answer) == (503, "server_down")
            assert answer.headers["retry-after"]
            assert not any(word in answer.text for word in ("secret", "127.0.0.1", "TG_"))


def test_without_a_database_nobody_gets_in(opener: Opener, mine: Tenant) -> None:
    away = KeptDatabase(f"postgresql+psycopg2://tg_app:secret@{NOWHERE}/tokens", 2)
    for doors in running(Opener(away, mine.archive())):
        with doors.knock(token_for(mine)) as client:
            assert code(client.get("/api/v1/feeds")) == (503, "server_down")


def raw(doors: Doors, *lines: str) -> bytes:
    """The first line of the answer to a request as it stands here."""
    with socket.create_connection(("127.0.0.1", int(doors.address.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        return connection.recv(65536).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("header", "status"),
    [("Content-Length: " + "0" * 5000, b"400"), ("X-Long: " + "x" * 200_000, b"400"), ("Content-Length: -1", b"400")],
)
def test_headers_are_bounded(doors: Doors, header: str, status: bytes) -> None:
    """Also before anything is known of who asks."""
    assert status in raw(doors, "GET /health HTTP/1.1", f"Host: {doors.address[7:]}", header)


def test_nobodys_word_is_taken_for_where_a_request_is_from(opener: Opener) -> None:
    for doors in running(opener, strangers="3/day"):
        with doors.knock() as client:
            told = [client.get("/api/v1/me", headers={"x-forwarded-for": f"10.0.0.{n}"}).status_code for n in range(4)]
            assert told == [401, 401, 401, 429]


def test_a_body_that_never_ends_is_not_waited_for(doors: Doors, monkeypatch: Any) -> None:
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.2)
    head = ("POST /api/v1/session HTTP/1.1", f"Host: {doors.address[7:]}", "Content-Length: 100")
    assert b"408" in raw(doors, *head)
