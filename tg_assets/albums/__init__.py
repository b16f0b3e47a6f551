"""Albums as one unit: put together of their items, and summed up.

``assemble`` orders items and finds kind, caption and cover; ``summary`` joins what is known of their pictures,
``written`` lets a model say it; ``progress`` is what people watch, ``sheet`` a contact sheet. What does not belong
here: rows of the database (``tg_assets.assets.media_groups``, ``album_summaries``), finding albums in an export
(``telegram.rebuild``).
"""
