"""Redis, the carrier of live traffic: a client by URL. What travels on it is ``tg_assets.events``' business."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis as Client

# redis-py gives up on an answer after 5 s by default, which a blocking read may well take.
SOCKET_SECONDS = 30.0


@lru_cache(maxsize=4)
def client(url: str) -> "Client":
    """A client with a pool of connections; it connects when first used."""
    from redis import Redis as Client
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry

    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), 3)
    return Client.from_url(
        url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=2.0, retry=retry, health_check_interval=15
    )
