"""Files that messages lack: which they are, fetching them from Telegram, and recording what became of each.

What was fetched waits in a partial file until its message is recorded, so a run that is killed asks for nothing
twice. What does not belong here: Dagster, turning recorded media into rows (``tg_assets.assets.media_objects``).
"""
