"""The whole way of an assistant on the web: registered, allowed by a person, and let in as the token."""

import json
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from starlette.testclient import TestClient

from tests.answers.conftest import ADA, EVA, Tenant
from tests.answers.test_tenancy import QUESTION
from tests.doors.conftest import Doors, running, token_for
from tests.doors.mcp.connecting import MODES, Mode, calling
from tests.doors.oauth.asking import FIELD, TOOLS, Assistant, led_to
from tests.saved.conftest import vaults
from tests.support import pipeline
from tg_assets.doors import tokens
from tg_assets.doors.access import Opener
from tg_assets.doors.guards import House
from tg_assets.doors.mcp.tools import TOOLS as OURS
from tg_assets.doors.oauth import grants
from tg_assets.doors.service import service


class Kept:
    """What the library's client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def person(doors: Doors, token: str, kept: Kept) -> OAuthClientProvider:
    """The library's client, with a person who opens the page and allows what a token opens."""
    opened: list[str] = []

    async def opens(address: str) -> None:
        opened.append(address)

    async def answers() -> AuthorizationCodeResult:
        async with httpx.AsyncClient() as browser:
            page = await browser.get(opened[-1])
            form = {**dict(FIELD.findall(page.text)), "token": token, "answer": "allow"}
            back = await browser.post(f"{doors.address}/authorize", data=form, headers={"origin": doors.address})
        return AuthorizationCodeResult(**led_to(back))

    metadata = OAuthClientMetadata(redirect_uris=["http://localhost:3000/callback"], client_name="Library")  # type: ignore[list-item]
    return OAuthClientProvider(f"{doors.address}/mcp", metadata, kept, opens, answers)


@pytest.mark.parametrize("mode", MODES)
def test_the_librarys_client_finds_its_way(doors: Doors, mine: Tenant, mode: Mode) -> None:
    """By the address alone; it refreshes by itself, sees what the token sees, and is refused once that was revoked."""
    token, kept = token_for(mine, ADA, name=f"web {mode}"), Kept()
    auth = person(doors, token, kept)

    async def asks() -> None:
        async with (
            create_mcp_http_client(auth=auth) as http,
            Client(streamable_http_client(f"{doors.address}/mcp", http_client=http), mode=mode) as client,
        ):
            assert {one.name for one in (await client.list_tools()).tools} == {one.name for one in OURS}
            first = kept.tokens
            auth.context.token_expiry_time = 1.0
            seen = json.dumps(await calling(client)("get_context", question=QUESTION), ensure_ascii=False)
            assert first is not None
            assert kept.tokens is not None
            assert kept.tokens.refresh_token != first.refresh_token
            assert mine.secrets[ADA] in seen
            assert mine.secrets[EVA] not in seen

    anyio.run(asks)
    assert kept.tokens is not None
    one = Assistant(doors)
    assert one.status(kept.tokens.access_token) == 200
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        tokens.revoke(connection, f"web {mode}")
    assert one.status(kept.tokens.access_token) == 401


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_program_on_ones_own_computer_listens_where_it_can(doors: Doors, mine: Tenant, host: str) -> None:
    """It registered another port (RFC 8252, 7.3); the code is good for the one that it was sent to."""
    one = Assistant(doors, "Program", f"http://{host}:3000/callback")
    one.back = f"http://{host}:49152/callback"
    code = one.code(token_for(mine, ADA))
    assert one.exchanged(code, redirect_uri=f"http://{host}:3000/callback").status_code == 400
    assert one.exchanged(one.code(token_for(mine, ADA))).status_code == 200


@pytest.mark.parametrize("address", ["com.example.app:/callback", "com.example.app://callback?x=1"])
def test_an_app_is_led_back_to_by_its_own_scheme(doors: Doors, mine: Tenant, address: str) -> None:
    """A person sees which, and that it is an app (RFC 8252, 7.1)."""
    one, token = Assistant(doors, "Program", address), token_for(mine)
    assert "an app on this device, com.example.app</strong>" in one.leads().text
    given = one.exchanged(one.code(token)).json()
    assert one.status(given["access_token"]) == 200
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        assert ["com.example.app"] in grants.holders(connection).values()
    wrong = one.leads(response_type="token")
    assert "leads to <strong>com.example.app</strong>" in wrong.text


def test_without_a_token_it_is_told_where_to_ask(doors: Doors) -> None:
    """At the assistants' path, from which everything else is found; elsewhere OAuth opens nothing."""
    with doors.knock() as client:
        needed = client.post("/mcp", json=TOOLS).headers["www-authenticate"]
        found = f"{doors.address}/.well-known/oauth-protected-resource"
        assert needed == f'Bearer resource_metadata="{found}/mcp", scope="read"'
        wrong = client.post("/mcp", json=TOOLS, headers={"authorization": "Bearer tgo_x"}).headers["www-authenticate"]
        assert wrong == f'{needed}, error="invalid_token"'
        assert client.get("/api/v1/me").headers["www-authenticate"] == "Bearer"
        resource = client.get(f"{found}/mcp").json()
        assert resource == client.get(found).json()
        assert (resource["resource"], resource["authorization_servers"]) == (f"{doors.address}/mcp", [doors.address])
        server = client.get("/.well-known/oauth-authorization-server").json()
        assert (server["issuer"], server["code_challenge_methods_supported"]) == (doors.address, ["S256"])
        assert server["token_endpoint_auth_methods_supported"] == ["none"]
        assert client.get("/.well-known/openid-configuration").status_code == 404


def test_behind_what_ends_tls_it_is_called_by_its_name(opener: Opener, mine: Tenant) -> None:
    """Without TLS nobody is given anything under such a name, and the answer says what to do."""
    app = service(opener, House(["archive.example.org"]), vaults)
    with TestClient(app, base_url="http://archive.example.org") as client:
        secure = {"x-forwarded-proto": "https"}
        server = client.get("/.well-known/oauth-authorization-server", headers=secure).json()
        assert (server["issuer"], server["token_endpoint"]) == (
            "https://archive.example.org",
            "https://archive.example.org/token",
        )
        needed = client.post("/mcp", json=TOOLS, headers=secure).headers["www-authenticate"]
        assert "https://archive.example.org/.well-known/oauth-protected-resource/mcp" in needed
        assert client.post("/mcp", json=TOOLS).headers["www-authenticate"] == "Bearer"
        for method, path in (
            ("GET", "/.well-known/oauth-protected-resource"), ("GET", "/.well-known/oauth-authorization-server"),
            ("GET", "/authorize"), ("POST", "/register"), ("POST", "/token"), ("POST", "/revoke"),
        ):  # fmt: skip
            answer = client.request(method, path)
            assert answer.status_code == 400
            assert "X-Forwarded-Proto" in answer.json()["error_description"]


def test_what_is_given_opens_no_other_path(doors: Doors, mine: Tenant) -> None:
    given = Assistant(doors).given(token_for(mine))
    with doors.knock(given["access_token"]) as client:
        for path in ("me", "search?q=x", "feeds", "saved"):
            assert client.get(f"/api/v1/{path}").status_code == 401
        assert client.post("/api/v1/session", json={"token": given["access_token"]}).status_code == 401
    again = Assistant(doors).answered(token=given["access_token"], answer="allow")
    assert again.status_code == 400


def test_who_denies_is_sent_back(doors: Doors, mine: Tenant) -> None:
    """With what the client sent along, and who says so."""
    one = Assistant(doors)
    assert led_to(one.answered(token=token_for(mine), answer="deny")) == {
        "error": "access_denied", "state": one.asked["state"], "iss": doors.address,
    }  # fmt: skip


def test_one_process_gives_and_another_takes(opener: Opener, mine: Tenant) -> None:
    """Each step at another service of the same database: nothing is kept in a process."""
    for first in running(opener):
        for second in running(opener):
            one = Assistant(first)
            code = answering(one, second).code(token_for(mine))
            given = answering(one, first).exchanged(code).json()
            assert answering(one, second).status(given["access_token"]) == 200
            again = answering(one, second).refreshed(given["refresh_token"]).json()
            assert answering(one, first).status(again["access_token"]) == 200


def answering(one: Assistant, doors: Doors) -> Assistant:
    """The same assistant, at another service."""
    one.doors = doors
    return one


def test_it_counts_as_its_token(opener: Opener, mine: Tenant) -> None:
    """Whoever asks by it, and by the token itself, has asked too often together."""
    token = token_for(mine)
    for doors in running(opener, "3/day"):
        one = Assistant(doors)
        access = one.given(token)["access_token"]
        assert [one.status(who) for who in (access, token, access, token, access)] == [200, 200, 200, 429, 429]


def test_a_client_ends_what_it_was_given(doors: Doors, mine: Tenant) -> None:
    """By either token; nobody else can, and what opens nothing is answered alike."""
    one, other = Assistant(doors), Assistant(doors, "Other")
    for kind in ("access_token", "refresh_token"):
        given = one.given(token_for(mine))
        assert other.post("/revoke", data={"token": given[kind], "client_id": other.id}).status_code == 200
        assert one.status(given["access_token"]) == 200
        assert one.post("/revoke", data={"token": given[kind], "client_id": one.id}).status_code == 200
        assert one.status(given["access_token"]) == 401
        assert one.refreshed(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert one.post("/revoke", data={"token": "tgo_x", "client_id": one.id}).status_code == 200


def test_an_assistant_may_ask_without_saying_what_for(doors: Doors, mine: Tenant) -> None:
    """Older clients name no resource; scopes that there are not are not given."""
    one = Assistant(doors)
    asked = {name: value for name, value in one.asked.items() if name not in ("resource", "state")}
    page = httpx.get(f"{doors.address}/authorize", params={**asked, "scope": "claudeai offline_access"})
    form: dict[str, Any] = {**dict(FIELD.findall(page.text)), "token": token_for(mine), "answer": "allow"}
    back = led_to(one.post("/authorize", data=form, headers={"origin": doors.address}))
    assert back.keys() == {"code", "iss"}
    assert one.exchanged(back["code"]).json()["scope"] == "read"
