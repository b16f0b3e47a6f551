"""Asset ``qdrant_points``: a point per post, album and conversation, with three vectors and the contract's payload.

Here is when points are made, for which version of the index, and which kinds there are. What does not belong here: what
a point is made of (``post_points``, ``conversation_points``, ``clip_points``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.assets import clip_points, conversation_points, post_points, store_checks
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.tools import Tools
from tg_assets.embedder import Embedder
from tg_assets.ledger import replaced, switching
from tg_assets.ledger.stage import Chunk, Outcome, Stage, StageOf
from tg_assets.ledger.status import failed
from tg_assets.stores.collections import fingerprint_of
from tg_assets.stores.picture_vectors import collections
from tg_assets.stores.vectors import TenantIndex, VectorIndex, without_missing
from tg_assets.workers import Workers


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what has points, as their payload calls it: its stage's name, which items there are, how they become
    points.

    ``documents`` gives rows of ``chunk`` with what the index has of them, and why others have no point; ``points``
    makes points of those, a part at a time. ``after`` is called when points are written where people look.
    """

    kind: str
    stage: str
    version: str
    inputs: str
    documents: Callable[[Connection, Workers], tuple[list[tuple[Any, Any]], dict[UUID, str]]]
    points: Callable[[Sequence[tuple[Any, Any]], Embedder], Iterator[list[dict[str, Any]]]]
    after: Callable[[Chunk, Outcome, Sequence[tuple[Any, Any]], Sequence[UUID], Embedder], None]
    chunk_size: int = 2000
    unmade: Callable[[Connection, Mapping[UUID, str]], None] | None = None


# Whoever adds what has points adds its line; a rebuild and ``verify`` know them by this list. Conversations are last:
# they use the vectors of their lines.
KINDS = (
    Kind(
        "post",
        post_points.POSTS,
        post_points.VERSION,
        post_points.POST_INPUTS,
        partial(post_points.documents, post_points.POST_ROWS),
        post_points.points,
        post_points.count_and_tell,
        unmade=partial(failed, column="embedding_status"),
    ),
    Kind(
        "album",
        post_points.ALBUMS,
        post_points.VERSION,
        post_points.ALBUM_INPUTS,
        partial(post_points.documents, post_points.ALBUM_ROWS),
        post_points.points,
        post_points.count,
    ),
    Kind(
        "conversation",
        conversation_points.NAME,
        conversation_points.VERSION,
        conversation_points.INPUTS,
        conversation_points.documents,
        conversation_points.points,
        conversation_points.after,
        chunk_size=500,
    ),
)


@dataclass(frozen=True, slots=True)
class Into:
    """A version of the index that is being built: its collection, and who makes its vectors."""

    collection: str
    embedder: Embedder


def version(kind: Kind, embedder: Embedder, into: Into | None = None) -> str:
    """The version of a kind's stage that writes to the index, or to one that is being built."""
    return f"{kind.version}/{embedder.model_id}" + (f" in {into.collection}" if into else "")


def stage(kind: Kind, tools: Tools, tenant: UUID, into: Into | None = None) -> Stage:
    """A stage that turns selected rows into points of the index, or of one that is being built, of which nobody is
    told."""
    qdrant = tools.vectors

    def work(chunk: Chunk) -> Outcome:
        outcome = Outcome()
        if into is not None:
            switching.take_turn(chunk.connection, qdrant.alias)
        kept, outcome.skipped = kind.documents(chunk.connection, tools.workers)
        chats: list[UUID] = []
        if into is None:
            switching.hold(chunk.connection, qdrant.alias)
        with qdrant.tenant(tenant, into.collection if into else None) as index:
            embedder = into.embedder if into else tools.indexed_by(tenant, index.collection())
            if into is None:
                chats = [row.id for row in replaced.take(chunk.connection, "qdrant")]
                index.delete_chats(chats)
                _leave_others(chunk, kind, qdrant, index, chats, outcome.skipped)
            index.delete(list(outcome.skipped))
            outcome.counts["points"] = index.upsert_while(kind.points(kept, embedder))
        if into is None:  # words are the texts', whichever collection has them
            kind.after(chunk, outcome, kept, chats, embedder)
        return outcome

    made = version(kind, into.embedder if into else tools.indexer(tenant), into)
    if into is not None:
        return Stage(kind.stage + switching.REBUILT, made, kind.inputs, work, chunk_size=kind.chunk_size)
    return Stage(kind.stage, made, kind.inputs, work, chunk_size=kind.chunk_size, unmade=kind.unmade)


def _leave_others(
    chunk: Chunk,
    kind: Kind,
    qdrant: VectorIndex,
    index: TenantIndex,
    chats: Sequence[UUID],
    skipped: Mapping[UUID, str],
) -> None:
    """Take what chats, deleted messages and items as they were have in collections that do not answer.

    These are pictures by models, and versions whose rebuild goes on, or was interrupted; it makes the items again.
    """
    changed = set(chunk.connection.execute(text("SELECT item_id FROM chunk WHERE reason = 'changed'")).scalars())
    changed |= skipped.keys()
    if not (chats or changed):
        return
    names = index.names()
    deleted = [one for one, why in skipped.items() if why == post_points.DELETED]
    versions = [one for one in names if one != index.name and fingerprint_of(qdrant.alias, one)]
    if versions:
        switching.take_turn(chunk.connection, qdrant.alias)
        switching.make_again(chunk.connection, kind.stage, changed)
    leaving = dict.fromkeys(collections(qdrant, names), deleted) | {name: [*changed] for name in versions}
    for name, items in leaving.items():
        with qdrant.tenant(UUID(index.tenant), name) as other, without_missing():
            other.delete_chats(chats)
            other.delete(items)


def stages(tools: Tools) -> tuple[StageOf, ...]:
    """A stage for each kind; conversations after posts, whose vectors they use; then pictures by one's own model."""

    def of(kind: Kind) -> StageOf:
        return lambda scope: stage(kind, tools, scope.tenant)

    return (*map(of, KINDS), *clip_points.of(tools))


ASSET = Asset(
    name="qdrant_points",
    description="Points of posts, albums and conversations: dense vectors, lemmas, 3-grams, searchable by tenant.",
    group="stores",
    kinds=frozenset({"qdrant"}),
    deps=("posts", "tags", "media_groups", "vision_summaries", "transcripts", "album_summaries", "conversations"),
    needs=("qdrant", "embedder", "objects"),
    pool="index",
    prepare=lambda tools: tools.vectors.create_collection(tools.embedder),
    stages=stages,
    ledger=(*(kind.stage for kind in KINDS), clip_points.NAME),
    live=Live(),
    checks=(store_checks.points("qdrant_points", tuple(kind.stage for kind in KINDS)),),
)
