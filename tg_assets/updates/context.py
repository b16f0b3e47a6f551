"""What parts of a listener need of the whole: ``account.AccountListener`` is one."""

from typing import Protocol
from uuid import UUID

from tg_assets.accounts.client import Opened
from tg_assets.history.reach import Reachable
from tg_assets.live.outages import Outages
from tg_assets.settings import Settings
from tg_assets.updates.chats import Chats
from tg_assets.updates.client import ListeningClient
from tg_assets.updates.database import TenantDatabase
from tg_assets.updates.publisher import Publisher
from tg_assets.updates.refetch import Refetch
from tg_assets.updates.silence import Silence
from tg_assets.updates.status import Status
from tg_assets.updates.updates import Translated, Translator


class ListenerContext(Protocol):
    """One account's listening."""

    opened: Opened
    client: ListeningClient
    database: TenantDatabase
    publisher: Publisher
    settings: Settings
    status: Status
    outages: Outages
    chats: Chats
    newest: dict[UUID, int]
    """Newest message id of each chat that is published or stored."""
    refetch: Refetch
    silence: Silence
    translator: Translator

    async def reread(self) -> list[Reachable]:
        """Read again which chats are listened to; returns those that were not until now."""

    def take(self, translated: Translated) -> None:
        """Publish what updates came to, and remember what is still to be found out."""

    def tell(self, what: str) -> None:
        """Say something of the account, once."""

    def check_soon(self) -> None:
        """Read soon which chats are followed."""
