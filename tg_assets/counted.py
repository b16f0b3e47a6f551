"""A number with the English words that go with it. What does not belong here: the page's words, in two languages."""


def counted(number: int, one: str, several: str = "") -> str:
    """``1 chat``, ``2,000 chats``: with ``one`` of it, else with ``several``, by default the same with an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
