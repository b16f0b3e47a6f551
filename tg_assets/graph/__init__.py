"""The graph as text: statements, constraints, questions, and the rows that are bound to them.

``statements`` and ``persona`` write, by ``leaving`` things go, ``rows`` are made of posts, ``schema`` has constraints,
``questions`` are those that people ask. Every statement binds ``$tenant``. What does not belong here: a driver
(``tg_assets.stores.graph``), choosing what is written (``tg_assets.assets.neo4j_nodes``).
"""
