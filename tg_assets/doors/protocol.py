"""HTTP as it is spoken here: uvicorn's, which waits no longer than so long for the head of a request.

uvicorn has a timer only after an answer, and each byte stops it: a stranger's connections that send nothing, or a
letter a minute, would be counted for ever, until everybody is told to come again. How long a body may take is bounded
where it is read (``guards``). What does not belong here: how many connections there may be (``process``).
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class Bounded(H11Protocol):
    """A connection that is closed where no whole head of a request came in ``head_seconds``, from its beginning or from
    the first byte after an answer; while a request is answered there is no hurry."""

    head_seconds: ClassVar[float] = 20.0
    hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, or no more."""
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._calm()
        super().connection_lost(exc)

    def _waits(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _look(self) -> None:
        if not self._waits():
            self._calm()
        elif self.hurry is None and not self.transport.is_closing():
            self.hurry = self.loop.call_later(self.head_seconds, self.transport.close)

    def _calm(self) -> None:
        if self.hurry is not None:
            self.hurry.cancel()
            self.hurry = None
