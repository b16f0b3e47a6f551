"""What an account is limited to: a list of chats, kept with the account, that it reads and no other.

Chats are named by marked id (users positive, small groups ``-id``, channels and supergroups ``-100…``) or by
``@username``. What does not belong here: chats that nobody ever reads (``tg_assets.telegram.off_limits``).
"""

import re
from collections.abc import Collection, Iterable

from tg_assets.errors import TgAssetsError

# Whether account ``a`` may read channel ``c``: the same question as ``may_read``.
MAY_READ = """
    (a.only_chats IS NULL OR '@' || lower(c.username) = ANY(a.only_chats)
     OR CAST(c.peer_id AS text) = ANY(a.only_chats))
"""


def may_read(only: Collection[str] | None, marked: int, username: str | None) -> bool:
    """Whether a chat is on the list; without a list every chat is."""
    return only is None or str(marked) in only or f"@{(username or '').lower()}" in only


def chat_names(names: Iterable[str]) -> list[str]:
    """Names of chats as they are kept, each once; raises TgAssetsError for what names none."""
    found = []
    for name in names:
        if re.fullmatch(r"-?[1-9][0-9]{0,17}", name):
            found.append(name)
        elif re.fullmatch(r"@?[A-Za-z]\w{1,63}", name):
            found.append(f"@{name.removeprefix('@').lower()}")
        else:
            raise TgAssetsError(
                f"{name!r} names no chat. Write its id or @username as `tg-assets accounts chats` lists them."
            )
    return list(dict.fromkeys(found))
