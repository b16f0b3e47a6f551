"""How far an account's updates were taken in, as it is kept with the account's session.

It is saved when everything up to it has been published, so whoever goes on from it misses nothing and at most hears
something again. The state is the account's: any of its sessions goes on from the last one saved.
"""

from datetime import UTC, datetime
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, text


class UpdateState(BaseModel):
    """``pts``, ``qts``, ``date`` (seconds since 1970) as Telegram counts; ``channels``: pts by bare channel id."""

    model_config = ConfigDict(populate_by_name=True)

    pts: int
    qts: int = 0
    date: int
    channels: dict[int, int] = Field(default_factory=dict)
    newest: dict[UUID, int] = Field(default_factory=dict)
    """Newest message id of each chat that was published."""
    gaps: dict[UUID, tuple[int, bool]] = Field(default_factory=dict)
    """Chats with messages to be fetched: the newest one before the gap, and whether older ones may have changed."""
    unresolved: dict[int, float] = Field(default_factory=dict)
    """Deleted messages whose chat is not known yet, and when (seconds since 1970) to give up."""
    refetch: list[tuple[int, int]] = Field(default_factory=list, alias="again")
    """Messages to ask for: marked chat id (0: one of the account's private chats), message id."""


def last_state(connection: Connection, account: UUID) -> UpdateState | None:
    """The account's last state; None when it never listened."""
    kept = connection.execute(
        text("""SELECT update_state->'place' FROM account_sessions
                WHERE account_id = :account AND update_state ? 'place'
                ORDER BY update_state->>'saved_at' DESC LIMIT 1"""),
        {"account": account},
    ).scalar()
    try:
        return UpdateState.model_validate(kept) if kept else None
    except ValidationError:  # of another version: as after a gap that was too long
        return None


def save_state(
    connection: Connection, account: UUID, number: int, state: UpdateState, heard_at: datetime | None
) -> None:
    """Keep the state with the session that listens, and when Telegram was heard last."""
    kept = {"place": orjson.loads(state.model_dump_json(by_alias=True)), "saved_at": datetime.now(UTC).isoformat()}
    values = {"account": account, "number": number, "kept": orjson.dumps(kept).decode(), "heard_at": heard_at}
    connection.execute(
        text("""UPDATE account_sessions SET update_state = CAST(:kept AS jsonb)
                WHERE account_id = :account AND number = :number"""),
        values,
    )
    connection.execute(
        text("""UPDATE accounts SET heard_at = :heard_at WHERE id = :account
                AND coalesce(heard_at, '-infinity') < CAST(:heard_at AS timestamptz) - interval '10 s'"""),
        values,
    )
