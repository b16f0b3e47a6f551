"""A model provider over real HTTP: OpenAI's and GigaChat's wire, recorded bodies, and faults on request.

``ModelServer`` answers chats with ``says`` (a text, or a function of what was asked), unless ``faults`` holds a
fault for the next chat or ``always`` one for every request. Everything that was asked is in ``asked``.
"""

import copy
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.data import ROOT

RECORDED = ROOT / "tests" / "remote" / "recorded"


def recorded(name: str) -> Any:
    """A recorded body, fresh each time."""
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


@dataclass(frozen=True)
class Fault:
    """What to do instead of answering well. One of these, whichever is set."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    code: str | None = None
    hang: bool = False
    """Read the request and say nothing until the server stops."""
    cut: bool = False
    """Read the request and hang up."""
    raw: str = ""
    """Answer 200 with this instead of JSON."""
    finish: str = ""
    """Answer, with this ``finish_reason``."""
    refusal: str = ""
    """Answer with OpenAI's field of this name."""
    without_usage: bool = False


def busy(retry_after: str | None = None) -> Fault:
    """429, perhaps with Retry-After."""
    return Fault(429, {} if retry_after is None else {"Retry-After": retry_after})


HANG, CUT = Fault(hang=True), Fault(cut=True)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a chat."""
        return json.loads(self.body)


class ModelServer:
    """Running from ``serve`` on; its addresses are ``openai_url``, ``gigachat_url`` and ``auth_url``."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.says: str | Callable[[Asked], str] = json.dumps(recorded("picture"), ensure_ascii=False)
        self.faults: deque[Fault | None] = deque()
        """For the next chats, one each; None is a good answer."""
        self.always: Fault | None = None
        """For every request, whatever its path."""
        self.schemas = True
        """Whether a chat may ask for a JSON schema; 400 otherwise."""
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.openai_url = f"{self.url}/v1"
        self.gigachat_url = f"{self.url}/api/v1"
        self.auth_url = f"{self.url}/api/v2/oauth"

    @property
    def chats(self) -> list[Asked]:
        """Chats that arrived, answered or not."""
        return [one for one in self.asked if one.path.endswith("/chat/completions")]

    @contextmanager
    def running(self) -> Iterator["ModelServer"]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def handle(self, asked: Asked) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None hangs up."""
        with self._lock:
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            chat = asked.path.endswith("/chat/completions")
            fault = self.always or (self.faults.popleft() if chat and self.faults else None) or Fault()
        try:
            return self._answer(asked, fault)
        finally:
            with self._lock:
                self._at_once -= 1

    def _answer(self, asked: Asked, fault: Fault) -> tuple[int, dict[str, str], bytes] | None:
        wire = "gigachat" if asked.path.startswith("/api/") else "openai"
        if fault.hang:
            self._stopped.wait(30)
        if fault.hang or fault.cut:
            return None
        if fault.raw:
            return 200, {}, fault.raw.encode()
        if fault.status:
            return self._error(wire, fault)
        if asked.path.endswith("/chat/completions"):
            return self._chat(wire, asked, fault)
        body = {
            ("GET", "/v1/models"): "openai_models",
            ("POST", "/api/v2/oauth"): "gigachat_token",
            ("POST", "/api/v1/files"): "gigachat_file",
        }.get((asked.method, asked.path))
        if asked.path.startswith("/api/v1/files/") and asked.path.endswith("/delete"):
            body = "gigachat_deleted"
        if body is None:
            return self._error(wire, Fault(404))
        found = recorded(body)
        if body == "gigachat_token":
            found["expires_at"] = int((time.time() + 1800) * 1000)
        return 200, {}, json.dumps(found).encode()

    def _error(self, wire: str, fault: Fault) -> tuple[int, dict[str, str], bytes]:
        body = copy.copy(recorded(f"{wire}_errors").get(str(fault.status), {"error": {"message": "?"}}))
        if fault.code:
            body["error"]["code"] = fault.code
        return fault.status, fault.headers, json.dumps(body).encode()

    def _chat(self, wire: str, asked: Asked, fault: Fault) -> tuple[int, dict[str, str], bytes]:
        if "response_format" in asked.json and not self.schemas:
            return self._error(wire, Fault(400))
        reply = recorded(f"{wire}_chat")
        choice = reply["choices"][0]
        choice["message"]["content"] = self.says(asked) if callable(self.says) else self.says
        if fault.finish:
            choice["finish_reason"] = fault.finish
        if fault.refusal:
            choice["message"].update(content=None, refusal=fault.refusal)
        if fault.without_usage:
            del reply["usage"]
        return 200, {}, json.dumps(reply, ensure_ascii=False).encode()


class _Handler(BaseHTTPRequestHandler):
    owner: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.owner.handle(Asked(self.command, self.path, headers, self.rfile.read(length)))
        if answer is None:
            self.close_connection = True
            return
        status, more, body = answer
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
