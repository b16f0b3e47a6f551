"""The embedded vector server: an HTTP server that owns ``qdrant-edge-py`` shards, one per collection.

It speaks the part of Qdrant's REST interface that ``QdrantClient(url=…)`` uses for collections, payload indexes,
points, queries with prefetch, fusion, examples and groups, scroll, count and facet. Anything else (multivectors, score
formulas, changes to single vectors, …) is refused by its name.
Run as ``python -m tg_assets.backends.qdrant_server``. No other part of tg-assets imports it.

Facts about the engine (0.9.0) that shaped it: a query holds Python's GIL and an update releases it;
``optimize()`` holds it for as long as it works (22 s for 20,000 points when it builds HNSW graphs, 1.5 s for
30,000 when it only vacuums), so no graph is built here: dense search is exact, and at 100,000 points still fast.
"""
