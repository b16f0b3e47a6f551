"""Live traffic: entries of Redis streams into the database, and derived things kept up with them.

``tail`` takes what ``reader`` and ``delivery`` read, batch by batch (``batch``, ``process``, ``apply``); what cannot be
used is kept (``dead_letters``). ``refresh`` runs the stages over dirty partitions; ``producer`` and ``pacing`` are the
other end, for files of events. What does not belong here: Dagster (``tg_assets.runs``), what an event is
(``tg_assets.events``), stages.
"""
