"""How far tables have grown since the planner looked at them, for whoever writes much.

A tenant whom it does not know has nothing, as far as it can tell: each batch is then compared with each row that the
tenant has by now, one by one. Beside 150,000 messages of another tenant history landed at 700 a second instead of
4,800.
"""

from sqlalchemy import Connection, text

MANY = 2000
AGAIN = 4


class Growth:
    """Counts rows; once they are ``MANY``, and then ``AGAIN`` times as many as last, the planner is told."""

    def __init__(self) -> None:
        self._grown, self._told_at = 0, MANY

    def add(self, connection: Connection, rows: int) -> bool:
        """Count what was written, in a transaction after that of writing; returns whether the planner was told."""
        self._grown += rows
        if self._grown < self._told_at:
            return False
        self._told_at = AGAIN * self._grown
        connection.execute(text("SELECT refresh_statistics()"))
        return True
