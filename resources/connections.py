"""Connections to models elsewhere that a resource has made, so that they end with its run."""

from tg_assets import ids
from tg_assets.remote.chat import Chat
from tg_assets.remote.config import RemoteModel
from tg_assets.stores.database import Database


class Connections:
    """Made when asked for, and closed together."""

    def __init__(self) -> None:
        self._chats: list[Chat] = []

    def connect(self, tenant: str, model: RemoteModel, database: Database) -> Chat:
        """A model, guarded for the tenant with this slug. Raises TgAssetsError when its key is not there."""
        from tg_assets.remote.connecting import connect

        chat = connect(model, database, ids.tenant_id(tenant))
        self._chats.append(chat)
        return chat

    def close(self) -> None:
        """Let go of all of them."""
        while self._chats:
            self._chats.pop().close()
