"""Asset ``conversations``: units of groups, topics and direct messages: windows of time and threads of replies.

What they are is in ``tg_assets.conversations``. The ledger knows a unit by its first message, and a unit is stale when
one of its messages was edited, deleted, described, heard or has come late. Their points are part of ``qdrant_points``.
"""

from collections import Counter

from tg_assets.assets.asset import Asset, Live
from tg_assets.conversations import rows, threads, windows
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.registry.channels import channels_of

_KINDS = {"window": ("conversations", windows), "thread": ("conversations.threads", threads)}
"""Of each kind its stage and where its rule is."""


def stage(kind: str) -> Stage:
    """The stage of one kind of units."""
    name, rule = _KINDS[kind]
    inputs = rows.due(rule.UNITS, rule.STORED)

    def work(chunk: Chunk) -> Outcome:
        connection = chunk.connection
        units = rows.found(connection, rule.OF_CHUNK, channels_of(connection, chunk.scope))
        retired = rows.save(connection, kind, units)
        messages = sum(len(unit.posts) for unit in units)
        return Outcome(counts=Counter({f"{kind}s": len(units), "messages": messages, "retired": retired}))

    return Stage(name, "1", inputs, work, chunk_size=2000)


ASSET = Asset(
    name="conversations",
    description="Units of chats: reply threads and windows of time, so that a short line is found in its context.",
    group="enrichment",
    kinds=frozenset({"python", "postgres"}),
    deps=("posts", "vision_summaries", "transcripts"),
    stages=lambda _tools: tuple(map(stage, _KINDS)),
    ledger=tuple(name for name, _ in _KINDS.values()),
    live=Live(),
)
