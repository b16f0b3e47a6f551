"""What changes without an edit, as an export shows it that was made after a better source had looked.

Of a message that is known from Telegram itself the export adds what it saw later: reactions and the votes of a poll.
What does not belong here: deciding who looked later (``tg_assets.landing.rows``).
"""

from typing import Any

from tg_assets.telegram.desktop_post import PostRow, read_reactions
from tg_assets.telegram.desktop_text import read_poll


def looked_at_later(post: PostRow, raw: dict[str, Any]) -> PostRow:
    """The row with what ``raw`` shows, those parts of an exported message; a reaction that is gone is gone."""
    reactions = read_reactions(raw.get("reactions"))
    poll = {**post["poll"], **(read_poll(raw)[0] or {})} if post["poll"] and "poll" in raw else post["poll"]
    count = sum(reaction["count"] for reaction in reactions)
    return {**post, "reactions": reactions, "reactions_count": count, "poll": poll}
