"""Import and ``posts`` against a bare COPY-to-temp and upsert of the same rows into the same tables.

The export is the one of 103,747 messages beside the checkout. Both sides run as the application role, with row
security, into freshly truncated tables; ours includes reading the file, hashing, parsing and the ledger.
"""

import io
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from tg_assets import ids
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.landing.posts import STAGE
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database
from tg_assets.stores.objects import ObjectStore

EXPORT = Path(__file__).parents[2] / "shared" / "data" / "desktop" / "qa_load.json.gz"
TENANT = "bench"
ALWAYS = datetime(2018, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
YEAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
KEYS = {"telegram_messages": "tenant_id, id", "messages": "tenant_id, id, kept_in"}


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    postgres = Database(url=settings.require("postgres_url"))
    objects = ObjectStore(url=settings.require("objects_url"))
    owner = settings.require("postgres_owner_url")
    _truncate(owner)
    feed, _, _ = _ours(postgres, objects)
    with postgres.tenant(ids.tenant_id(TENANT)) as session, session.transaction() as connection:
        copies = {table: _copy_out(connection, table) for table in KEYS}
    _truncate(owner, keep_registry=True)
    bare = _bare(postgres, copies)
    _truncate(owner)
    feed, imported, parsed = _ours(postgres, objects)
    with postgres.tenant(ids.tenant_id(TENANT)) as session:
        again = run_stage(STAGE, session, Scope(feed, *YEAR))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        {"what": "bare COPY and upsert of both tables", "value": round(bare, 1), "unit": "s", "target": ""},
        {"what": "import", "value": round(imported, 1), "unit": "s", "target": ""},
        {"what": "posts", "value": round(parsed, 1), "unit": "s", "target": ""},
        {
            "what": "speed of import + posts / bare",
            "value": round(bare / (imported + parsed), 2),
            "unit": "",
            "target": ">= 0.25",
        },
        {"what": "posts again over 366 days", "value": round(again.seconds, 2), "unit": "s", "target": "<= 5, no work"},
        {"what": "items worked on again", "value": again.todo, "unit": "", "target": "0"},
        {"what": "peak memory of this process", "value": round(peak), "unit": "MB", "target": "<= 1000"},
    ]


def _ours(postgres: Database, objects: ObjectStore) -> tuple[str, float, float]:
    """Import and parse; returns the feed and both times in seconds."""
    started = time.monotonic()
    (report,) = import_export(
        EXPORT, ImportOptions(TENANT), load_settings(), postgres, objects, lambda what, done, total: None
    )
    imported = time.monotonic()
    with postgres.tenant(ids.tenant_id(TENANT)) as session:
        run_stage(STAGE, session, Scope(report.feed, *ALWAYS))
    return report.feed, imported - started, time.monotonic() - imported


def _columns(connection: Connection, table: str) -> list[str]:
    return list(
        connection.execute(
            text("""SELECT column_name FROM information_schema.columns
                    WHERE table_name = :table AND is_generated = 'NEVER' ORDER BY ordinal_position"""),
            {"table": table},
        ).scalars()
    )


def _copy_out(connection: Connection, table: str) -> bytes:
    buffer = io.BytesIO()
    names = ", ".join(_columns(connection, table))
    cursor: Any = connection.connection.cursor()
    cursor.copy_expert(f"COPY (SELECT {names} FROM {table}) TO STDOUT", buffer)
    return buffer.getvalue()


def _bare(postgres: Database, copies: dict[str, bytes]) -> float:
    started = time.monotonic()
    with postgres.tenant(ids.tenant_id(TENANT)) as session:
        for table, rows in copies.items():
            with session.transaction() as connection:
                names = _columns(connection, table)
                listed = ", ".join(names)
                connection.execute(text(f"CREATE TEMP TABLE bare_{table} AS SELECT {listed} FROM {table} LIMIT 0"))
                cursor: Any = connection.connection.cursor()
                cursor.copy_expert(f"COPY bare_{table} ({listed}) FROM STDIN", io.BytesIO(rows))
                connection.execute(
                    text(f"""INSERT INTO {table} ({listed}) SELECT {listed} FROM bare_{table}
                             ON CONFLICT ({KEYS[table]}) DO UPDATE SET
                             {", ".join(f"{name} = excluded.{name}" for name in names if name not in KEYS[table])}""")
                )
    return time.monotonic() - started


def _truncate(owner: str, *, keep_registry: bool = False) -> None:
    tables = ["telegram_messages", "telegram_message_versions", "messages", "derivations", "dead_letters"]
    tables += [] if keep_registry else ["channels", "feeds", "tenants"]
    engine = create_engine(owner)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))
    engine.dispose()


def main() -> None:
    """Print the table; needs the servers' variables."""
    os.environ.setdefault("TG_DATA_DIR", ".tg-assets")
    for row in run():
        print(f"{row['what']:<40}{row['value']:>10} {row['unit']:<4}{row['target']}")


if __name__ == "__main__":
    main()
