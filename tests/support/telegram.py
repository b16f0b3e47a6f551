"""A tenant whose accounts read the loopback Telegram: logging them in, following, pulling, comparing with its world."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.support import pipeline
from tests.telegram_server import TelegramServer, World
from tests.telegram_server.entities import User
from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.client import opened
from tg_assets.accounts.vault import vault
from tg_assets.history.following import Followed, follow
from tg_assets.history.pull import Pulled, Puller
from tg_assets.history.sideload import Sideload, Wanted, sideload
from tg_assets.registry.channels import register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import load_settings


@dataclass
class Loopback:
    """A tenant with accounts on a loopback Telegram; ``said`` is what its runs log."""

    world: World
    server: TelegramServer
    tenant: str
    said: list[str] = field(default_factory=list)

    @property
    def id(self) -> Any:
        """The tenant's id."""
        return ids.tenant_id(self.tenant)

    def log_in(self, user: User, name: str, sessions: int = 1) -> store.Account:
        """Give the tenant an account with sessions, as ``tg-assets login`` leaves it."""
        safe = vault(load_settings())
        with pipeline.postgres().tenant(self.id) as session, session.transaction() as connection:
            register_tenant(connection, self.tenant)
            store.keep_account(connection, self.id, user.id, name, user.username)
            for _ in range(sessions):
                store.keep_session(
                    connection, store.account_id(self.id, user.id), safe.close(self.server.session(user))
                )
            return store.find(connection, name)

    def account(self, name: str | None = None) -> store.Account:
        """An account as it is now."""
        with pipeline.postgres().tenant(self.id) as session, session.transaction() as connection:
            return store.find(connection, name)

    def follow(self, name: str | None = None, **options: Any) -> Followed:
        """Follow what an account subscribes to."""

        async def run() -> Followed:
            with pipeline.postgres().tenant(self.id) as session:
                account, settings = self.account(name), load_settings()
                async with opened(pipeline.postgres(), settings, self.id, account, self.said.append) as client:
                    return await follow(client, session, settings, self.tenant, 0, **options)

        return asyncio.run(run())

    def pull(self, feed: str, first: date, last: date, **options: Any) -> Pulled:
        """Pull days of a feed, both included."""
        since = datetime.combine(first, time(), UTC)
        until = datetime.combine(last, time(), UTC) + timedelta(days=1)
        puller = Puller(pipeline.postgres(), load_settings(), self.id, self.tenant, self.said.append)
        return asyncio.run(puller.pull(Scope(feed, since, until), **options))

    def sideload(self, name: str | None = None, wanted: Wanted | None = None) -> Sideload:
        """Sideload an account."""
        return sideload(
            pipeline.postgres(), load_settings(), self.tenant, name, wanted or Wanted(), 0, self.said.append,
            feeds=lambda _: None,
        )  # fmt: skip

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows as the tenant sees them."""
        return pipeline.rows(self.tenant, sql, **values)

    def scalar(self, sql: str, **values: Any) -> Any:
        """One value as the tenant sees it."""
        return pipeline.scalar(self.tenant, sql, **values)

    def stored(self, where: str = "true") -> list[int]:
        """Ids of stored messages that are not deleted, in order."""
        sql = f"SELECT telegram_message_id FROM telegram_messages WHERE deleted_at IS NULL AND {where} ORDER BY 1"
        return [row[0] for row in self.rows(sql)]

    def errors(self) -> Sequence[object]:
        """What went wrong inside the server."""
        return list(self.server.errors)


@contextmanager
def loopback(world: World, tenant: str, directory: Path) -> Iterator[Loopback]:
    """A server of ``world``, and a tenant whose settings point at it."""
    with TelegramServer(world) as server, pytest.MonkeyPatch.context() as patch:
        key = directory / "server.pem"
        key.write_text(server.public_key)
        host, port = server.address
        for name, value in {
            "TG_TELEGRAM_API_ID": "1",
            "TG_TELEGRAM_API_HASH": "0" * 32,
            "TG_TELEGRAM_SERVER": f"2@{host}:{port}",
            "TG_TELEGRAM_SERVER_KEY": str(key),
            "TG_SESSION_KEY": Fernet.generate_key().decode(),
            "TG_DATA_DIR": str(directory),
        }.items():
            patch.setenv(name, value)
        yield Loopback(world, server, tenant)
