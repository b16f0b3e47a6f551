"""Collection and payload index definitions of Qdrant's REST interface as the engine's configuration."""

from __future__ import annotations  # some of the engine's classes are in its stubs only

from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import unsupported, wrong_input
from tg_assets.backends.qdrant_server.filters import Json

# In KB of vectors in a segment: never reached, because building a graph stops the whole server (see the package).
NO_GRAPH = 1_000_000_000
DISTANCES = {
    "Cosine": engine.Distance.Cosine,
    "Euclid": engine.Distance.Euclid,
    "Dot": engine.Distance.Dot,
    "Manhattan": engine.Distance.Manhattan,
}
INDEXES: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "keyword": (engine.PayloadSchemaType.Keyword, engine.KeywordIndexParams, ("is_tenant",)),
    "integer": (engine.PayloadSchemaType.Integer, engine.IntegerIndexParams, ("lookup", "range", "is_principal")),
    "float": (engine.PayloadSchemaType.Float, engine.FloatIndexParams, ("is_principal",)),
    "bool": (engine.PayloadSchemaType.Bool, engine.BoolIndexParams, ()),
    "datetime": (engine.PayloadSchemaType.Datetime, engine.DatetimeIndexParams, ("is_principal",)),
    "uuid": (engine.PayloadSchemaType.Uuid, engine.UuidIndexParams, ("is_tenant",)),
    "text": (
        engine.PayloadSchemaType.Text,
        engine.TextIndexParams,
        ("tokenizer", "min_token_len", "max_token_len", "lowercase", "phrase_matching"),
    ),
}
TOKENIZERS = {
    "prefix": engine.TokenizerType.Prefix,
    "whitespace": engine.TokenizerType.Whitespace,
    "word": engine.TokenizerType.Word,
    "multilingual": engine.TokenizerType.Multilingual,
}


SMALL, SMALL_BEFORE = 4, 8
"""Bits for each number of the small copies that are kept of dense vectors, and what they were in older collections."""
_SIZES = {4: engine.TurboQuantBitSize.Bits4, 8: engine.TurboQuantBitSize.Bits8}


def to_config(body: Json, bits: int | None) -> engine.EdgeConfig:
    """The body of ``PUT /collections/{name}``, with so many bits for a number of the small copies, None without any."""
    dense = body.get("vectors") or {}
    named = {"": dense} if "size" in dense else dense
    return engine.EdgeConfig(
        vectors={name: _dense(item, bits) for name, item in named.items()},
        sparse_vectors={name: _sparse(item or {}) for name, item in (body.get("sparse_vectors") or {}).items()},
        optimizers=engine.EdgeOptimizersConfig(indexing_threshold=NO_GRAPH),
    )


def index_schema(schema: Any) -> Json:
    """A payload index definition in its long form: ``{"type": …, …}``."""
    body = {"type": schema} if isinstance(schema, str) else dict(schema or {})
    if str(body.get("type")) not in INDEXES:
        raise unsupported(f"a payload index of type {body.get('type')!r}")
    return body


def to_index(schema: Json) -> Any:
    """The engine's parameters of a payload index; placement on disk is left to the engine."""
    _, parameters, names = INDEXES[schema["type"]]
    chosen = {name: schema[name] for name in names if schema.get(name) is not None}
    if "tokenizer" in chosen:
        chosen["tokenizer"] = TOKENIZERS[chosen["tokenizer"]]
    return parameters(**chosen)


def collection_info(body: Json, indexes: dict[str, Json], info: engine.ShardInfo) -> Json:
    """The reply of ``GET /collections/{name}``."""
    counts = {name: item.points for name, item in info.payload_schema.items()}
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": info.points_count,
        "indexed_vectors_count": info.indexed_vectors_count,
        "segments_count": info.segments_count,
        "config": {
            "params": {
                "vectors": body.get("vectors") or {},
                "sparse_vectors": body.get("sparse_vectors"),
                "shard_number": 1,
                "replication_factor": 1,
                "write_consistency_factor": 1,
                "on_disk_payload": True,
            },
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0},
            "optimizer_config": {
                "deleted_threshold": 0.2,
                "vacuum_min_vector_number": 1000,
                "default_segment_number": 0,
                "indexing_threshold": NO_GRAPH,
                "flush_interval_sec": 5,
            },
            "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        },
        "payload_schema": {
            name: {"data_type": schema["type"], "params": schema, "points": counts.get(name, 0)}
            for name, schema in indexes.items()
        },
    }


def _dense(body: Json, bits: int | None) -> engine.EdgeVectorParams:
    if str(body.get("distance")) not in DISTANCES:
        raise wrong_input(f"unknown distance {body.get('distance')!r}")
    if body.get("multivector_config") is not None:
        raise unsupported("multivector_config")
    return engine.EdgeVectorParams(
        size=body["size"],
        distance=DISTANCES[body["distance"]],
        # Four bits of 32: what is compared with all vectors is an eighth of them, and the time it takes is memory's.
        quantization_config=engine.TurboQuantQuantizationConfig(bits=_SIZES[bits], always_ram=True) if bits else None,
    )


def _sparse(body: Json) -> engine.EdgeSparseVectorParams:
    return engine.EdgeSparseVectorParams(modifier=engine.Modifier.Idf if body.get("modifier") == "idf" else None)
