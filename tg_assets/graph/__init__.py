"""The graph as text: statements, constraints, questions, and the rows that are bound to them.

``statements`` write, ``rows`` are made of posts, ``schema`` holds constraints, ``queries`` are questions for people.
Every statement binds ``$tenant``. What does not belong here: a driver (``tg_assets.stores.graph``), choosing what is
written (``tg_assets.assets.neo4j_nodes``).
"""
