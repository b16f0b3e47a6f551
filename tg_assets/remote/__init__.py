"""Models that somebody else runs: how they are chosen, asked, paid for and guarded.

``config`` says which model a tenant's pictures, tags and albums go to, ``chat`` is the seam with one
implementation per wire (``openai``, ``gigachat``), ``guard`` is everything between a stage and the wire, ``asking``
turns replies into values. What does not belong here: prompts and what becomes of an answer. Clients are imported
when a model is connected, never with this package.
"""
