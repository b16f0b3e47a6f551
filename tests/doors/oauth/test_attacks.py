"""Whoever wants more than a person allowed gets nothing, and is told so in OAuth's words."""

import base64
import html
import re

import httpx
import orjson
import pytest

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, running, token_for
from tests.doors.oauth.asking import BACK, FIELD, LEADS, TOOLS, Assistant, refused, told
from tg_assets.doors.access import Opener
from tg_assets.doors.oauth import clients
from tg_assets.doors.oauth.routes import routes
from tg_assets.stores.database import KeptDatabase

FOREIGN = (
    "https://evil.example/callback", f"{BACK}/more", f"{BACK}?more=1", "https://assistant.example.evil.example/callback",
    "http://assistant.example/callback", "https://assistant.example:8443/callback", "javascript:alert(1)", "",
)  # fmt: skip
NO_ADDRESSES = (
    "http://evil.example/callback", "javascript:alert(1)", "data:text/html,x", "cursor://callback", "https://",
    "https://assistant.example@evil.example/", "https://evil.example/#x", "http://localhost.evil.example/",
    "https://evil.example;script-src/", "file:///etc/passwd", f"https://evil.example/{'x' * 500}", "//evil.example/",
    "com.example.app:callback", "com.example.app://a@b/", "com.example.app:/#x", ".app:/x", "com.example.app://h:1/",
)  # fmt: skip
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e${address}"


def test_these_paths_tell_nothing_of_an_archive(doors: Doors, opener: Opener, mine: Tenant) -> None:
    """Whoever brings a token is answered as whoever brings none; what is added here is named here."""
    paths = {(method, route.path) for route in routes(opener) for method in (route.methods or ()) if method != "HEAD"}
    assert paths == {
        ("GET", "/.well-known/oauth-protected-resource"), ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("GET", "/.well-known/oauth-authorization-server"), ("GET", "/authorize"), ("POST", "/authorize"),
        ("POST", "/register"), ("POST", "/token"), ("POST", "/revoke"),
    }  # fmt: skip
    token = token_for(mine, ADA)
    with doors.knock() as nobody, doors.knock(token, cookie=f"{doors.cookie}={token}") as somebody:
        for method, path in paths:
            one, other = nobody.request(method, path), somebody.request(method, path)
            assert (one.status_code, one.text) == (other.status_code, other.text), path


@pytest.mark.parametrize("address", FOREIGN)
def test_a_code_goes_to_a_registered_address_only(one: Assistant, address: str) -> None:
    """Else the browser is led nowhere, not even with a refusal."""
    answer = one.leads(redirect_uri=address)
    assert refused(answer) == (400, "invalid_request")
    assert "location" not in answer.headers
    assert refused(httpx.post(f"{one.doors.address}/authorize", data={**one.asked, "redirect_uri": address},
                              headers={"origin": one.doors.address})) == (400, "invalid_request")  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:4000/callback/more", "http://localhost:4000/callback?more=1", "http://localhost:4000/",
        "http://127.0.0.1:4000/callback", "https://localhost:4000/callback", "http://x@localhost:4000/callback",
        "http://localhost.evil.example:4000/callback",
    ],
)  # fmt: skip
def test_on_ones_own_computer_only_the_port_may_be_another_one(doors: Doors, address: str) -> None:
    one = Assistant(doors, "Program", "http://localhost:3000/callback")
    assert one.leads(redirect_uri="http://localhost:4000/callback").status_code == 200
    assert refused(one.leads(redirect_uri=address)) == (400, "invalid_request")


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_addresses_that_cannot_be_are_not_registered(one: Assistant, address: str) -> None:
    """Nor in an id that somebody made up: what it says is looked at whenever it is used."""
    answer = one.post("/register", json={"redirect_uris": [BACK, address]})
    assert refused(answer) in ((400, "invalid_redirect_uri"), (400, "invalid_client_metadata"))
    known = base64.urlsafe_b64encode(orjson.dumps(["Assistant", address])).decode().rstrip("=")
    assert refused(one.leads(client_id=clients.PREFIX + known, redirect_uri=address)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "known", ["", "W10", "eyJhIjoxfQ", "WyJ4IiwxXQ", "NQ", "é", "W1tbW1tb" * 900, "bnVsbA", "WzFd"]
)
def test_an_id_that_is_none_is_nobodys(one: Assistant, known: str) -> None:
    assert refused(one.leads(client_id=clients.PREFIX + known)) == (400, "invalid_request")
    one.id = clients.PREFIX + known
    assert refused(one.exchanged("x")) == (401, "invalid_client")
    assert refused(one.post("/revoke", data={"token": "x", "client_id": one.id})) == (401, "invalid_client")


def test_registering_fills_nothing(one: Assistant, mine: Tenant) -> None:
    """Ten thousand clients are ten thousand words, for which there need be no database; who sends too many waits."""
    known = {clients.id_of(f"client {number}", [BACK]) for number in range(10_000)}
    assert len(known) == 10_000
    long = one.post("/register", json={"client_name": "n" * 9000, "redirect_uris": [BACK]}).json()["client_id"]
    assert len(long) < 200
    many = [f"https://assistant.example/{number}/{'x' * 400}" for number in range(21)]
    for addresses in (many, many[:12], []):
        answer = one.post("/register", json={"redirect_uris": addresses})
        assert answer.status_code == 400, addresses
    assert one.post("/register", json={"client_name": "n" * 40_000, "redirect_uris": [BACK]}).status_code == 413
    away = KeptDatabase("postgresql+psycopg2://tg_app:secret@127.0.0.1:9/x", 2)
    for doors in running(Opener(away, mine.archive()), strangers="3/day"):
        with doors.knock() as client:
            body = {"redirect_uris": [BACK]}
            assert [client.post("/register", json=body).status_code for _ in range(4)] == [201, 201, 201, 429]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "too short"}, "invalid_request"),
        ({"code_challenge": "="}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"resource": "https://evil.example/mcp"}, "invalid_target"),
        ({"resource": "http://127.0.0.1/mcp"}, "invalid_target"),
        ({"resource": "/mcp"}, "invalid_target"),
    ],
)
def test_what_is_not_safe_is_refused_to_the_client(one: Assistant, asked: dict[str, str], error: str) -> None:
    """Where a person goes on to the address that it registered, with its state, and by whom; nobody is led there, for
    anybody could register it."""
    answer = one.leads(**asked)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert LEADS.search(answer.text) is None
    (link,) = re.findall(r'<a class="button" href="([^"]*)">', answer.text)
    assert html.unescape(link).startswith(f"{BACK}?")
    back = told(html.unescape(link))
    assert (back["error"], back["state"], back["iss"]) == (error, one.asked["state"], one.doors.address)
    assert answer.headers["cross-origin-opener-policy"] == "unsafe-none"  # a window that somebody waits for


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://{host}"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1:evil"}, 421),
        ({"host": "127.0.0.1:99999"}, 421),
    ],
)
def test_nobody_else_answers_for_a_person(one: Assistant, mine: Tenant, headers: dict[str, str], status: int) -> None:
    """A form of another site, or by another name, with the page's token in the browser."""
    form = {**one.asked, "answer": "allow", "token": token_for(mine)}
    headers = {name: value.format(host=one.doors.address[7:]) for name, value in headers.items()}
    answer = one.post("/authorize", data=form, headers=headers, cookies={one.doors.cookie: token_for(mine)})
    assert answer.status_code == status
    assert "location" not in answer.headers
    assert "code=" not in answer.text


def test_the_page_cannot_be_framed_and_runs_nothing(one: Assistant) -> None:
    answer = one.leads()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search("unsafe|script-src|https:", policy)
    assert (answer.headers["x-frame-options"], answer.headers["cache-control"]) == ("DENY", "no-store")


def test_what_a_client_says_of_itself_is_text(doors: Doors) -> None:
    """Cut, with what hides in it shown; nor is what it sends along anything but text."""
    hostile = Assistant(doors, MARKUP + "x" * 1000)
    page = hostile.leads(state=MARKUP).text
    assert not re.search(r"<script|<img", page)
    assert html.unescape(dict(FIELD.findall(page))["state"]) == MARKUP
    shown = FIELD.sub("", page)
    assert "&lt;script&gt;alert(1)" in shown
    assert not re.search(r"\u202e|x{50}|\$\{", shown)


def test_a_name_does_not_end_its_quotation(doors: Doors) -> None:
    """Else it could go on in the page's own words."""
    shown = Assistant(doors, 'ChatGPT” (verified). Let “ChatGPT" «x»').leads().text
    assert "<title>Let “ChatGPT (verified). Let ChatGPT x” read your archive?</title>" in shown


def test_an_address_stays_as_it_was_registered(doors: Doors, mine: Tenant) -> None:
    """With all that its query says, and how."""
    one = Assistant(doors, back="https://assistant.example/callback?flow=&x=a%20b;c")
    led = html.unescape(LEADS.findall(one.answered(token=token_for(mine), answer="allow").text)[0])
    assert led.startswith(f"{one.back}&code=")


def test_a_click_alone_gives_nothing(one: Assistant, mine: Tenant) -> None:
    """Not even in the browser that has a token for the page: it may have been meant for something else."""
    answer = one.answered(answer="allow", cookies={one.doors.cookie: token_for(mine)})
    assert answer.status_code == 400
    assert 'role="alert">Enter a token' in answer.text


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x; charset=punycode", "text/plain", ""])
def test_forms_are_as_they_are_to_be(one: Assistant, kind: str) -> None:
    for path in ("/token", "/authorize", "/revoke"):
        body = b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\nx\r\n--x--\r\n'
        headers = {"content-type": kind, "origin": one.doors.address}
        assert refused(one.post(path, content=body, headers=headers)) == (400, "invalid_request"), path


def test_strangers_do_not_stop_assistants(opener: Opener, mine: Tenant) -> None:
    """Behind a proxy all come from one address: who guesses tokens waits, and what was given is renewed."""
    for doors in running(opener, strangers="3/day"):
        one = Assistant(doors)
        given = one.given(token_for(mine))
        with doors.knock("tga_x") as stranger:
            assert [stranger.get("/api/v1/me").status_code for _ in range(4)] == [401, 401, 401, 429]
        assert one.refreshed(given["refresh_token"]).status_code == 200
        with doors.knock(given["access_token"]) as client:  # another has its place
            answer = client.post("/mcp", json=TOOLS)
        assert answer.status_code == 401
        assert "resource_metadata=" in answer.headers["www-authenticate"]


def test_a_token_that_opens_nothing_gives_nothing(opener: Opener, mine: Tenant) -> None:
    """It is said on the page; who guesses waits."""
    for doors in running(opener, strangers="3/day"):
        one = Assistant(doors)
        for wrong in (token_for(mine)[:-1], "x", "tga_\0"):
            answer = one.answered(token=wrong, answer="allow")
            assert answer.status_code == 400
            assert 'role="alert">This token opens nothing' in answer.text
            assert wrong == "x" or wrong not in answer.text
        assert one.answered(token=token_for(mine), answer="allow").status_code == 429
