"""The server's half of the two-step password check: SRP as in core.telegram.org/api/srp.

The client's half is `telethon.password`; hashing and padding are its functions.
"""

import os
from dataclasses import dataclass, field

from telethon.password import big_num_for_hash, compute_hash, sha256, xor
from telethon.tl import types as t

G = 3
# The prime of Telegram's Diffie-Hellman, which clients know to be good.
PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DB"
    "FA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B41"
    "0DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF"
    "6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
PRIME_BYTES = PRIME.to_bytes(256, "big")


def new_algorithm() -> t.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow:
    """Parameters with salts of their own."""
    return t.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        os.urandom(16), os.urandom(16), G, PRIME_BYTES
    )


@dataclass
class Challenge:
    """One check of `password`: what is sent to the client (`algorithm`, `id`, `b_public`) and what stays here."""

    password: str
    algorithm: t.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow = field(
        default_factory=new_algorithm
    )
    id: int = field(default_factory=lambda: int.from_bytes(os.urandom(8), "big", signed=True))
    _secret: int = field(default_factory=lambda: int.from_bytes(os.urandom(256), "big"))

    def __post_init__(self) -> None:
        self._verifier = pow(G, int.from_bytes(compute_hash(self.algorithm, self.password), "big"), PRIME)
        k = int.from_bytes(sha256(PRIME_BYTES, big_num_for_hash(G)), "big")
        public = (k * self._verifier + pow(G, self._secret, PRIME)) % PRIME
        self.b_public = big_num_for_hash(public)

    def proves(self, a_public: bytes, proof: bytes) -> bool:
        """Does the client's proof show that it knows the password?"""
        a = int.from_bytes(a_public, "big")
        if not 1 < a < PRIME - 1:
            return False
        a_padded = big_num_for_hash(a)
        u = int.from_bytes(sha256(a_padded, self.b_public), "big")
        shared = pow(a * pow(self._verifier, u, PRIME), self._secret, PRIME)
        expected = sha256(
            xor(sha256(PRIME_BYTES), sha256(big_num_for_hash(G))),
            sha256(self.algorithm.salt1),
            sha256(self.algorithm.salt2),
            a_padded,
            self.b_public,
            sha256(big_num_for_hash(shared)),
        )
        return proof == expected
