"""Sessions, and what signs messages to receivers, at rest: encrypted with a key that is not in the database.

The key comes from ``TG_SESSION_KEY`` or from a file; the first login makes the file. A session opens a person's
whole Telegram, so neither it nor the key has a repr, a log line or an error that shows it.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings


class NoKey(TgAssetsError):
    """There is no key yet: nothing was encrypted here."""


class Vault:
    """Encrypts with the first key, decrypts with any."""

    def __init__(self, keys: str) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
        except ValueError:
            raise TgAssetsError(
                "The session key is not usable: 32 bytes in URL-safe base64 please, as `openssl rand -base64 32 | "
                "tr +/ -_` prints them. It is in TG_SESSION_KEY, or in the file that TG_SESSION_KEY_FILE names."
            ) from None

    def close(self, session: str) -> bytes:
        """The session, encrypted."""
        return self._fernet.encrypt(session.encode())

    def open(self, secret: bytes) -> str:
        """The session; raises TgAssetsError when it was encrypted with another key."""
        try:
            return self._fernet.decrypt(secret).decode()
        except InvalidToken:
            raise TgAssetsError(
                "The session was encrypted with another key. Put that key into TG_SESSION_KEY (or its file), or log "
                "in again with `tg-assets login`."
            ) from None


def key_file(settings: Settings) -> Path:
    """Where the key is when it is not in the environment."""
    return settings.session_key_file or settings.state_dir / "session.key"


def vault(settings: Settings, *, create: bool = False) -> Vault:
    """The installation's vault; with ``create`` a missing key file is made, readable by its owner only."""
    if settings.session_key is not None:
        return Vault(settings.session_key.get_secret_value())
    path = key_file(settings)
    if create and not path.exists():
        _make(path)
    try:
        return Vault(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise NoKey(
            f"There is no session key: TG_SESSION_KEY is not set and {path} does not exist. It is what sessions were "
            "encrypted with; without it, log in again with `tg-assets login`."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise TgAssetsError(f"The session key in {path} cannot be read: {type(error).__name__}.") from None


def _make(path: Path) -> None:
    """A key file, readable by its owner only, unless somebody else makes it at the same time.

    It is whole and on disk before it has its name: a full disk or a power cut leaves no key that is none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()
