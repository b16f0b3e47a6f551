"""Logging in to a real MTProto peer: by QR, by code, with a password; what is kept of it, and where it shows."""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest
from cryptography.fernet import Fernet
from telethon import TelegramClient
from telethon.sessions import StringSession
from telethon.tl.functions.auth import ExportLoginTokenRequest

from tests.support.telegram import Loopback
from tests.telegram_server import TelegramServer, World
from tests.telegram_server.faults import RpcError
from tg_assets.accounts import login
from tg_assets.accounts.login import LoggedIn, log_in
from tg_assets.accounts.vault import Vault, key_file, vault
from tg_assets.errors import TgAssetsError
from tg_assets.settings import load_settings

Connect = Callable[[World], Loopback]
PHONE = "+49 30 901820"


class Person:
    """Someone who answers: scans codes, reads the code that was sent, types passwords in this order."""

    def __init__(self, server: TelegramServer, user: object, passwords: list[str] | None = None) -> None:
        self.server, self.user, self.passwords = server, user, passwords or []
        self.codes: list[str] = []
        self.scans = True
        self.hesitates = 0.0
        self.shown: list[str] = []
        self.good_for: list[float] = []

    def show_qr(self, url: str, seconds: float) -> None:
        self.shown.append(url)
        self.good_for.append(seconds)
        if self.scans and self.hesitates:
            Timer(self.hesitates, self.server.accept_qr, (url, self.user)).start()
        elif self.scans:
            self.server.accept_qr(url, self.user)

    def phone(self) -> str:
        return PHONE

    def code(self, wrong: bool) -> str:
        return self.codes.pop(0) if self.codes else self.server.code_for(PHONE)

    def password(self, hint: str | None, wrong: bool) -> str:
        return self.passwords.pop(0)


@pytest.fixture
def loop(connect: Connect) -> Loopback:
    """Ann has a phone number; Bob has a password, too."""
    world = World()
    world.user("Ann", username="ann", phone=PHONE)
    world.user("Bob", username="bob", phone="+49 30 1", password="correct horse")
    return connect(world)


def run(loop: Loopback, person: Person, **options: object) -> LoggedIn:
    return asyncio.run(log_in(load_settings(), person, **{"by_code": False, **options}))


def works(session: str) -> int:
    """Whose session it is, asked with an unmodified client."""

    async def ask() -> int:
        async with TelegramClient(StringSession(session), 1, "x") as client:
            return (await client.get_me()).id

    return asyncio.run(ask())


def test_a_qr_code_logs_in(loop: Loopback) -> None:
    """One scan gives as many sessions as were asked for, each of its own."""
    ann = next(iter(loop.world.users.values()))
    person = Person(loop.server, ann)
    found = run(loop, person, sessions=3)
    assert (found.telegram_id, found.username, len(set(found.sessions))) == (ann.id, "ann", 3)
    assert len(person.shown) == 1
    assert [works(one) for one in found.sessions] == [ann.id] * 3
    assert not loop.errors()


@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
def test_a_code_is_good_by_the_servers_clock(loop: Loopback, skew: float) -> None:
    """Whatever this machine's clock says, a code is shown for as long as it is good, and no other is asked for."""
    loop.server.accounts.skew = skew
    person = Person(loop.server, next(iter(loop.world.users.values())))
    person.hesitates = 0.5
    assert run(loop, person, sessions=1).username == "ann"
    assert len(person.shown) == 1
    assert 25 < person.good_for[0] <= 30


def test_codes_that_expire_are_followed_by_others(loop: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new code comes when the last one is over and no sooner; after some that nobody scanned it ends."""
    monkeypatch.setattr(login, "SHORTEST_CODE", 0.2)
    monkeypatch.setattr(login, "CODES", 3)
    loop.server.accounts.token_seconds = -60.0
    person = Person(loop.server, next(iter(loop.world.users.values())))
    person.scans = False
    with pytest.raises(TgAssetsError, match="Nobody scanned one of 3 codes"):
        run(loop, person)
    assert len(person.shown) == len(set(person.shown)) == 3
    assert person.good_for == [0.2] * 3


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RpcError(400, "SOMETHING_NEW"), r"refuses ExportLoginToken of this login: SOMETHING_NEW \(code 400\)"),
        (RpcError(406, "UPDATE_APP_TO_LOGIN"), "refuses ExportLoginToken of this login"),
        (RpcError(401, "SOMETHING_NEW"), "refuses ExportLoginToken of this login"),
    ],
)
def test_a_refused_login_is_a_sentence(loop: Loopback, error: RpcError, said: str) -> None:
    """Errors that no list has are named, with what to do."""
    loop.server.fault(ExportLoginTokenRequest, error, times=None)
    with pytest.raises(TgAssetsError, match=said):
        run(loop, Person(loop.server, next(iter(loop.world.users.values()))))


def test_a_password_is_asked_for_once(loop: Loopback) -> None:
    """After a wrong one it is asked for again; further sessions need no other question."""
    bob = list(loop.world.users.values())[1]
    found = run(loop, Person(loop.server, bob, ["battery staple", "correct horse"]))
    assert [works(one) for one in found.sessions] == [bob.id] * 2
    with pytest.raises(TgAssetsError, match="3 wrong passwords"):
        run(loop, Person(loop.server, bob, ["a", "b", "c"]))


def test_a_code_logs_in(loop: Loopback) -> None:
    """The code that was sent, after a wrong one; three wrong ones are the end."""
    person = Person(loop.server, None)
    person.codes = ["00000"]
    found = run(loop, person, by_code=True, sessions=1)
    assert found.username == "ann"
    person.codes = ["00000", "00001", "00002"]
    with pytest.raises(TgAssetsError, match="3 wrong codes"):
        run(loop, person, by_code=True)


def test_nobody_reads_a_session_at_rest(loop: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the database, nor a repr, nor a log has it; with another key it does not open."""
    caplog.set_level(logging.INFO)
    ann = next(iter(loop.world.users.values()))
    found = run(loop, Person(loop.server, ann))
    assert not any(session in repr(found) for session in found.sessions)
    loop.log_in(ann, "ann")
    ((secret,),) = loop.rows("SELECT secret FROM account_sessions")
    session = vault(load_settings()).open(bytes(secret))
    assert works(session) == ann.id
    with pytest.raises(TgAssetsError, match="another key"):
        Vault(Fernet.generate_key().decode()).open(bytes(secret))
    for text in (session, *found.sessions, PHONE.replace(" ", ""), str(ann.id)):
        assert text not in caplog.text


def test_keys_can_be_exchanged() -> None:
    """With the new key first and the old one behind it, old sessions open; new ones are closed with the new."""
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    closed = Vault(old).close("a session")
    both = Vault(f"{new},{old}")
    assert both.open(closed) == "a session"
    assert Vault(new).open(both.close("another")) == "another"


def test_a_full_disk_leaves_no_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one would be a key that is not usable, until somebody removes it."""
    monkeypatch.delenv("TG_SESSION_KEY", raising=False)
    monkeypatch.setenv("TG_DATA_DIR", str(tmp_path))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            vault(load_settings(), create=True)
    assert list(tmp_path.iterdir()) == []
    closed = vault(load_settings(), create=True).close("a session")
    assert vault(load_settings()).open(closed) == "a session"
    assert [path.name for path in tmp_path.iterdir()] == ["session.key"]


def test_the_first_login_makes_the_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner alone may read it; it is made once; without it and without a variable there is a sentence."""
    monkeypatch.delenv("TG_SESSION_KEY", raising=False)
    monkeypatch.setenv("TG_DATA_DIR", str(tmp_path))
    settings = load_settings()
    with pytest.raises(TgAssetsError, match="TG_SESSION_KEY is not set"):
        vault(settings)
    closed = vault(settings, create=True).close("a session")
    assert key_file(settings).stat().st_mode & 0o777 == 0o600
    assert vault(settings, create=True).open(closed) == "a session"
    monkeypatch.setenv("TG_SESSION_KEY", "short")
    with pytest.raises(TgAssetsError, match="not usable") as refused:
        vault(load_settings())
    assert "short" not in str(refused.value)
