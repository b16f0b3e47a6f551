"""Somebody who is told elsewhere: a server on the loopback that remembers what it heard."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Receiver:
    """Somebody who is told, and answers with these codes one after the other, then with 200."""

    server: ThreadingHTTPServer
    url: str = ""
    codes: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts of what was heard."""
        return [alert for _, body in self.heard for alert in json.loads(body)["alerts"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.codes.pop(0) if made.codes else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/hooks/very-secret-path"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def is_signed(headers: Mapping[str, str], body: bytes, key: bytes) -> bool:
    """Whether a message is signed with a key, by the words of the standard and not by our code."""
    signs = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    own = base64.b64encode(hmac.new(key, signs, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{own}"
