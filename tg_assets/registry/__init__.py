"""Which tenants, feeds and chats there are.

``tenants`` reads and writes Dagster's list of feeds, ``channels`` the registry of chats in the database: ids, names,
owners. What does not belong here: messages.
"""
