"""A worker that can be told to misbehave."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.sandbox.worker import Task


def tasks() -> Task:
    """A worker's factory: each request is one word that says what to do."""

    def task(header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        match header["do"]:
            case "echo":
                return {"pid": os.getpid()}, body
            case "spin":
                while True:
                    pass
            case "sleep":
                time.sleep(600)
            case "die":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "eat":
                return {"size": len(bytearray(8 * 2**30))}, b""
            case "refuse":
                raise Refused(Refusal.broken, "as asked")
            case "fail":
                raise RuntimeError("as asked")
            case "write":
                Path(body.decode()).write_bytes(b"x" * 100)
            case "environment":
                return dict(os.environ), b""
            case "print":
                os.write(1, b"noise on standard output")
        return {}, b""

    return task
