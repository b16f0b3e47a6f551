"""Pictures described: kind, words in them, labels, colours, fingerprints.

``provider`` is the seam, ``local`` looks on this machine in worker processes (``worker_tasks``, ``reading``,
``objects``), ``remote`` asks a model elsewhere; ``contents`` decides what must be looked at, ``policy`` what may be,
``similar`` what was seen before; ``result`` is the answer. What does not belong here: rows
(``tg_assets.assets.vision_summaries``).
"""
