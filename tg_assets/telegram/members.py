"""What the authors in a private chat say of it: whose account it is from, and what it is where its file does not say.

An export of one chat does not name the account that made it. Of a conversation with one person the other author is that
account; of anything else a person has to say. A chat of a type that nobody knows is the account's direct messages only
if nobody but the two wrote, and else a group of its own; it is never shared. Desktop calls the direct messages with a
channel (Telegram's "monoforum") a personal chat: its id is a channel's, and the channel writes in it; to an
administrator of the channel it is a supergroup, and nothing in the file tells that it is another kind. What does not
belong here: reading files.
"""

from dataclasses import dataclass, field, replace

from tg_assets.errors import TgAssetsError
from tg_assets.ids import PER_ACCOUNT, marked_channel_id
from tg_assets.telegram.exported_chat import CONVERSATIONS, ExportedChat
from tg_assets.telegram.fields import Peer

# Of a conversation with one person there are two; three tell all there is to be told.
_ENOUGH = 3


@dataclass(slots=True)
class Members:
    """The authors of a chat, as far as they matter."""

    chat: ExportedChat
    people: set[int] = field(default_factory=set)
    others: bool = False
    """Whether a channel or a group wrote, too."""

    def saw(self, author: Peer | None) -> None:
        """Take in who wrote a message."""
        if author is None:
            return
        if author.type != "user":
            self.others = True
        elif len(self.people) < _ENOUGH:
            self.people.add(author.id)

    def owner(self, named: int | None = None) -> int | None:
        """The account of the chat, which a person may have ``named``; None when nobody tells, 0 when it is shared.

        Raises TgAssetsError when the file tells another one: that account's messages would be somebody else's.
        """
        if self.chat.source not in PER_ACCOUNT:
            return 0
        found = self.people - {self.chat.id}
        inferred = next(iter(found)) if self.chat.type in CONVERSATIONS and len(found) == 1 else None
        told = self.chat.owner_id or inferred
        if named and told and named != told:
            raise TgAssetsError(
                "The export was made by another account than --owner names. Leave --owner out, or name the account "
                "that made it."
            )
        return named or told

    def chat_of(self, owner: int) -> ExportedChat:
        """The chat as what it is, of the account ``owner``."""
        chat = self.chat
        if chat.type == "personal_chat" and self.others:
            return replace(chat, source="persona", tg_channel_id=marked_channel_id(chat.id))
        both = not self.others and chat.id in self.people and self.people <= {chat.id, owner}
        if not chat.is_known and both and chat.tg_channel_id == -chat.id:
            return replace(chat, source="dm")
        return chat
