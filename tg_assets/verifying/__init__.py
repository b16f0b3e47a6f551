"""What the stores hold compared with what the database says they should, partition by partition, and mending it.

``stretches`` divides a tenant's history, ``findings`` is what is found, ``ledger`` judges the items of a stage,
``keeper`` is what a store has to answer, ``points`` and ``nodes`` are those of the vector index and of the graph,
``shared`` nodes of several posts, ``objects`` compares files and ``requeue`` asks for lost ones, ``verify`` goes
through a tenant. What does not belong here: how anything is made (stages), Dagster.
"""
