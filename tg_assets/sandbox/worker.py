"""The other side of ``sandbox``: the process in which pictures are unpacked, with little it could do harm with.

``python -m tg_assets.sandbox.worker FACTORY ARGUMENTS`` calls the factory (``module:function``, JSON arguments), then
answers one request after another until its input ends. Limits: no file may grow, no core dump, memory of
``MEMORY`` bytes beyond what the loaded models take, ``seconds`` of processor time per request. Frames are two
lengths (4 bytes each, big-endian), a JSON object, bytes: nothing that comes back is executed, as a pickle would be.
What does not belong here: pictures.
"""

import contextlib
import importlib
import json
import os
import resource
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.provider import Refusal, Refused

Header = dict[str, Any]
Task = Callable[[Header, bytes], tuple[Header, bytes]]

MEMORY = 2 * 2**30
# More than any honest answer; a worker that claims more has been taken over.
MAX_FRAME = 64 * 2**20
_LENGTHS = struct.Struct(">II")


def send(stream: IO[bytes], header: Header, body: bytes = b"") -> None:
    """Write one frame. Raises ``OSError`` when the other side is gone."""
    text = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Header, bytes]:
    """Read one frame. Raises ``EOFError`` at the end and ``ValueError`` on nonsense."""
    sizes = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if sum(sizes) > MAX_FRAME:
        raise ValueError(f"a frame of {sum(sizes)} bytes")
    header = json.loads(_exactly(stream, sizes[0]))
    if not isinstance(header, dict):
        raise ValueError("a frame without a header")
    return header, _exactly(stream, sizes[1])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Load, report ``ready``, answer."""
    requests, answers = _take_over(0, "rb"), _take_over(1, "wb")
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    try:
        module, _, name = sys.argv[1].partition(":")
        task: Task = getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - told to the caller, whatever it is
        send(answers, _failure(error))
        return
    _limit_memory()
    send(answers, {"ready": True})
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            header, body = receive(requests)
            _limit_processor(header.pop("seconds"))
            answer = _answer(task, header, body)
            send(answers, *answer)
            if answer[0].get("last"):
                return


def _answer(task: Task, header: Header, body: bytes) -> tuple[Header, bytes]:
    try:
        said, data = task(header, body)
    except Refused as refused:
        return {"refused": [refused.reason.value, refused.detail]}, b""
    except MemoryError:
        # What else lacks its memory by now is not known, so this process answers nothing more.
        return {"refused": [Refusal.crashed.value, f"needs more than {MEMORY >> 20} MB of memory"], "last": True}, b""
    except Exception as error:  # noqa: BLE001 - told to the caller, whatever it is
        return _failure(error), b""
    return {"said": said}, data


def _failure(error: Exception) -> Header:
    known = isinstance(error, TgAssetsError)
    return {"failed": str(error) if known else f"{type(error).__name__}: {str(error)[:300]}"}


def _take_over(number: int, mode: str) -> IO[bytes]:
    """The pipe under a standard descriptor; libraries that print find the null device there instead."""
    pipe = os.dup(number)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, number)
    os.close(null)
    return os.fdopen(pipe, mode)


def _limit_memory() -> None:
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux: the address space cannot be measured, nor is its limit kept there
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))


def _limit_processor(seconds: float) -> None:
    """The kernel ends this process (SIGXCPU) when the request takes longer; waiting for a turn does not count."""
    soft = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _end_with(parent: int) -> None:
    """End soon after the parent, however it ended and whatever this process is busy with.

    PR_SET_PDEATHSIG would also fire when the thread that started this process ends, which threads of a pool do.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
