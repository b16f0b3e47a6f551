"""`TelegramServer`: the world on two ports of this machine, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from telethon import TelegramClient
from telethon.crypto import AuthKey, rsa
from telethon.sessions import StringSession
from telethon.tl.tlobject import TLObject

from tests.telegram_server import handshake
from tests.telegram_server.accounts import LoginToken, Session, random_key, token_of
from tests.telegram_server.answering import Answering
from tests.telegram_server.entities import User
from tests.telegram_server.feed import Delivery
from tests.telegram_server.files import STRANGE_DC
from tests.telegram_server.media import HOME_DC
from tests.telegram_server.pushing import login_token_update, updates_for
from tests.telegram_server.transport import Connection
from tests.telegram_server.world import World, digits

HOST = "127.0.0.1"


class TelegramServer(Answering):
    """A Telegram of one world. Use as a context manager; `world` may be changed before and while it runs.

    `latency` (seconds) delays every answer, pipelined requests together. `gzip` packs answers. `calls` lists every
    request, `errors` what went wrong in the server itself and methods it lacks: a test should find it empty.
    `ports` are those of the home data centre (2) and the other one (4); free ones if left out.
    """

    def __init__(self, world: World | None = None, *, ports: tuple[int, int] = (0, 0), latency: float = 0.0) -> None:
        super().__init__(world or World())
        self.latency = latency
        self.gzip = False
        self.refusing = False
        self.addresses: dict[int, tuple[str, int]] = {}
        self._wanted = dict(zip((HOME_DC, STRANGE_DC), ports, strict=True))
        self._connections: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: OSError | None = None

    # --- running ---------------------------------------------------------

    def __enter__(self) -> "TelegramServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> "TelegramServer":
        """Listen. Clients of this process learn the public key and forget the addresses of servers before."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="telegram-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure:
            raise self._failure
        with self.world.lock:
            self.world.listeners.append(self._deliver)
        rsa.add_key(self.public_key, old=False)
        for kind in (TelegramClient, *TelegramClient.__subclasses__()):
            kind._config = None  # Telethon keeps the addresses for the life of the process
        return self

    def stop(self) -> None:
        """Close every connection and both ports, and wait for the thread."""
        if self._thread is not None and self._thread.is_alive():
            with self.world.lock:
                self.world.listeners.remove(self._deliver)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            listeners = []
            for dc, port in self._wanted.items():
                make = self._loop.create_server(lambda dc=dc: Connection(dc, self, self._connections), HOST, port)
                listeners.append(self._loop.run_until_complete(make))
                self.addresses[dc] = listeners[-1].sockets[0].getsockname()[:2]
        except OSError as e:
            self._failure = e
        else:
            self._loop.call_soon(self._started.set)
            self._loop.run_forever()
        finally:
            for listener in listeners:
                listener.close()
            for connection in list(self._connections):
                connection.cut()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()
            self._started.set()

    # --- clients ---------------------------------------------------------

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the home data centre."""
        return self.addresses[HOME_DC]

    @property
    def public_key(self) -> str:
        """The RSA key for `telethon.crypto.rsa.add_key(…, old=False)` in processes other than this one."""
        return handshake.public_key()

    def session(self, user: User, *, dc: int = HOME_DC) -> str:
        """A new session of `user`, signed in, as a `StringSession` string: a device of its own every time."""
        return self._string(dc, self.accounts.add(dc, AuthKey(random_key()), user).key)

    def empty_session(self, *, dc: int = HOME_DC) -> StringSession:
        """A session that knows the address and nothing else: the client makes an auth key and has to sign in."""
        session = StringSession()
        session.set_dc(dc, *self.addresses[dc])
        return session

    def revoke(self, session: str) -> None:
        """Sign a session out from outside, as "terminate session" does: AUTH_KEY_UNREGISTERED from now on."""
        with self.world.lock:
            self.accounts.revoke(self.accounts.of_string(session))

    def code_for(self, phone: str) -> str:
        """The login code sent last to a phone number. Raises KeyError if none was."""
        return self.accounts.codes[digits(phone)][0]

    def accept_qr(self, token: str | bytes, user: User) -> None:
        """Scan a QR code (`tg://login?token=…`, or the token) with a phone of `user`."""
        with self.world.lock:
            self.tell_of_token(self.accounts.accept_token(token_of(token), user))

    def tell_of_token(self, token: LoginToken) -> None:
        """Push to the session that shows the QR code that it was scanned."""
        self._loop.call_soon_threadsafe(self._push, lambda s: login_token_update() if s is token.session else None)

    def cut_connections(self) -> None:
        """Close all connections now, without a word; clients may come back at once."""
        done = threading.Event()

        def cut() -> None:
            for connection in list(self._connections):
                connection.cut()
            done.set()

        self._loop.call_soon_threadsafe(cut)
        done.wait()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """While inside, no connection lives: those there are cut, new ones closed at once."""
        self.refusing = True
        self.cut_connections()
        try:
            yield
        finally:
            self.refusing = False

    # --- pushing, in the server's thread -----------------------------------

    def _deliver(self, delivery: Delivery) -> None:
        self._loop.call_soon_threadsafe(self._push, lambda session: updates_for(self.world, delivery, session.user))

    def _push(self, build: Callable[[Session], TLObject | None]) -> None:
        with self.world.lock:
            for connection in list(self._connections):
                session = connection.session
                if session is not None and connection.updates and session.parent is None:
                    updates = build(session)
                    if updates is not None:
                        connection.push(updates)

    def _string(self, dc: int, key: AuthKey) -> str:
        session = StringSession()
        session.set_dc(dc, *self.addresses[dc])
        session.auth_key = key
        return session.save()
