"""Worker processes that read files of strangers, pictures and recordings, bounded in time and memory.

``pool`` starts and watches a worker, ``worker`` is its main loop, ``provider`` is what all providers share: who they
are and how they refuse. What does not belong here: what is read in a file (``tg_assets.vision``, ``tg_assets.speech``).
"""
