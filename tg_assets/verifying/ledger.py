"""The items of a stage in a stretch, as the ledger judges them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from tg_assets.ledger.engine import CHUNK
from tg_assets.ledger.stage import Stage
from tg_assets.partitions import window_sql
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NEW, CHANGED = "new", "changed"


@dataclass(frozen=True, slots=True)
class Item:
    """An item, the day of its partition, and what the ledger says: ``new``, ``changed``, or the status of its row."""

    id: str
    day: date
    state: str

    @property
    def is_stale(self) -> bool:
        """Whether a run would make it again."""
        return self.state in (NEW, CHANGED)


def items(connection: Connection, stage: Stage, scope: Scope) -> list[Item]:
    """All items of a stage in a scope; leaves the tables ``work``, with their inputs, and ``chunk``, empty."""
    values = {
        **stage.values, "channels": channels_of(connection, scope), "since": scope.since, "until": scope.until,
        "feed": scope.feed, "version": stage.version,
    }  # fmt: skip
    connection.execute(text("DROP TABLE IF EXISTS work"))
    connection.execute(text(CHUNK))
    connection.execute(
        text(f"CREATE TEMP TABLE work ON COMMIT DROP AS SELECT i.* FROM ({stage.inputs}) i"),  # noqa: S608
        values,
    )
    rows = connection.execute(
        text(f"""SELECT w.item_id::text AS id, {window_sql("w.at")} AS day,
                        CASE WHEN d.item_id IS NULL THEN '{NEW}'
                             WHEN (d.version, d.input_hash) IS DISTINCT FROM (:version, w.input_hash) THEN '{CHANGED}'
                             ELSE d.status END AS state
                 FROM work w LEFT JOIN derivations d ON d.stage = :stage AND d.item_id = w.item_id
                 ORDER BY w.at, w.item_id"""),  # noqa: S608
        {"stage": stage.name, "version": stage.version},
    )
    return [Item(row.id, row.day, row.state) for row in rows]


def choose(connection: Connection, chosen: Collection[str]) -> None:
    """Put these items of ``work`` into ``chunk``."""
    connection.execute(
        text("""INSERT INTO chunk SELECT item_id, at, 'changed' FROM work
                WHERE item_id = ANY(CAST(:items AS uuid[]))"""),
        {"items": list(chosen)},
    )


def dirty_days(connection: Connection, feed: str) -> set[date]:
    """Days of a feed's partitions that wait for the refresh."""
    return set(connection.execute(text("SELECT DISTINCT date FROM dirty WHERE feed = :feed"), {"feed": feed}).scalars())


def forget(connection: Connection, stage: str, ids: Collection[str]) -> None:
    """Let the ledger know nothing of these items, so that the next run makes them."""
    connection.execute(
        text("DELETE FROM derivations WHERE stage = :stage AND item_id = ANY(CAST(:ids AS uuid[]))"),
        {"stage": stage, "ids": [one for one in ids if _UUID.fullmatch(one)]},
    )


def begin_seen(connection: Connection) -> datetime:
    """Make the table ``seen``, for as long as the connection lasts; returns the moment, for ``unseen``."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.seen"))
    connection.execute(text("CREATE TEMP TABLE seen (stage text, item_id uuid, PRIMARY KEY (stage, item_id))"))
    moment: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return moment


def see(connection: Connection, stage: str) -> None:
    """Note the items of ``work`` as such that there are."""
    connection.execute(
        text("INSERT INTO seen SELECT CAST(:stage AS text), item_id FROM work EXCEPT SELECT stage, item_id FROM seen"),
        {"stage": stage},
    )


def unseen(connection: Connection, stage: str, ids: Collection[str], since: datetime) -> set[str]:
    """Those of some ids that are no item of a stage, nor were made since; what is no UUID is none."""
    named = [one for one in ids if _UUID.fullmatch(one)]
    return (set(ids) - set(named)) | set(
        connection.execute(
            text("""SELECT id::text FROM unnest(CAST(:ids AS uuid[])) AS there (id)
                    WHERE NOT EXISTS (SELECT FROM seen s WHERE s.stage = :stage AND s.item_id = id)
                      AND NOT EXISTS (SELECT FROM derivations d WHERE d.stage = :stage AND d.item_id = id
                                                                  AND d.status = 'ok' AND d.made_at >= :since)"""),
            {"stage": stage, "ids": named, "since": since},
        ).scalars()
    )
