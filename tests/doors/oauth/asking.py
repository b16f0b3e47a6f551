"""An assistant that asks by OAuth, step by step, and the person who answers, without a browser."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.doors.conftest import Doors

BACK = "https://assistant.example/callback"
TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
LEADS = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]*)">')


@dataclass
class Assistant:
    """Somebody who registered; ``verifier`` is what only it knows."""

    doors: Doors
    name: str = "Assistant"
    back: str = BACK
    verifier: str = "v" * 43
    id: str = field(init=False)

    def __post_init__(self) -> None:
        answer = self.post("/register", json={"client_name": self.name, "redirect_uris": [self.back]})
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["client_id"]

    def post(self, path: str, **how: Any) -> httpx.Response:
        return httpx.post(self.doors.address + path, timeout=60, **how)

    @property
    def asked(self) -> dict[str, str]:
        """What it asks a person for."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        return {
            "response_type": "code", "client_id": self.id, "redirect_uri": self.back, "state": "a&b=\"c\"",
            "code_challenge": challenge, "code_challenge_method": "S256", "resource": f"{self.doors.address}/mcp",
        }  # fmt: skip

    def leads(self, **more: str) -> httpx.Response:
        """What a browser is answered where it is led."""
        return httpx.get(f"{self.doors.address}/authorize", params={**self.asked, **more}, timeout=60)

    def answered(self, **answer: Any) -> httpx.Response:
        """What is answered to the form of consent, as our page sends it."""
        headers = answer.pop("headers", {"origin": self.doors.address})
        cookies = answer.pop("cookies", None)
        kept = {html.unescape(name): html.unescape(value) for name, value in FIELD.findall(self.leads().text)}
        return self.post("/authorize", data={**kept, **answer}, headers=headers, cookies=cookies)

    def code(self, token: str) -> str:
        """The code with which a person allows what a token opens."""
        return led_to(self.answered(token=token, answer="allow"))["code"]

    def exchanged(self, code: str, **more: str) -> httpx.Response:
        given = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.back, "client_id": self.id,
            "code_verifier": self.verifier,
        }  # fmt: skip
        return self.post("/token", data={**given, **more})

    def refreshed(self, token: str, **more: str) -> httpx.Response:
        given = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.id}
        return self.post("/token", data={**given, **more})

    def given(self, token: str) -> dict[str, Any]:
        """The tokens for which a person gave what a token opens."""
        answer = self.exchanged(self.code(token))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def status(self, access: str) -> int:
        """Whether an access token opens anything."""
        with self.doors.knock(access, accept="application/json, text/event-stream") as client:
            return client.post("/mcp", json=TOOLS).status_code


def led_to(answer: httpx.Response) -> dict[str, str]:
    """What the client is told by the page that leads back to it."""
    assert answer.status_code == 200, answer.text
    (address,) = LEADS.findall(answer.text)
    return told(html.unescape(address))


def told(address: str) -> dict[str, str]:
    """What the query of an address says."""
    return dict(parse_qsl(urlsplit(address).query))


def refused(answer: httpx.Response) -> tuple[int, str]:
    """A refusal in OAuth's words."""
    return answer.status_code, answer.json()["error"]
