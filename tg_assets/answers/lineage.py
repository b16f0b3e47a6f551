"""From what, by whom and when derived things were made: the ledger's row of each, and the model that a result names.

What does not belong here: the things themselves, and messages as received (``message``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.stores.prepared import prepared

# Stages whose items are messages, albums or units of conversations. Named, because the ledger's key begins with the
# stage.
STAGES = (
    "posts", "media_objects", "vision_summaries", "vision_summaries.looks", "transcripts", "tags", "qdrant_points",
    "neo4j_nodes", "media_groups", "album_summaries", "qdrant_points.albums", "neo4j_nodes.albums",
    "qdrant_points.conversations", "qdrant_points.clip",
)  # fmt: skip
# What a stage leaves in post_enrichment.
KINDS = {"vision_summaries": "vision", "transcripts": "speech", "tags": "tags"}


@dataclass(frozen=True, slots=True)
class Made:
    """One derived thing: which stage made it, of which version, in which run, and how that went.

    ``run_id`` is Dagster's; ``version`` that of the code or model; ``input_hash`` tells whether it is of what there is
    now. ``provider`` and ``model`` are those of results of models.
    """

    stage: str
    version: str
    status: str
    """ok, skipped, waiting or error; ``reason`` says why not ok."""
    reason: str | None
    run_id: str | None
    made_at: datetime
    input_hash: str
    provider: str | None
    model: str | None


_MADE = """
    SELECT d.item_id, d.stage, d.version, d.status, d.reason, d.run_id, d.made_at, d.input_hash, e.provider,
           CASE d.stage WHEN 'tags' THEN e.data->>'tags_version' ELSE e.data->>'model' END AS model
    FROM unnest(CAST(:stages AS text[]), CAST(:kinds AS text[])) WITH ORDINALITY AS s (stage, kind, place)
    JOIN derivations d ON d.stage = s.stage AND d.item_id = ANY(CAST(:ids AS uuid[]))
    LEFT JOIN post_enrichment e ON e.post_id = d.item_id AND e.kind = s.kind
    ORDER BY s.place
"""


def lineage(connection: Connection, shown: Collection[UUID]) -> Mapping[UUID, tuple[Made, ...]]:
    """What was made of each message or album, in the order of stages. ``shown`` are ids that the archive shows."""
    if not shown:
        return {}
    values = {
        "ids": [str(one) for one in shown], "stages": list(STAGES), "kinds": [KINDS.get(stage) for stage in STAGES],
    }  # fmt: skip
    found: dict[UUID, list[Made]] = {}
    for row in connection.execute(prepared(_MADE), values).tuples():
        item, *rest = row
        found.setdefault(item, []).append(Made(*rest))
    return {item: tuple(made) for item, made in found.items()}
