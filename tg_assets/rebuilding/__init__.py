"""Making vectors and graph again from PostgreSQL and the object store, while what is there answers.

``versions`` builds an index beside the one that answers and switches to it, ``in_place`` makes one tenant's points or
nodes again where they are. What does not belong here: what a stage makes, finding out what differs
(``tg_assets.verifying``), Dagster.
"""
