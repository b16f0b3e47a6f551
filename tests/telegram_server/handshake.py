"""The server's half of making an auth key: core.telegram.org/mtproto/auth_key, as Telethon's client does it.

The RSA key is made once per process; clients learn it through `telethon.crypto.rsa.add_key(public_key, old=False)`.
"""

import os
import time
from functools import cache
from hashlib import sha1

from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from telethon import helpers
from telethon.crypto import AES, AuthKey, rsa
from telethon.extensions import BinaryReader
from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.srp import PRIME, PRIME_BYTES, G

_P, _Q = 1_000_003, 1_000_033


class HandshakeError(Exception):
    """The client's half is wrong: the connection is not worth keeping."""


@cache
def private_key() -> rsa_keys.RSAPrivateKey:
    """This process's RSA key."""
    return rsa_keys.generate_private_key(65537, 2048)


def public_key() -> str:
    """Its public half: PKCS#1, PEM."""
    return private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


class Handshake:
    """One exchange. Feed it the client's requests in order; `key` is set when it is done."""

    def __init__(self) -> None:
        self.key: AuthKey | None = None
        self._a = int.from_bytes(os.urandom(256), "big")
        self._server_nonce = int.from_bytes(os.urandom(16), "big", signed=True)
        self._nonce = 0
        self._new_nonce = 0

    def answer(self, request: TLObject) -> TLObject:
        """The answer to one step. Raises HandshakeError."""
        match request:
            case f.ReqPqMultiRequest() | f.ReqPqRequest():
                self._nonce = request.nonce
                pq = (_P * _Q).to_bytes(8, "big")
                numbers = private_key().public_key().public_numbers()
                return t.ResPQ(self._nonce, self._server_nonce, pq, [rsa._compute_fingerprint(numbers)])
            case f.ReqDHParamsRequest():
                return self._offer(request)
            case f.SetClientDHParamsRequest():
                return self._finish(request)
        raise HandshakeError(f"{type(request).__name__} is not part of the exchange")

    def _offer(self, request: f.ReqDHParamsRequest) -> TLObject:
        numbers = private_key().private_numbers()
        padded = pow(int.from_bytes(request.encrypted_data, "big"), numbers.d, numbers.public_numbers.n)
        inner = _checked(padded.to_bytes(256, "big")[1:])
        if inner.server_nonce != self._server_nonce or inner.nonce != self._nonce:
            raise HandshakeError("wrong nonce")
        self._new_nonce = inner.new_nonce
        g_a = rsa.get_byte_array(pow(G, self._a, PRIME))
        offer = t.ServerDHInnerData(self._nonce, self._server_nonce, G, PRIME_BYTES, g_a, int(time.time()))
        data = offer._bytes()
        data = sha1(data).digest() + data
        encrypted = AES.encrypt_ige(data + os.urandom(-len(data) % 16), *self._temporary_key())
        return t.ServerDHParamsOk(self._nonce, self._server_nonce, encrypted)

    def _finish(self, request: f.SetClientDHParamsRequest) -> TLObject:
        inner = _checked(AES.decrypt_ige(request.encrypted_data, *self._temporary_key()))
        shared = rsa.get_byte_array(pow(int.from_bytes(inner.g_b, "big"), self._a, PRIME))
        key = AuthKey(shared)
        if len(shared) < 256:  # a saved session would pad it to another key: let the client try again
            digest = key.calc_new_nonce_hash(self._new_nonce, 2)
            return t.DhGenRetry(self._nonce, self._server_nonce, digest)
        self.key = key
        return t.DhGenOk(self._nonce, self._server_nonce, key.calc_new_nonce_hash(self._new_nonce, 1))

    def _temporary_key(self) -> tuple[bytes, bytes]:
        return helpers.generate_key_data_from_nonce(self._server_nonce, self._new_nonce)


def _checked(data: bytes) -> TLObject:
    """The object after its SHA-1, which must fit."""
    reader = BinaryReader(data[20:])
    try:
        inner = reader.tgread_object()
    except Exception as e:
        raise HandshakeError("not encrypted for this server") from e
    if sha1(data[20 : 20 + reader.tell_position()]).digest() != data[:20]:
        raise HandshakeError("wrong checksum")
    return inner
