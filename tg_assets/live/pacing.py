"""Many events through a producer, at a rate, and what went where.

What does not belong here: showing it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from tg_assets.events.envelope import Envelope
from tg_assets.events.streams import stream_for
from tg_assets.live.producer import BATCH, Producer

# Paced traffic leaves in this many portions a second, so that it does not come in lumps.
PORTIONS = 10


@dataclass(slots=True)
class Sent:
    """What went into one stream."""

    count: int = 0
    first: str = ""
    last: str = ""


@dataclass(slots=True)
class Sending:
    """Passes events on to a producer that waits; ``rate`` is events per second, 0 as fast as possible."""

    producer: Producer
    shards: int
    rate: float
    streams: dict[str, Sent] = field(default_factory=dict)

    def run(self, events: Iterable[Envelope | None], progress: Callable[[int], None]) -> None:
        """Send all; None stands for something that is not sent. ``progress`` is told the length of each portion."""
        size = max(1, min(BATCH, int(self.rate / PORTIONS))) if self.rate else BATCH
        started, total, rest = time.monotonic(), 0, iter(events)
        while portion := list(islice(rest, size)):
            chosen = [event for event in portion if event is not None]
            for event, entry_id in zip(chosen, self.producer.send_many(chosen), strict=True):
                sent = self.streams.setdefault(stream_for(event, self.shards), Sent())
                sent.count, sent.first, sent.last = sent.count + 1, sent.first or str(entry_id), str(entry_id)
            total += len(chosen)
            progress(len(portion))
            if self.rate:
                time.sleep(max(0.0, started + total / self.rate - time.monotonic()))
