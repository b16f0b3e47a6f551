"""HTTP: routes, the API key, and errors in Qdrant's shape. What a route means is in ``collection`` and ``store``."""

import asyncio
import hmac
import importlib.metadata
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tg_assets.backends.qdrant_server import updates
from tg_assets.backends.qdrant_server.collection import Collection
from tg_assets.backends.qdrant_server.errors import RequestError, not_found
from tg_assets.backends.qdrant_server.filters import Json
from tg_assets.backends.qdrant_server.store import Store

# A query holds the GIL, so more threads only make each other wait; a write releases it.
THREADS = 4
# The client warns when the minor versions differ by more than one.
VERSION = importlib.metadata.version("qdrant-client")

Handler = Callable[[dict[str, Any], Any], Any]
"""Path parameters and the parsed body to the ``result`` of the reply."""


def build_app(store: Store, api_key: str) -> Starlette:
    """The application, which closes the store when it ends; an empty ``api_key`` admits everybody."""
    pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="request")

    def route(path: str, **handlers: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            denied = _denied(request, api_key)
            if denied is not None:
                return denied
            body = await request.body()
            handler = handlers[request.method]
            status, reply = await asyncio.get_running_loop().run_in_executor(
                pool, _answer, handler, request.path_params, body, started
            )
            return Response(reply, status_code=status, media_type="application/json")

        return Route(path, endpoint, methods=list(handlers))

    def on_collection(work: Callable[[Collection, Any], Any]) -> Handler:
        return lambda path, body: work(store.get(path["name"]), body)

    def change(build: Callable[[Json], Any], *, vacuum: bool = False) -> Handler:
        def work(collection: Collection, body: Json) -> Json:
            return collection.update(build(body), written=len(body.get("points") or ()), vacuum=vacuum)

        return on_collection(work)

    def one_point(collection: Collection, id_: str) -> Json:
        found = collection.retrieve({"ids": [int(id_) if id_.isdigit() else id_], "with_vector": True})
        if not found:
            raise not_found(f"Point with id {id_} does not exists!")
        return found[0]

    name = "/collections/{name}"
    points = f"{name}/points"
    routes = [
        Route("/", lambda _: _json({"title": "tg-assets vector server", "version": VERSION})),
        *(
            Route(path, lambda _: PlainTextResponse("healthz check passed"))
            for path in ("/healthz", "/readyz", "/livez")
        ),
        route("/collections", GET=lambda _p, _b: {"collections": [{"name": item} for item in store.names()]}),
        route("/aliases", GET=lambda _p, _b: store.aliases()),
        route("/collections/aliases", POST=lambda _, body: store.change_aliases(body)),
        route(f"{name}/aliases", GET=lambda path, _: store.aliases(path["name"])),
        route(f"{name}/exists", GET=lambda path, _: {"exists": store.has(path["name"])}),
        route(
            name,
            GET=on_collection(lambda collection, _: collection.info()),
            PUT=lambda path, body: store.create(path["name"], body or {}),
            PATCH=on_collection(Collection.reconfigure),
            DELETE=lambda path, _: store.delete(path["name"]),
        ),
        route(
            f"{name}/index",
            PUT=on_collection(lambda c, body: c.create_index(body["field_name"], body.get("field_schema"))),
        ),
        route(
            f"{name}/index/{{field:path}}", DELETE=lambda path, _: store.get(path["name"]).delete_index(path["field"])
        ),
        route(f"{name}/facet", POST=on_collection(Collection.facet)),
        route(points, PUT=change(updates.upsert), POST=on_collection(Collection.retrieve)),
        route(f"{points}/delete", POST=change(updates.delete, vacuum=True)),
        route(
            f"{points}/payload",
            POST=change(updates.set_payload),
            PUT=change(updates.overwrite_payload),
        ),
        route(f"{points}/payload/delete", POST=change(updates.delete_payload)),
        route(f"{points}/query", POST=on_collection(Collection.query)),
        route(f"{points}/query/batch", POST=on_collection(lambda c, body: c.query_batch(body["searches"]))),
        route(f"{points}/query/groups", POST=on_collection(Collection.query_groups)),
        route(f"{points}/scroll", POST=on_collection(Collection.scroll)),
        route(f"{points}/count", POST=on_collection(Collection.count)),
        route(f"{points}/{{id}}", GET=lambda path, _: one_point(store.get(path["name"]), path["id"])),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        pool.shutdown()
        store.close()

    return Starlette(routes=routes, exception_handlers={404: _unknown, 405: _unknown}, lifespan=lifespan)


def _answer(handler: Handler, path: dict[str, Any], raw: bytes, started: float) -> tuple[int, bytes]:
    """Status and JSON. The engine has no exception classes: its bare ``Exception`` is the request's fault."""
    try:
        result = handler(path, orjson.loads(raw) if raw else None)
    except RequestError as error:
        return error.status, _error(str(error))
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        return 400, _error(f"Format error in JSON body: {type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - turned into a reply, the client raises it
        if type(error) is not Exception or str(error).startswith("Service"):
            return 500, _error(f"Service internal error: {type(error).__name__}: {error}")
        return 400, _error(f"Wrong input: {error}")
    reply = {"result": result, "status": "ok", "time": time.perf_counter() - started}
    return 200, orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)


def _denied(request: Request, api_key: str) -> Response | None:
    if not api_key:
        return None
    given = request.headers.get("api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    if not given:
        return PlainTextResponse("Must provide an API key or an Authorization bearer token", status_code=401)
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        return PlainTextResponse("Invalid API key or JWT", status_code=401)
    return None


def _unknown(request: Request, _: Exception) -> Response:
    message = f"{request.method} {request.url.path} is not offered by the embedded vector server"
    return Response(_error(message), status_code=404, media_type="application/json")


def _error(message: str) -> bytes:
    return orjson.dumps({"status": {"error": message}, "time": 0.0})


def _json(value: Json) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
