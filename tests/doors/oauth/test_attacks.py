"""Whoever wants more than a person allowed gets nothing, and is told so in OAuth's words."""

import base64
import html
import logging
import re
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, running, token_for
from tests.doors.oauth.asking import BACK, FIELD, Assistant, refused, told
from tests.support import pipeline
from tg_assets.doors import tokens
from tg_assets.doors.access import COOKIE, Opener
from tg_assets.doors.oauth import clients, grants
from tg_assets.doors.oauth.grants import ACCESS, CODE, MOST, REFRESH
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
)  # fmt: skip
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e${address}"


def change(tenant: Tenant, sql: str, **values: Any) -> None:
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        connection.execute(text(sql), values)


@pytest.fixture
def one(doors: Doors) -> Assistant:
    return Assistant(doors)


def test_these_paths_tell_nothing_of_an_archive(doors: Doors, opener: Opener, mine: Tenant) -> None:
    """Whoever brings a token is answered as whoever brings none; what is added here is named here."""
    paths = {(method, route.path) for route in routes(opener) for method in (route.methods or ()) if method != "HEAD"}
    assert paths == {
        ("GET", "/.well-known/oauth-protected-resource"), ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("GET", "/.well-known/oauth-authorization-server"), ("GET", "/authorize"), ("POST", "/authorize"),
        ("POST", "/register"), ("POST", "/token"), ("POST", "/revoke"),
    }  # fmt: skip
    token = token_for(mine, ADA)
    with doors.knock() as nobody, doors.knock(token, cookie=f"{COOKIE}={token}") as somebody:
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
    """At the address that it registered, with its state, and by whom."""
    answer = one.leads(**asked)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    back = told(answer.headers["location"])
    assert (back["error"], back["state"], back["iss"]) == (error, one.asked["state"], one.doors.address)


def test_a_code_is_used_once(one: Assistant, mine: Tenant) -> None:
    """Who brings it again ends what was given for it."""
    code = one.code(token_for(mine))
    given = one.exchanged(code).json()
    assert one.status(given["access_token"]) == 200
    assert refused(one.exchanged(code)) == (400, "invalid_grant")
    assert one.status(given["access_token"]) == 401
    assert refused(one.refreshed(given["refresh_token"])) == (400, "invalid_grant")


def test_a_refresh_token_is_used_once(one: Assistant, mine: Tenant) -> None:
    """However many took its place since: who brings it again ends them all."""
    first = one.given(token_for(mine))
    second = one.refreshed(first["refresh_token"]).json()
    third = one.refreshed(second["refresh_token"]).json()
    assert [one.status(given["access_token"]) for given in (first, second, third)] == [401, 401, 200]
    assert refused(one.refreshed(first["refresh_token"])) == (400, "invalid_grant")
    assert one.status(third["access_token"]) == 401
    assert refused(one.refreshed(third["refresh_token"])) == (400, "invalid_grant")


def test_of_two_at_once_neither_keeps_anything(one: Assistant, opener: Opener, mine: Tenant) -> None:
    """Both found the code unused; the second finds out, and what the first was given ends."""
    found = grants.by_code(opener.database, one.code(token_for(mine)))
    assert found is not None
    given = grants.renew(opener.database, found)
    assert given is not None
    assert one.status(given.access) == 200
    assert grants.renew(opener.database, found) is None
    assert one.status(given.access) == 401


def test_a_code_is_its_clients(one: Assistant, doors: Doors, mine: Tenant) -> None:
    """By its verifier, its address and its id; and it is still good after all who tried."""
    code = one.code(token_for(mine))
    assert refused(one.exchanged(code, code_verifier="w" * 43)) == (400, "invalid_grant")
    assert refused(one.exchanged(code, code_verifier=one.asked["code_challenge"])) == (400, "invalid_grant")
    assert refused(one.exchanged(code, redirect_uri="https://evil.example/")) == (400, "invalid_request")
    assert refused(one.exchanged(code, resource="https://evil.example/mcp")) == (400, "invalid_target")
    assert refused(one.exchanged(code, grant_type="client_credentials")) == (400, "invalid_request")
    assert refused(Assistant(doors, "Other").exchanged(code)) == (400, "invalid_grant")
    given = one.exchanged(code)
    assert given.status_code == 200
    other = Assistant(doors, "Other").refreshed(given.json()["refresh_token"])
    assert refused(other) == (400, "invalid_grant")


def test_a_code_ends_soon(one: Assistant, mine: Tenant) -> None:
    code = one.code(token_for(mine))
    change(mine, "UPDATE oauth_grants SET expires_at = now() - interval '1 s'")
    assert refused(one.exchanged(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("column", ["access_expires_at", "expires_at"])
def test_tokens_end(one: Assistant, mine: Tenant, column: str) -> None:
    """The one that opens within an hour; the one that takes its place when it was not used for a month."""
    given = one.given(token_for(mine))
    assert given["expires_in"] == 3600
    change(mine, f"UPDATE oauth_grants SET {column} = now() - interval '1 s'")
    assert one.status(given["access_token"]) == (401 if column == "access_expires_at" else 200)
    assert one.refreshed(given["refresh_token"]).status_code == (200 if column == "access_expires_at" else 400)


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_what_was_given_ends_with_its_token(one: Assistant, mine: Tenant, how: str) -> None:
    """At once, and a token of the same name brings nothing back."""
    name = f"oauth {how}"
    token = token_for(mine, name=name)
    code, given = one.code(token), one.given(token)
    if how == "revoked":
        with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
            tokens.revoke(connection, name)
        token_for(mine, name=name)
    else:
        change(mine, "UPDATE access_tokens SET expires_at = now() WHERE name = :name", name=name)
    assert one.status(given["access_token"]) == 401
    assert refused(one.exchanged(code)) == (400, "invalid_grant")
    assert refused(one.refreshed(given["refresh_token"])) == (400, "invalid_grant")
    assert "This token opens nothing" in one.answered(token=token, answer="allow").text


def test_of_another_tenant_nothing_is_had(one: Assistant, tenants: tuple[Tenant, Tenant]) -> None:
    """Whatever tenant is written into a secret: it is looked for among that tenant's."""
    mine, other = tenants
    given, code = one.given(token_for(mine, ADA)), one.code(token_for(mine, ADA))
    assert one.status(forged(given["access_token"], ACCESS, other.id)) == 401
    assert refused(one.refreshed(forged(given["refresh_token"], REFRESH, other.id))) == (400, "invalid_grant")
    assert refused(one.exchanged(forged(code, CODE, other.id))) == (400, "invalid_grant")
    for token in (given["refresh_token"], code, given["access_token"][:-1], given["access_token"] + "A"):
        assert one.status(token) == 401
    for token in (given["access_token"], code, "x", "tgr_é", given["refresh_token"][:-4]):
        assert refused(one.refreshed(token)) == (400, "invalid_grant")
    assert one.status(given["access_token"]) == 200


def forged(secret: str, prefix: str, tenant: UUID) -> str:
    """A secret with another tenant's id in it."""
    made = base64.urlsafe_b64decode(secret.removeprefix(prefix))
    return prefix + base64.urlsafe_b64encode(tenant.bytes + made[16:]).decode()


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
    answer = one.post("/authorize", data=form, headers=headers, cookies={COOKIE: token_for(mine)})
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


def test_a_token_that_opens_nothing_gives_nothing(opener: Opener, mine: Tenant) -> None:
    """It is said on the page; who guesses waits."""
    for doors in running(opener, strangers="4/day"):
        one = Assistant(doors)
        for wrong in (token_for(mine)[:-1], "x", "tga_\0"):
            answer = one.answered(token=wrong, answer="allow")
            assert answer.status_code == 400
            assert 'role="alert">This token opens nothing' in answer.text
            assert wrong == "x" or wrong not in answer.text
        assert one.answered(token=token_for(mine), answer="allow").status_code == 429


def test_secrets_are_kept_as_hashes_and_said_nowhere(
    one: Assistant, mine: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_for(mine, name="hashed")
    code = one.code(token)
    given = one.exchanged(code).json()
    one.exchanged(code)
    one.refreshed(given["refresh_token"])
    given = one.given(token)
    kept = " ".join(row[0] for row in pipeline.rows(mine.slug, "SELECT oauth_grants::text FROM oauth_grants"))
    assert kept
    ours = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    for secret in (token, code, given["access_token"], given["refresh_token"]):
        assert secret[4:] not in kept
        assert secret not in ours


def test_a_token_is_given_to_so_many_at_most(one: Assistant, opener: Opener, mine: Tenant) -> None:
    """The oldest goes."""
    token = token_for(mine)
    first = one.given(token)
    for _ in range(MOST - 1):
        assert grants.give(opener.database, token, one.id, BACK, one.asked["code_challenge"])
    assert one.status(first["access_token"]) == 200
    assert grants.give(opener.database, token, one.id, BACK, one.asked["code_challenge"])
    assert one.status(first["access_token"]) == 401


def test_a_person_sees_who_was_given_what(one: Assistant, mine: Tenant, tenants: tuple[Tenant, Tenant]) -> None:
    """Hosts, for names are what clients say; not what was only asked for, nor of another tenant."""
    token = token_for(mine, name="seen")
    one.code(token)
    assert "seen" not in holders(mine)
    one.given(token)
    one.given(token)
    assert holders(mine)["seen"] == ["assistant.example"]
    assert "seen" not in holders(tenants[1])


def holders(tenant: Tenant) -> dict[str, list[str]]:
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        return grants.holders(connection)


def test_what_ended_is_removed(one: Assistant, mine: Tenant) -> None:
    """Codes that nobody used, what was not refreshed, and what ended with its token."""
    change(mine, "DELETE FROM oauth_grants")
    given, _, ended = one.given(token_for(mine)), one.code(token_for(mine)), token_for(mine, name="over")
    one.given(ended)
    change(mine, "UPDATE access_tokens SET expires_at = now() WHERE name = 'over'")
    change(mine, "UPDATE oauth_grants SET expires_at = now() WHERE access_hash IS NULL")
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        assert grants.remove_ended(connection) == 2
        assert grants.remove_ended(connection) == 0
    assert one.status(given["access_token"]) == 200
