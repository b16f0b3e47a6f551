"""Answering requests: unwrapping, faults, refusals, the list of what was asked."""

import asyncio
from collections import Counter
from collections.abc import Callable

from telethon.tl import functions as f
from telethon.tl.tlobject import TLObject
from telethon.tl.types import RpcError as RpcErrorObject

from tests.telegram_server import methods
from tests.telegram_server.accounts import Accounts
from tests.telegram_server.faults import Cut, Delay, Effect, Fault, Faults, RpcError, Silence
from tests.telegram_server.rpc import METHODS, OPEN, Call, serialize
from tests.telegram_server.transport import Connection
from tests.telegram_server.world import World

_TRANSPARENT = (
    f.InvokeWithLayerRequest,
    f.InitConnectionRequest,
    f.InvokeAfterMsgRequest,
    f.InvokeAfterMsgsRequest,
    f.InvokeWithMessagesRangeRequest,
)


class Answering:
    """The half of the server that answers. Handlers run in its event loop with the world locked."""

    latency: float
    _loop: asyncio.AbstractEventLoop

    def __init__(self, world: World) -> None:
        self.world = world
        self.accounts = Accounts()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.errors: list[Exception] = []

    def fault(
        self,
        requests: type | tuple[type, ...],
        effect: Effect,
        *,
        times: int | None = 1,
        at: int = 1,
        when: Callable[[TLObject], bool] | None = None,
    ) -> Fault:
        """Plan a fault; see `Fault` for the arguments."""
        return self.faults.add(Fault(requests, effect, times=times, at=at, when=when))

    def requests(self, kind: type | tuple[type, ...]) -> list[TLObject]:
        """Requests of a class so far, in order."""
        return [call.request for call in list(self.calls) if isinstance(call.request, kind)]

    @property
    def counts(self) -> Counter[type]:
        """How often each request class came."""
        return Counter(type(call.request) for call in list(self.calls))

    def handle(self, connection: Connection, message_id: int, request: TLObject) -> None:
        """Answer one request on its connection; see `transport.Requests`."""
        takeout, quiet = None, False
        while isinstance(request, (*_TRANSPARENT, f.InvokeWithoutUpdatesRequest, f.InvokeWithTakeoutRequest)):
            quiet |= isinstance(request, f.InvokeWithoutUpdatesRequest)
            takeout = getattr(request, "takeout_id", takeout)
            request = request.query
        connection.updates |= not quiet
        call = Call(request, connection.session, self, takeout)
        self.calls.append(call)
        effect = self.faults.effect_on(request)
        if effect == Cut(after=False):
            connection.cut()
            return
        body = self._execute(call, effect if isinstance(effect, RpcError) else None)
        if effect == Cut(after=True):
            connection.cut()
        elif not isinstance(effect, Silence):
            delay = self.latency + (effect.seconds if isinstance(effect, Delay) else 0)
            if delay:
                self._loop.call_later(delay, connection.reply, message_id, body)
            else:
                connection.reply(message_id, body)

    def _execute(self, call: Call, error: RpcError | None) -> bytes:
        try:
            if error is not None:
                raise error
            with self.world.lock:
                return serialize(self._result(call))
        except RpcError as e:
            call.error = e
        except Exception as e:  # noqa: BLE001 - a bug in a handler fails the call, not the server
            self.errors.append(e)
            call.error = RpcError(400, f"HANDLER_FAILED: {e!r}")
        return RpcErrorObject(call.error.code, call.error.message)._bytes()

    def _result(self, call: Call) -> object:
        kind = type(call.request)
        if call.session.user is None and kind not in OPEN:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        if call.takeout is not None and call.takeout not in call.session.takeouts:
            raise RpcError(400, "TAKEOUT_INVALID")
        if kind not in METHODS:
            self.errors.append(NotImplementedError(kind.__name__))
            raise RpcError(400, "INPUT_METHOD_INVALID")
        return METHODS[kind](call, call.request)


methods.load()
