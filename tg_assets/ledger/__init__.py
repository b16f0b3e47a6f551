"""What all assets share: which items are stale, what was done with each, what waits, what leaves, what is deleted.

``stage`` is what a stage is and ``engine`` runs one, chunk by chunk; ``dirty`` are the partitions that wait and
``round`` the order they are made in; ``outbox`` are events that leave, ``enrichment`` and ``status`` are rows of
several stages; ``deletion`` takes away what was made of a message, ``replaced`` and ``moved`` what was made under ids
that are no more. What does not belong here: any particular stage, Dagster.
"""
