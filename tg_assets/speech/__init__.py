"""Voices as text: recordings decoded and heard in a worker process, by Whisper where the extra is installed.

``provider`` is the seam, ``local`` the shipped provider, ``models`` finds its model, ``decode`` and ``containers`` read
files of strangers, ``doubt`` leaves out what nobody said, ``result`` is a transcript. What does not belong here: rows
and the object store (``tg_assets.assets.transcripts``).
"""
