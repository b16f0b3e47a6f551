"""Who lands something in a chat does so while nobody else does: imports, live traffic and history come at once.

What comes is judged by what is there, and what is said of messages is brought into those that are there. Of two who
looked at once, the one that is over last would undo what the other did, or neither would see the other's. What does
not belong here: landing.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, text


def take_turns(connection: Connection, chats: str, values: Mapping[str, object] | None = None) -> None:
    """Wait for whoever lands in these chats, and let nobody until the transaction is over; ``chats`` selects
    ``channel_id``.

    Whoever lands in several takes all of them at first, so that nobody has one that another waits for who has his. A
    chat's row of ``coverage`` is what is held: locks of rows cost the server no memory, however many chats come.
    """
    connection.execute(
        text(f"""
            INSERT INTO coverage AS c (tenant_id, channel_id)
            SELECT DISTINCT current_tenant(), channel_id FROM ({chats}) come WHERE channel_id IS NOT NULL
            ORDER BY channel_id
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET updated_at = c.updated_at WHERE false
        """),  # noqa: S608 - constants
        values or {},
    )
