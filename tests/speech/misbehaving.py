"""A speech worker that can be told to misbehave."""

import os
import signal
import sys
import time

from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.sandbox.worker import Header, Task
from tg_assets.speech import worker_tasks
from tg_assets.speech.decode import decode


def tasks(model: str, threads: int, max_seconds: float) -> Task:
    """A worker's factory: the recording's bytes are one word that says what to do."""

    def task(header: Header, body: bytes) -> tuple[Header, bytes]:
        match body.decode():
            case "spin":
                with worker_tasks.at_most(0.1):
                    while True:
                        pass
            case "sleep":
                with worker_tasks.at_most(0.1):
                    time.sleep(600)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "refuse":
                return {"refused": [Refusal.broken.value, "as asked"]}, b""
            case "fail":
                raise RuntimeError("as asked")
        text = f"{os.getpid()} {threads} {max_seconds}"
        return {"seconds": 1.0, "lang": "en", "lang_probability": 0.5, "segments": [(0.0, 1.0, text)]}, b""

    return task


def watched(model: str) -> Task:
    """A worker's factory: the real task, and what it asked of the network."""
    tried: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
            tried.append(f"{event} {arguments}")

    sys.addaudithook(watch)
    hear = worker_tasks.tasks(model, 2, 60)

    def task(header: Header, body: bytes) -> tuple[Header, bytes]:
        from huggingface_hub import constants

        lang = hear(header, body)[0]["lang"]
        return {"tried": tried, "offline": constants.HF_HUB_OFFLINE, "lang": lang}, b""

    return task


def decoding() -> Task:
    """A worker's factory: says what becomes of a file that is only decoded."""

    def task(header: Header, body: bytes) -> tuple[Header, bytes]:
        try:
            decode(body, 60)
        except Refused as refused:
            return {"pid": os.getpid(), "reason": refused.reason.value}, b""
        return {"pid": os.getpid(), "reason": "heard"}, b""

    return task
