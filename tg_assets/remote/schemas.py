"""Whether an endpoint takes JSON schemas, found out by asking. What does not belong here: how a wire writes them."""

from collections.abc import Callable, Mapping
from typing import Any

from tg_assets.remote.chat import Reply
from tg_assets.remote.errors import CallFailed, Trouble

Format = Mapping[str, Any]


class Schemas:
    """Asks with a schema until it turns out that the endpoint refuses them."""

    def __init__(self) -> None:
        self._are_taken = True

    def ask(self, send: Callable[[dict[str, Any]], Reply], wanted: Format | None) -> Reply:
        """The reply to what ``send`` sends with ``response_format``, or without. Raises what it raises."""
        if wanted is None or not self._are_taken:
            return send({})
        try:
            return send({"response_format": wanted})
        except CallFailed as failed:
            if failed.trouble is not Trouble.rejected:
                raise
        reply = send({})
        self._are_taken = False  # only now it is known that the schema was what the endpoint refused
        return reply
