"""Clients of the servers that hold everything, a module each, which know tenants and no Dagster.

``database`` is PostgreSQL, ``objects`` bytes by key, ``vectors`` Qdrant, ``graph`` Bolt, ``redis`` the carrier of live
traffic; each gives a tenant's view of its server, and none without a tenant. The resources are these by configuration.
``growth`` keeps PostgreSQL's planner informed.
"""
