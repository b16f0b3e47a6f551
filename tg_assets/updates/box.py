"""Telethon's message box, corrected: followed channels only, all of a difference, and no silent skips.

A box knows how far updates were taken in (https://core.telegram.org/api/updates): a ``pts`` for the account's
private chats and small groups, one for every channel. When too much was missed, Telegram answers that the
difference is too long, and Telethon goes on after the gap without a word. Here the gap is told. What does not belong
here: asking Telegram, making events.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from telethon._updates import ChannelState, MessageBox, SessionState
from telethon._updates.messagebox import ENTRY_ACCOUNT, PtsInfo, epoch
from telethon.tl.types import UpdateChannelTooLong, UpdateNewChannelMessage, UpdateNewMessage
from telethon.tl.types.updates import ChannelDifferenceTooLong, DifferenceTooLong

from tg_assets.telegram.telethon_raw import peers_of
from tg_assets.updates.state import UpdateState

# Users and chats that are remembered, for updates that come without those they mention.
REMEMBERED = 5_000
# Date of what we put among the updates ourselves, and of a difference's.
OURS = epoch()
NEW = (UpdateNewMessage, UpdateNewChannelMessage)


class Box(MessageBox):  # type: ignore[misc]  # Telethon has no types
    """The box of one account. Channels are named by their bare ids; None is the account itself."""

    def __init__(self, log: Any) -> None:
        super().__init__(log)
        self.followed: frozenset[int] = frozenset()
        self.peers: OrderedDict[int, Any] = OrderedDict()
        """Those mentioned of late by marked id, as Telegram described them last."""
        self.skipped: Callable[[int | None], None] = lambda _: None
        """Told whose updates were skipped, before any later one is taken in."""
        self.failed: set[int | None] = set()
        """Whose missed updates Telegram did not give."""
        self.closed: set[int] = set()
        """Channels that the account does not read any more."""
        self.heard_at: datetime | None = None

    def pts(self, channel: int | None = None) -> int:
        """How far the updates of a channel, or of the account, were taken in; 0 when that is not known."""
        state = self.map.get(ENTRY_ACCOUNT if channel is None else channel)
        return int(state.pts) if state else 0

    def restore(self, state: UpdateState) -> None:
        """Go on from a state that was saved; ``seq`` is the session's own and stays."""
        session = SessionState(0, 0, False, state.pts, state.qts, state.date, self.seq, None)
        self.load(session, [ChannelState(channel, pts) for channel, pts in state.channels.items() if pts])

    def state(self) -> UpdateState:
        """How far everything was taken in."""
        account, channels = self.session_state()
        followed = {one: pts for one, pts in channels.items() if one in self.followed}
        date = int(account["date"].timestamp())
        return UpdateState(pts=account["pts"], qts=account["qts"], date=date, channels=followed)

    def remember(self, peers: Mapping[int, Any]) -> None:
        """Remember users and chats, by marked id, as they are described now."""
        for marked, entity in peers.items():
            self.peers[marked] = entity
            self.peers.move_to_end(marked)
        while len(self.peers) > REMEMBERED:
            self.peers.popitem(last=False)

    def process_updates(self, updates: Any, chat_hashes: Any, result: Any) -> Any:
        """Take in what Telegram pushes."""
        if getattr(updates, "date", None) not in (None, OURS):
            self.heard_at = datetime.now(UTC)
        self.remember(peers_of(getattr(updates, "users", None) or (), getattr(updates, "chats", None) or ()))
        found = super().process_updates(updates, chat_hashes, result)
        if not self.possible_gaps:  # also when everything in it was left out
            self.seq: int = max(self.seq, getattr(updates, "seq", None) or 0)
        return found

    def apply_pts_info(self, update: Any, *, reset_deadlines: Any) -> Any:
        """Leave out channels that are not followed, so that nothing is asked about them."""
        found = PtsInfo.from_update(update)
        channel = update.channel_id if isinstance(update, UpdateChannelTooLong) else found.entry if found else None
        if isinstance(channel, int) and channel not in self.followed:
            return None
        return super().apply_pts_info(update, reset_deadlines=reset_deadlines)

    def apply_difference(self, diff: Any, chat_hashes: Any) -> Any:
        """Take in what the account missed."""
        self.failed.discard(None)
        if isinstance(diff, DifferenceTooLong):
            self.skipped(None)
        return self._whole(diff, super().apply_difference(diff, chat_hashes), ENTRY_ACCOUNT)

    def apply_channel_difference(self, request: Any, diff: Any, chat_hashes: Any) -> Any:
        """Take in what a channel's followers missed."""
        channel = request.channel.channel_id
        self.failed.discard(channel)
        if isinstance(diff, ChannelDifferenceTooLong):
            self.skipped(channel)
        return self._whole(diff, super().apply_channel_difference(request, diff, chat_hashes), channel)

    def _whole(self, diff: Any, taken: Any, entry: Any) -> Any:
        """Updates of a difference, new messages first.

        Telethon moves to the difference's end and only then looks at its edits and deletions, which by then seem to
        be known, and leaves them out (client 1.45).
        """
        updates, users, chats = taken
        there = {id(update) for update in updates}
        left = [
            update
            for update in getattr(diff, "other_updates", ())
            if id(update) not in there and (found := PtsInfo.from_update(update)) and found.entry == entry
        ]
        if updates or left:
            self.heard_at = datetime.now(UTC)
        new = [update for update in updates if isinstance(update, NEW)]
        return [*new, *(update for update in updates if not isinstance(update, NEW)), *left], users, chats

    def end_difference(self) -> None:
        """Telegram did not say what the account missed."""
        self.failed.add(None)
        super().end_difference()

    def end_channel_difference(self, request: Any, reason: Any, chat_hashes: Any) -> None:
        """Telegram did not say what a channel's followers missed, or never will."""
        channel = request.channel.channel_id
        super().end_channel_difference(request, reason, chat_hashes)
        (self.failed if channel in self.map else self.closed).add(channel)
