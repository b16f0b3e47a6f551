"""MTProto over TCP: framing (TcpFull), plain and encrypted messages, containers, gzip, pings, pushed updates.

Knows nothing of methods: requests go to `Requests.handle`, which answers through `Connection.reply` when it likes.
"""

import asyncio
import os
import struct
import time
from hashlib import sha256
from typing import Protocol
from zlib import crc32

from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.core import GzipPacked, MessageContainer
from telethon.tl.core.rpcresult import RpcResult
from telethon.tl.tlobject import TLObject

from tests.telegram_server.accounts import Accounts, Session
from tests.telegram_server.handshake import Handshake, HandshakeError

_UNKNOWN_KEY = struct.pack("<i", -404)


class Requests(Protocol):
    """Whoever answers requests."""

    accounts: Accounts
    gzip: bool
    refusing: bool
    errors: list[Exception]

    def handle(self, connection: "Connection", message_id: int, request: TLObject) -> None: ...


class Connection(asyncio.Protocol):
    """One TCP connection of a client in one data centre. `session` is known from its first encrypted message.

    `updates`: has it made a request that did not forbid updates? Only then they are pushed to it.
    """

    def __init__(self, dc: int, requests: Requests, connections: set["Connection"]) -> None:
        self.dc = dc
        self.session: Session | None = None
        self.updates = False
        self._requests = requests
        self._connections = connections
        self._handshake: Handshake | None = None
        self._buffer = bytearray()
        self._session_id = 0
        self._sequence = 0
        self._frames = 0
        self._last_id = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._connections.add(self)
        if self._requests.refusing:
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def cut(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "little")
            if len(self._buffer) < length:
                return
            packet = bytes(self._buffer[8 : length - 4])
            del self._buffer[:length]
            try:
                self._packet(packet)
            except (HandshakeError, ValueError, struct.error):
                self._frame(_UNKNOWN_KEY)
                self._transport.close()
            except Exception as e:  # noqa: BLE001 - a bug here ends the connection, not the server
                self._requests.errors.append(e)
                self.cut()

    def reply(self, message_id: int, body: bytes) -> None:
        """Answer the request with this message id."""
        if self._requests.gzip:
            body = bytes(GzipPacked(body))
        self._send(struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, message_id) + body)

    def push(self, updates: TLObject) -> None:
        """Send something nobody asked for."""
        self._send(updates._bytes())

    def _packet(self, packet: bytes) -> None:
        key_id = int.from_bytes(packet[:8], "little")
        if key_id == 0:
            self._plain(packet)
            return
        if self.session is None or self.session.key.key_id != key_id:
            self.session = self._requests.accounts.find(self.dc, key_id)
            if self.session is None:
                self._frame(_UNKNOWN_KEY)
                return
        key, message_key = self.session.key.key, packet[8:24]
        plain = AES.decrypt_ige(packet[24:], *MTProtoState._calc_key(key, message_key, True))
        if sha256(key[88:120] + plain).digest()[8:24] != message_key:
            raise ValueError("wrong message key")
        _, self._session_id, message_id, _, length = struct.unpack("<qqqii", plain[:32])
        self._message(message_id, plain[32 : 32 + length])

    def _plain(self, packet: bytes) -> None:
        self._handshake = self._handshake or Handshake()
        answer = self._handshake.answer(BinaryReader(packet[20:]).tgread_object())._bytes()
        if self._handshake.key is not None:
            self.session = self._requests.accounts.add(self.dc, self._handshake.key)
            self._handshake = None
        self._frame(struct.pack("<qqi", 0, self._next_id(), len(answer)) + answer)

    def _message(self, message_id: int, data: bytes) -> None:
        constructor = int.from_bytes(data[:4], "little")
        if constructor == MessageContainer.CONSTRUCTOR_ID:
            reader = BinaryReader(data[4:])
            for _ in range(reader.read_int()):
                number, _, length = reader.read_long(), reader.read_int(), reader.read_int()
                self._message(number, reader.read(length))
            return
        if constructor == GzipPacked.CONSTRUCTOR_ID:
            self._message(message_id, GzipPacked.from_reader(BinaryReader(data[4:])).data)
            return
        request = BinaryReader(data).tgread_object()
        if isinstance(request, f.PingRequest | f.PingDelayDisconnectRequest):
            self._send(t.Pong(message_id, request.ping_id)._bytes(), content=False)
        elif not isinstance(request, t.MsgsAck | t.MsgsStateInfo):
            self._requests.handle(self, message_id, request)

    def _send(self, body: bytes, *, content: bool = True) -> None:
        if self.session is None or self._transport.is_closing():
            return
        sequence = self._sequence * 2 + content
        self._sequence += content
        plain = struct.pack("<qqqii", 0, self._session_id, self._next_id(), sequence, len(body)) + body
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        key = self.session.key
        message_key = sha256(key.key[96:128] + plain).digest()[8:24]
        encrypted = AES.encrypt_ige(plain, *MTProtoState._calc_key(key.key, message_key, False))
        self._frame(struct.pack("<Q", key.key_id) + message_key + encrypted)

    def _frame(self, packet: bytes) -> None:
        head = struct.pack("<ii", len(packet) + 12, self._frames)
        self._frames += 1
        self._transport.write(head + packet + struct.pack("<I", crc32(head + packet)))

    def _next_id(self) -> int:
        self._last_id = max(int(time.time() * 2**32) & ~3 | 1, self._last_id + 4)
        return self._last_id
