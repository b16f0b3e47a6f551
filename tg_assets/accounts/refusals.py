"""What Telegram's errors mean, and the sentences that people read of them.

Telegram may answer with an error that no list has: one of its own servers' is waited out, any other is named with
what to do. What does not belong here: errors that say that one chat is closed (``tg_assets.history.walk``), waits
(``budget``).
"""

from telethon.errors import (
    AuthKeyDuplicatedError,
    AuthKeyNotFound,
    InvalidBufferError,
    RPCError,
    SecurityError,
    TypeNotFoundError,
    UnauthorizedError,
)
from telethon.errors import rpcbaseerrors as base

from tg_assets.errors import ServerDown, TgAssetsError

LOGGED_OUT = (UnauthorizedError, AuthKeyDuplicatedError, AuthKeyNotFound)
"""The session is no good any more. Not any error of code 406: most of those are about something else."""
GARBLED = (InvalidBufferError, SecurityError, TypeNotFoundError)
"""What came is no answer of Telegram's."""
FLOOD = 420
_CLOSED = ("UserDeactivatedError", "UserDeactivatedBanError")
# Servers' troubles whose codes say something else.
_TROUBLES = frozenset({
    "RpcCallFailError", "RpcMcgetFailError", "InterdcCallErrorError", "InterdcCallRichErrorError", "TimedOutError",
})  # fmt: skip
_BASES = frozenset(one for one in vars(base).values() if isinstance(one, type))


class LoggedOut(TgAssetsError):
    """Telegram does not accept a session any more."""


class Refused(ServerDown):
    """Telegram refuses what was asked, with an error that this program does not know what to do about."""


def is_servers_trouble(error: RPCError) -> bool:
    """Whether the error is one of Telegram's own servers, which passes."""
    return abs(error.code or 0) >= 500 or isinstance(error, base.ServerError) or type(error).__name__ in _TROUBLES


def is_chats_own(error: RPCError) -> bool:
    """Whether an error concerns the chat that was asked about and no other."""
    return not isinstance(error, LOGGED_OUT) and not is_servers_trouble(error) and error.code != FLOOD


def name_of(error: BaseException) -> str:
    """What the error is called: as Telethon does, or as Telegram itself when Telethon does not know it."""
    if isinstance(error, RPCError) and type(error) in _BASES:
        return f"{error.message} (code {error.code})"
    return type(error).__name__.removesuffix("Error")


def why_logged_out(error: BaseException) -> str:
    """What is kept as the account's problem."""
    closed = type(error).__name__ in _CLOSED
    return f"Telegram has closed the account ({name_of(error)})" if closed else "logged out"


def logged_out(error: BaseException, account: str) -> LoggedOut:
    """The sentence for a session that is forgotten."""
    if type(error).__name__ in _CLOSED:
        return LoggedOut(
            f"Telegram has closed account {account} ({name_of(error)}); its session is forgotten. The Telegram app "
            f"says what can be done; afterwards log in again with `tg-assets login --account {account}`."
        )
    return LoggedOut(
        f"Telegram does not accept a session of account {account} any more ({type(error).__name__}); it is forgotten. "
        f"Log in again with `tg-assets login --account {account}`."
    )


def refused(error: RPCError, whom: str, kept: str = "What was read so far is kept.") -> Refused:
    """The sentence for any other error; ``kept`` says what is left of the work."""
    asked = error.request
    while hasattr(asked, "query"):  # wrapped in how it is to be answered
        asked = asked.query
    request = type(asked).__name__.removesuffix("Request") if asked is not None else "a request"
    if is_servers_trouble(error):
        return Refused(
            f"Telegram's servers have trouble: they answer {request} of {whom} with {name_of(error)}. {kept} Run it "
            "again later."
        )
    what = "Telegram has frozen the account; its app says what to do." if "FROZEN" in name_of(error).upper() else (
        f"{kept} Run it again later; if it says the same then, this version may be too old for what Telegram asks for."
    )  # fmt: skip
    return Refused(f"Telegram refuses {request} of {whom}: {name_of(error)}. {what}")
