"""Signing in and out, and sessions that stop working."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from telethon import TelegramClient, errors
from telethon.sessions import StringSession
from telethon.tl import functions as f

from tests.telegram_server import TelegramServer, World
from tests.telegram_server.entities import User
from tests.telegram_server.support import connected

PHONE = "+7 999 000-11-22"


def run(
    question: Callable[[TelegramServer, TelegramClient, User], Awaitable[None]],
    *,
    password: str | None = None,
    dc: int = 2,
) -> None:
    """Ask `question` with a client that is not signed in and a user who could be."""
    world = World()
    me = world.user("Me", phone=PHONE, password=password)
    world.send(me, "note", sender=me)

    async def main() -> None:
        async with connected(server.empty_session(dc=dc)) as client:
            assert not await client.is_user_authorized()
            await question(server, client, me)

    with TelegramServer(world) as server:
        asyncio.run(main())
        assert server.errors == []


async def note(client: TelegramClient) -> str:
    (message,) = await client.get_messages("me", limit=1)
    return message.text


def test_code() -> None:
    """A code sent to the phone signs in, and the session works when it is saved and opened again."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        await client.send_code_request(PHONE)
        assert (await client.sign_in(PHONE, server.code_for(PHONE))).id == me.id
        assert await note(client) == "note"
        async with connected(StringSession.save(client.session)) as again:
            assert await note(again) == "note"

    run(question)


def test_wrong_code() -> None:
    """A wrong code is refused and the right one still works; an old one is expired."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        await client.send_code_request(PHONE)
        right = server.code_for(PHONE)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(PHONE, "0" * 6)
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(PHONE, right, phone_code_hash="old")
        await client.send_code_request(PHONE)
        assert (await client.sign_in(PHONE, server.code_for(PHONE))).id == me.id

    run(question)


def test_unknown_number() -> None:
    """A phone number without an account leads to signing up, which Telethon refuses."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        await client.send_code_request("+1 555 000 1111")
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in("+1 555 000 1111", server.code_for("+1 555 000 1111"))

    run(question)


def test_password() -> None:
    """With a password the code is not enough, a wrong password is refused, and the right one signs in."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        await client.send_code_request(PHONE)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(PHONE, server.code_for(PHONE))
        assert not await client.is_user_authorized()
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="wrong")
        assert (await client.sign_in(password="correct horse")).id == me.id

    run(question, password="correct horse")


@pytest.mark.parametrize("dc", [2, 4])
def test_qr_code(dc: int) -> None:
    """A client that shows a QR code is told when it is scanned, and is signed in, in its home data centre."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        qr = await client.qr_login()
        waiting = asyncio.create_task(qr.wait(20))
        await asyncio.sleep(0)
        server.accept_qr(qr.url, me)
        assert (await waiting).id == me.id
        assert client.session.dc_id == 2
        assert await note(client) == "note"

    run(question, dc=dc)


def test_qr_code_and_password() -> None:
    """Who has a password has to give it after the scan too."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        qr = await client.qr_login()
        waiting = asyncio.create_task(qr.wait(20))
        await asyncio.sleep(0)
        server.accept_qr(qr.token, me)
        with pytest.raises(errors.SessionPasswordNeededError):
            await waiting
        assert (await client.sign_in(password="correct horse")).id == me.id

    run(question, password="correct horse")


def test_qr_code_scanned_by_a_client() -> None:
    """A client that is signed in may accept another's QR code, once and in time."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        qr = await client.qr_login()
        async with connected(server.session(me)) as phone:
            waiting = asyncio.create_task(qr.wait(20))
            await asyncio.sleep(0)
            await phone(f.auth.AcceptLoginTokenRequest(qr.token))
            assert (await waiting).id == me.id
            with pytest.raises(errors.AuthTokenInvalidxError):
                await phone(f.auth.AcceptLoginTokenRequest(b"?" * 32))
            sessions = await phone(f.account.GetAuthorizationsRequest())
            assert len(sessions.authorizations) == 2

    run(question)


def test_an_expired_qr_code() -> None:
    """A QR code scanned too late is refused."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        server.accounts.token_seconds = -1
        qr = await client.qr_login()
        async with connected(server.session(me)) as phone:
            with pytest.raises(errors.AuthTokenExpiredError):
                await phone(f.auth.AcceptLoginTokenRequest(qr.token))

    run(question)


def test_the_number_is_at_home_elsewhere() -> None:
    """Asked for a code in the wrong data centre, the server sends the client to the right one."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        await client.send_code_request(PHONE)
        assert client.session.dc_id == 2
        assert (await client.sign_in(PHONE, server.code_for(PHONE))).id == me.id

    run(question, dc=4)


def test_revoked() -> None:
    """A session signed out from outside, or by its client, gets AUTH_KEY_UNREGISTERED; others go on."""

    async def question(server: TelegramServer, client: TelegramClient, me: User) -> None:
        gone, other, left = (server.session(me) for _ in range(3))
        async with connected(gone) as first, connected(other) as second, connected(left) as third:
            assert await note(first) == "note"
            server.revoke(gone)
            with pytest.raises(errors.AuthKeyUnregisteredError):
                await note(first)
            assert await third.log_out()
            assert await note(second) == "note"
        async with connected(left) as third:
            assert not await third.is_user_authorized()

    run(question)


def test_an_unknown_key() -> None:
    """A key of another server is not accepted at all."""
    world = World()
    me = world.user("Me")

    async def main(server: TelegramServer, session: str) -> None:
        saved = StringSession(session)
        saved.set_dc(2, *server.address)
        with pytest.raises(errors.AuthKeyNotFound):
            await TelegramClient(saved, 1, "hash").connect()

    with TelegramServer(world) as elsewhere:
        session = elsewhere.session(me)
    with TelegramServer(world) as server:
        asyncio.run(main(server, session))
