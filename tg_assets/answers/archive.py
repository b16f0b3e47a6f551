"""What is asked and on whose behalf: a tenant, the accounts whose private chats may be seen, and a list of feeds."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from tg_assets.answers.picture_leg import PictureLeg
from tg_assets.embedder import Embedder
from tg_assets.stores.database import Database
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import VectorIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One tenant's archive as it is opened for somebody; the stores are reached when they are first asked.

    ``owners`` are accounts whose private chats may be seen besides what the tenant shares; ``feeds`` limits
    everything to those feeds, None does not. ``embedder`` gives the model that understands questions; ``pictures`` asks
    one's own about pictures, where there is one.
    """

    tenant: UUID
    owners: tuple[int, ...] = ()
    feeds: tuple[str, ...] | None = None
    postgres: Database
    vectors: VectorIndex
    graph: GraphStore
    objects: ObjectStore
    embedder: Callable[[], Embedder]
    pictures: PictureLeg | None = None
