"""What Telegram's own forms say: exports of Telegram Desktop, Telethon's messages, texts, entities, media, peers.

``archive`` opens an export (folder, zip, gz), ``desktop`` reads it a message at a time whatever its size, ``json_*``
are how; ``desktop_*`` parse a message, ``telethon_*`` read what Telethon gives, ``words`` and ``structure`` find the
words of everything that has some. Functions of their input alone: no database, no network. What does not belong here:
events (``tg_assets.events``), landing (``tg_assets.importing``).
"""
