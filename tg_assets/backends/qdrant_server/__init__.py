"""The embedded vector server: an HTTP server that owns ``qdrant-edge-py`` shards, one per collection.

It speaks the part of Qdrant's REST interface that ``QdrantClient(url=…)`` uses for collections, payload indexes,
points, queries with prefetch, fusion, examples and groups, scroll, count and facet. Anything else (multivectors, score
formulas, changes to single vectors, …) is refused by its name.
Run as ``python -m tg_assets.backends.qdrant_server``. No other part of tg-assets imports it.

Facts about the engine (0.9.0) that shaped it: a query holds Python's GIL and an update releases it;
``optimize()`` holds it for as long as it works (22 s for 20,000 points when it builds HNSW graphs, 1.5 s for
30,000 when it only vacuums), so no graph is built here: dense search looks at all vectors, by copies of half a byte a
number of which the nearest are compared once more by the vectors themselves. That misses none of the hundred nearest
among 40,000 real messages, in a quarter of the time, and is still fast at a million points. Older collections have
copies of a byte a number or none, and keep to that until the index is rebuilt.
"""
