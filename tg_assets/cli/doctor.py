"""``doctor``: what works, what does not, and what to do about it. Exits 1 when something is wrong."""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy import create_engine, text

from tg_assets.cli import doctor_models, doctor_outside, runtime
from tg_assets.cli.door_state import doors
from tg_assets.cli.faults import explain
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

SIDE_BY_SIDE = 4
CLOCK_SECONDS = 5.0
DISK_RATIO = 0.1


@click.command("doctor")
@click.option("--locks", is_flag=True, help="Show who waits for whom in PostgreSQL instead.")
@json_option
def doctor_command(locks: bool, as_json: bool) -> None:
    """Check settings, servers, roles, schema, streams, clocks, disk and models, and say what mends what is wrong."""
    if locks:
        console.print(_locks())
        return
    runtime.settings()  # once, before threads ask for it
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        items = list(pool.map(_checked, CHECKS.items()))
    if as_json:
        show_json("doctor", items)
    else:
        table = Table("what", "", "how it is")
        for item in items:
            table.add_row(item["what"], Text("ok") if item["is_ok"] else Text("wrong", style="bold red"), item["said"])
        console.print(table)
    sys.exit(0 if all(item["is_ok"] for item in items) else 1)


def _checked(named: tuple[str, Callable[[], str]]) -> dict[str, Any]:
    name, check = named
    try:
        told, is_ok = check(), True
    except Exception as error:  # noqa: BLE001 - whatever ails one, the others are still worth checking
        told, is_ok = explain(error), False
    return {"what": name, "is_ok": is_ok, "said": told}


def _postgres() -> str:
    from tg_assets import ids

    with runtime.postgres().tenant(ids.tenant_id("doctor")) as session, session.transaction() as connection:
        found = connection.execute(text(_ROLE)).one()
    if not found.tables:
        raise TgAssetsError("The schema is not there. Run `tg-assets migrate`.")
    if found.unbound or found.owned:
        raise TgAssetsError(
            f"Role {found.role} is not bound by row security: it {'is a superuser' if found.unbound else 'owns tables'}"
            ". Point TG_POSTGRES_URL at the application's role (tg_app), or any tenant may see another's rows."
        )
    if found.missing:
        raise TgAssetsError(
            f"Role {found.role} may not use {', '.join(found.missing)}. As their owner: GRANT SELECT, INSERT, UPDATE, "
            f'DELETE ON {", ".join(found.missing)} TO "{found.role}";'
        )
    return f"PostgreSQL {found.version}; role {found.role}, bound by row security on {found.tables} tables"


_ROLE = """
    SELECT current_setting('server_version') AS version, current_user AS role,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS unbound,
           count(*) AS tables, count(*) FILTER (WHERE tableowner = current_user) AS owned,
           array_agg(tablename ORDER BY tablename) FILTER (WHERE EXISTS (
               SELECT FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed (right_to)
               WHERE NOT has_table_privilege(format('%I.%I', schemaname, tablename), right_to))) AS missing
    FROM pg_tables WHERE schemaname = 'public' AND rowsecurity
"""


def _schema() -> str:
    from migrations import newest

    with runtime.postgres().connection() as connection:
        readable = connection.execute(
            text("SELECT coalesce(has_table_privilege(to_regclass('alembic_version'), 'SELECT'), false)")
        ).scalar_one()
        at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if readable else None
    if readable and at != newest():
        raise TgAssetsError(f"The schema is at {at}, and this is written for {newest()}. Run `tg-assets migrate`.")
    return f"at {at}, the newest" if readable else "its revision cannot be read by this role"


def _clock() -> str:
    from tg_assets.stores.redis import client

    with runtime.postgres().connection() as connection:
        before = time.time()
        postgres = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        middle = (before + time.time()) / 2
    seconds, micros = client(runtime.settings().require("redis_url")).time()
    redis, now = seconds + micros / 1e6, time.time()
    apart = {"PostgreSQL": postgres - middle, "Redis": redis - now}
    wrong = [f"{name} by {shift:+.1f} s" for name, shift in apart.items() if abs(shift) > CLOCK_SECONDS]
    if wrong:
        raise TgAssetsError(
            f"Clocks differ from this machine's: {', '.join(wrong)}. Ages and leases rest on them; use NTP."
        )
    return f"PostgreSQL's and Redis' agree with this machine's to {max(map(abs, apart.values())):.1f} s"


def _streams() -> str:
    from tg_assets.cli.overview import streams
    from tg_assets.events.streams import GROUP
    from tg_assets.live.state import shards, streams_of
    from tg_assets.stores.redis import client

    settings = runtime.settings()
    server: Any = client(settings.require("redis_url"))
    names = [name for shard in shards(server, settings.stream_shards) for name in streams_of(shard)]
    there = [name for name in names if server.exists(name)]
    without = [name for name in there if GROUP.encode() not in {one["name"] for one in server.xinfo_groups(name)}]
    waiting = sum(one.waiting for one in streams())
    if without:
        raise TgAssetsError(
            f"Nobody reads {', '.join(without)}: the group {GROUP} is missing. Switch on the sensor start_tail "
            "under Automation in Dagster."
        )
    wait = counted(waiting, "entry waits", "entries wait")
    return f"{len(there)} of {len(names)} streams exist, each with group {GROUP}; {wait}"


def _disk() -> str:
    from tg_assets.monitoring.gauges import disk

    path = runtime.settings().data_dir
    free, size = (value for _, _, value in disk(next(one for one in (path, *path.resolve().parents) if one.exists())))
    told = f"{free / 1e9:,.1f} of {size / 1e9:,.1f} GB of the data directory's disk are free"
    if free < size * DISK_RATIO:
        raise TgAssetsError(f"Only {told}. Make room, or move TG_DATA_DIR: servers stop when it is full.")
    return told


def _settings() -> str:
    """Settings that contradict each other."""
    given, wrong = runtime.settings(), list[str]()
    if given.alert_webhook and not given.alert_secret:
        wrong.append("TG_ALERT_WEBHOOK needs TG_ALERT_SECRET, which signs what it is told")
    if given.start_date > datetime.now(UTC).date():
        wrong.append("TG_START_DATE lies in the future, so there is no partition")
    if given.session_key and given.session_key_file:
        wrong.append("TG_SESSION_KEY and TG_SESSION_KEY_FILE are both set: unset the one that is not used")
    if bool(given.telegram_api_id) != bool(given.telegram_api_hash):
        wrong.append("TG_TELEGRAM_API_ID and TG_TELEGRAM_API_HASH belong together")
    if bool(given.telegram_server) != bool(given.telegram_server_key):
        wrong.append("TG_TELEGRAM_SERVER and TG_TELEGRAM_SERVER_KEY belong together")
    if given.postgres_url and given.postgres_owner_url and given.postgres_url == given.postgres_owner_url:
        wrong.append("TG_POSTGRES_URL is TG_POSTGRES_OWNER_URL: the application must not own its tables")
    if wrong:
        raise TgAssetsError(f"{'; '.join(wrong)}.")
    return "do not contradict each other"


def _redis() -> str:
    import redis

    # What it raises is told as everywhere: a wrong password apart from a server that is away.
    with redis.Redis.from_url(runtime.settings().require("redis_url"), socket_timeout=30) as client:
        return f"Redis {client.info('server')['redis_version']}"


def _graph() -> str:
    from tg_assets import ids
    from tg_assets.graph.schema import UNIQUE

    store = runtime.neo4j()
    with store.tenant(ids.tenant_id("doctor")) as graph:
        graph.read("MATCH (p:Post {tenant_id: $tenant}) RETURN count(p) AS posts")
    found = store.unique_keys()
    missing = sorted(label for label, key in UNIQUE - found)
    if missing and found:
        raise TgAssetsError(
            f"Nodes of {', '.join(missing)} have no unique key, so writing them is slow and may double them. A run of "
            "neo4j_nodes makes it; where that fails, the graph holds two nodes of one key."
        )
    return "answers Cypher over Bolt; " + (
        f"all {len(UNIQUE)} keys are unique" if found else "no constraint yet: made by the first run"
    )


def _objects() -> str:
    store = runtime.objects()
    store.put("doctor/probe", b"probe")
    if store.get("doctor/probe") != b"probe":
        raise TgAssetsError("The object store does not give back what was written. Check TG_OBJECTS_URL.")
    store.delete("doctor/probe")
    return f"writes and reads ({store.url.partition(':')[0]})"


def _dagster() -> str:
    from importlib.metadata import version

    from tg_assets.cli.dagster_state import StateApi
    from tg_assets.cli.measured import HEARTBEAT_SECONDS

    address = runtime.settings().require("dagster_url")
    state = StateApi(address)
    state.require_daemon(HEARTBEAT_SECONDS)
    off = [labels["name"] for name, labels, value in state.gauges() if name == "automation_on" and not value]
    if off:
        raise TgAssetsError(
            f"Switched off: {', '.join(off)}. Switch them on under Automation at {address}; what they look after "
            "stands still meanwhile."
        )
    posts = state.partition_counts(["posts"])["posts"]
    counts = f"{posts['numMaterialized']:,} of {posts['numPartitions']:,} posts partitions"
    batching = (
        "" if os.environ.get("DAGSTER_EVENT_BATCH_SIZE") else "; DAGSTER_EVENT_BATCH_SIZE is not set: ranges are slow"
    )
    return f"Dagster {version('dagster')} at {address}: {counts}{batching}"


CHECKS: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "PostgreSQL": _postgres,
    "schema": _schema,
    "Redis": _redis,
    "streams": _streams,
    "clocks": _clock,
    "disk": _disk,
    "graph": _graph,
    "vectors": doctor_models.index,
    "objects": _objects,
    "Dagster": _dagster,
    "doors": doors,
    "Telegram": doctor_outside.telegram,
    "receivers": doctor_outside.receivers,
    "OCR": doctor_models.ocr,
    "pictures": doctor_models.pictures,
    "voices": doctor_models.voices,
    "tags": doctor_models.tags,
    "models elsewhere": doctor_models.elsewhere,
    "text model": doctor_models.embedder,
}


def _locks() -> Table:
    """Sessions that wait for a lock and those that hold it, as the owner sees them."""
    engine = create_engine(runtime.settings().require("postgres_owner_url"))
    table = Table("waiting", "since", "statement", "held by", "state", "its statement")
    with engine.connect() as connection:
        for row in connection.execute(
            text("""
                SELECT w.pid, now() - w.query_start, left(w.query, 60), h.pid, h.state, left(h.query, 60)
                FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid)
                JOIN pg_stat_activity h ON h.pid = b.pid ORDER BY w.query_start
            """)
        ):
            table.add_row(*(str(part) for part in row))
    engine.dispose()
    if not table.row_count:
        table.add_row("nobody waits", *[""] * 5)
    return table
