"""Saved questions: what somebody wants to be told about as soon as there is something new.

``questions`` keeps them, ``looking`` finds what is new to them, ``matches`` shows it as it may be seen at that moment,
``telling`` tells receivers elsewhere and ``atom`` readers of feeds. What does not belong here: HTTP, commands, Dagster,
searching itself (``tg_assets.answers``).
"""
