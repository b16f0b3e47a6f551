"""Logging in to Telegram: by a QR code or a code sent to a phone, with a password where there is one.

Whoever asks the person is behind ``Asker``. What was typed is used and forgotten; only the session is kept, and
only encrypted. What does not belong here: terminals, the database.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from telethon import errors
from telethon.sessions import StringSession
from telethon.tl.functions.account import GetPasswordRequest
from telethon.tl.functions.auth import AcceptLoginTokenRequest
from telethon.tl.functions.help import GetConfigRequest

from tg_assets.accounts.client import Client
from tg_assets.accounts.refusals import GARBLED, refused
from tg_assets.errors import ServerDown, TgAssetsError
from tg_assets.settings import Settings

TRIES = 3
# QR codes that are shown, each for half a minute, and how long one is at least and at most waited for, in seconds.
CODES = 20
SHORTEST_CODE, LONGEST_CODE = 5.0, 300.0


class Asker(Protocol):
    """How the person at the other end is asked."""

    def show_qr(self, url: str, seconds: float) -> None:
        """Show a ``tg://login`` address as a QR code that is good for some seconds; then a new one comes."""

    def phone(self) -> str:
        """The phone number, with country code."""

    def code(self, wrong: bool) -> str:
        """The code that Telegram sent; ``wrong``: the last one was not it."""

    def password(self, hint: str | None, wrong: bool) -> str:
        """The password of the second step."""


@dataclass(frozen=True, slots=True, repr=False)
class LoggedIn:
    """Who logged in, and sessions of theirs. Without a repr."""

    telegram_id: int
    username: str | None
    sessions: list[str]


class _Remembering:
    """Asks for the password once, however many sessions need it."""

    def __init__(self, asker: Asker) -> None:
        self._asker, self._known = asker, ""

    async def check(self, client: Client) -> Any:
        """Pass the second step; raises TgAssetsError after some wrong ones."""
        hint, wrong = (await client(GetPasswordRequest())).hint, False
        for _ in range(TRIES):
            password = self._known or await asyncio.to_thread(self._asker.password, hint, wrong)
            try:
                user = await client.sign_in(password=password)
            except errors.PasswordHashInvalidError:
                self._known, wrong = "", True
            else:
                self._known = password
                return user
        raise TgAssetsError(f"{TRIES} wrong passwords. Nothing was kept; log in again when you have it.")


async def log_in(settings: Settings, asker: Asker, *, by_code: bool, sessions: int = 2) -> LoggedIn:
    """Log in; returns that many sessions of the account. Raises TgAssetsError, with nothing kept.

    Further sessions are let in by the first one, as a phone lets in a computer by its QR code.
    """
    password = _Remembering(asker)
    try:
        async with _connected(settings) as client:
            user = await (_by_code if by_code else _by_qr)(client, asker, password)
            found = [client.session.save()]
            for _ in range(sessions - 1):
                async with _connected(settings) as another:
                    await _let_in(client, another, password)
                    found.append(another.session.save())
            return LoggedIn(user.id, user.username, found)
    except (errors.FloodWaitError, errors.PhoneNumberFloodError) as error:
        seconds = getattr(error, "seconds", None)
        raise TgAssetsError(
            f"Telegram wants a pause before another login{f': {seconds} s' if seconds else ''}. Try again then."
        ) from None
    except (errors.PhoneNumberInvalidError, errors.PhoneNumberUnoccupiedError, errors.PhoneNumberBannedError) as error:
        raise TgAssetsError(f"Telegram does not log in this phone number: {type(error).__name__[:-5]}.") from None
    except (errors.ApiIdInvalidError, errors.ApiIdPublishedFloodError):
        raise TgAssetsError("Telegram does not know TG_TELEGRAM_API_ID with TG_TELEGRAM_API_HASH.") from None
    except errors.RPCError as error:
        raise refused(error, "this login", "Nothing was kept.") from None
    except GARBLED as error:
        raise ServerDown(
            f"What answers is not Telegram ({type(error).__name__}). Is there a proxy on the way?"
        ) from None


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    """A client that nobody has logged in yet."""
    session = StringSession()
    if settings.telegram_server:
        centre, _, address = settings.telegram_server.partition("@")
        host, _, port = address.rpartition(":")
        session.set_dc(int(centre), host, int(port))
    client = Client(session, settings, None)
    try:
        await client.connect()
        yield client
    except (ConnectionError, OSError) as error:
        raise ServerDown(f"Telegram does not answer: {error}. Is this machine online?") from None
    finally:
        await client.disconnect()


async def _by_qr(client: Client, asker: Asker, password: _Remembering) -> Any:
    login = await client.qr_login()
    for _ in range(CODES):
        # By Telegram's clock: this machine's may be wrong.
        left = (login.expires - (await client(GetConfigRequest())).date).total_seconds()
        seconds = min(LONGEST_CODE, max(SHORTEST_CODE, left))
        waiting = asyncio.ensure_future(login.wait(seconds))
        await asyncio.sleep(0)  # it has to listen before the code is shown
        asker.show_qr(login.url, seconds)
        try:
            return await waiting
        except TimeoutError:
            await login.recreate()
        except errors.SessionPasswordNeededError:
            return await password.check(client)
    raise TgAssetsError(f"Nobody scanned one of {CODES} codes. Log in again when you have your phone at hand.")


async def _by_code(client: Client, asker: Asker, password: _Remembering) -> Any:
    phone = await asyncio.to_thread(asker.phone)
    await client.send_code_request(phone)
    wrong = False
    for _ in range(TRIES):
        try:
            return await client.sign_in(phone, await asyncio.to_thread(asker.code, wrong))
        except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError):
            wrong = True
        except errors.PhoneCodeExpiredError:
            raise TgAssetsError("The code has expired. Log in again for a new one.") from None
        except errors.SessionPasswordNeededError:
            return await password.check(client)
    raise TgAssetsError(f"{TRIES} wrong codes. Nothing was kept; log in again for a new one.")


async def _let_in(client: Client, another: Client, password: _Remembering) -> None:
    """Log in a second client by accepting its QR code with the first."""
    login = await another.qr_login()
    waiting = asyncio.ensure_future(login.wait(LONGEST_CODE))
    await asyncio.sleep(0)
    try:
        await client(AcceptLoginTokenRequest(login.token))
        await waiting
    except errors.SessionPasswordNeededError:
        await password.check(another)
    finally:
        waiting.cancel()
