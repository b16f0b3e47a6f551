"""The page for people: files of ``page/``, as they are, read once when the service starts.

Addresses of all but the page itself have a version in them, the hash of everything, so that browsers keep them for
good and never mix two releases. What does not belong here: what the page shows (its modules ask the API).
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ROOT = Path(__file__).with_name("page")
PAGE = "index.html"
EARLY = "js/early.js"
"""No module: it runs before anything is painted."""
KINDS = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
}  # fmt: skip
FOR_GOOD, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent; ``packed`` with gzip."""

    kind: str
    plain: bytes
    packed: bytes
    tag: str


@cache
def files() -> dict[str, File]:
    """Every file by its address below ``/static/``, and the page as ``""``."""
    read = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(ROOT.rglob("*")) if path.is_file()}
    version = hashlib.sha256(b"\0".join(part for name, data in read.items() for part in (name.encode(), data)))
    base = version.hexdigest()[:12]
    found = {f"{base}/{name}": _file(name, data) for name, data in read.items() if name != PAGE}
    first = "\n".join(
        f'<link rel="modulepreload" href="/static/{base}/{name}">'
        for name in read
        if name.endswith(".js") and name != EARLY
    )
    page = read[PAGE].decode().replace("{modules}", first).replace("{base}", f"/static/{base}")
    return {**found, "": _file(PAGE, page.encode())}


def address_of(name: str) -> str:
    """The address of one of the files, of which the page itself has none."""
    return next(f"/static/{one}" for one in files() if one.partition("/")[2] == name)


def _file(name: str, data: bytes) -> File:
    packed = gzip.compress(data, 9, mtime=0)
    return File(KINDS[Path(name).suffix], data, packed, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


async def page(request: Request) -> Response:
    """The page; all of its views have this path."""
    return _sent(request, files()[""], ASK_AGAIN)


async def static(request: Request) -> Response:
    """A file of the page."""
    name = request.path_params["name"]
    if not name or name not in files():
        raise HTTPException(404)
    return _sent(request, files()[name], FOR_GOOD)


def _sent(request: Request, file: File, kept: str) -> Response:
    headers = {"etag": file.tag, "cache-control": kept, "vary": "accept-encoding"}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"}, media_type=file.kind)
    return Response(file.plain, headers=headers, media_type=file.kind)


ROUTES = (Route("/", page), Route("/static/{name:path}", static))
