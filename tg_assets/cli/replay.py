"""Dead letters back on their streams, some at a time. What does not belong here: choosing them."""

from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from tg_assets.cli import runtime
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Letters that go back in one transaction: after a kill at most these are sent twice.
BATCH = 500


def send_back(owner: UUID, letters: dict[UUID, str]) -> Counter[str]:
    """Put a tenant's letters back; how many went to which stream."""
    from redis.exceptions import RedisError

    from tg_assets.live.dead_letters import replay
    from tg_assets.stores.redis import client

    sent = Counter[str]()
    chosen = [(letter, source) for letter, source in letters.items() if source.startswith("stream:")]
    if not chosen:
        return sent
    server = client(runtime.settings().require("redis_url"))
    with runtime.postgres().tenant(owner) as session:
        for at in range(0, len(chosen), BATCH):
            part = chosen[at : at + BATCH]
            try:
                with session.transaction() as connection:
                    done = replay(connection, server, [letter for letter, _ in part])
            except RedisError as error:
                raise TgAssetsError(
                    f"Redis did not take the letters ({type(error).__name__}). Is it running (`tg-assets up`), and "
                    f"does TG_REDIS_URL point at it? {sent.total():,} were replayed; the others are as they were."
                ) from None
            sent.update(done)
    return sent


def unsent(connection: "Connection") -> dict[UUID, str]:
    from sqlalchemy import text

    rows = connection.execute(
        text("SELECT id, source FROM dead_letters WHERE replayed_at IS NULL ORDER BY created_at, source, entry")
    )
    return {row.id: row.source for row in rows}
