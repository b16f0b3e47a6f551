"""By what an author of a message is found: the name as it is shown, the public name, the number at Telegram.

Names are compared whole, whatever their case. What does not belong here: how much a name counts in a ranking.
"""

from tg_assets.tagging.cleaning import clean


def author_keys(name: str | None, username: str | None, telegram_id: int | None) -> list[str]:
    """Keys of an author, of those that are known; the same order always."""
    keys = [_key(name or ""), f"@{_key(username)}" if username else "", str(telegram_id or "")]
    return list(dict.fromkeys(filter(None, keys)))


def asked_author(given: str) -> str:
    """The key that a person means: ``Катя Новак``, ``@katya``, ``510001007``."""
    return _key(given)


def _key(name: str) -> str:
    return clean(name).casefold()
