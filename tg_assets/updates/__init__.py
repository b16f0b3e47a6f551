"""The listener: what happens in the chats that accounts read, as events in the streams, while it happens.

``box`` and ``client`` take updates from Telethon, ``updates`` makes events of them, ``publisher`` sends these;
``asking`` and its helpers ask Telegram for what did not come by itself; ``account`` is one account's listening and
``listener`` the process. What does not belong here: reading the streams (``tg_assets.live``), whole histories
(``tg_assets.history``).
"""
