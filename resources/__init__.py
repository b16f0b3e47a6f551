"""Clients of the outside world as Dagster resources: one module per server or provider.

Each resource holds configuration only; connections are made inside methods, and heavy client libraries are
imported there, because every run pays for what is imported at load time.
"""
