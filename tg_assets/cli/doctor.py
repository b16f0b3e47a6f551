"""``doctor``: what works, what does not, and what to do about it. Exits 1 when something is wrong."""

import os
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy import create_engine, text

from tg_assets.cli import runtime
from tg_assets.cli.faults import explain
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console
from tg_assets.errors import TgAssetsError


@click.command("doctor")
@click.option("--locks", is_flag=True, help="Show who waits for whom in PostgreSQL instead.")
@json_option
def doctor_command(locks: bool, as_json: bool) -> None:
    """Check servers, roles, schema, models and OCR language data."""
    if locks:
        console.print(_locks())
        return
    items: list[dict[str, Any]] = []
    for name, check in CHECKS.items():
        try:
            told, is_ok = check(), True
        except Exception as error:  # noqa: BLE001 - whatever ails one, the others are still worth checking
            told, is_ok = explain(error), False
        items.append({"what": name, "is_ok": is_ok, "said": told})
    if as_json:
        show_json("doctor", items)
    else:
        table = Table("what", "", "how it is")
        for item in items:
            table.add_row(item["what"], Text("ok") if item["is_ok"] else Text("wrong", style="bold red"), item["said"])
        console.print(table)
    sys.exit(0 if all(item["is_ok"] for item in items) else 1)


def _postgres() -> str:
    from tg_assets import ids

    with runtime.postgres().tenant(ids.tenant_id("doctor")) as session, session.transaction() as connection:
        version, role = connection.execute(text("SELECT current_setting('server_version'), current_user")).one()
        tables = connection.execute(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND rowsecurity")
        ).scalar_one()
    if not tables:
        raise TgAssetsError("The schema is not there. Run `tg-assets migrate`.")
    return f"PostgreSQL {version}; role {role}, bound by row security on {tables} tables"


def _redis() -> str:
    import redis

    # What it raises is told as everywhere: a wrong password apart from a server that is away.
    with redis.Redis.from_url(runtime.settings().require("redis_url"), socket_timeout=30) as client:
        return f"Redis {client.info('server')['redis_version']}"


def _graph() -> str:
    from tg_assets import ids

    with runtime.neo4j().tenant(ids.tenant_id("doctor")) as graph:
        graph.read("MATCH (p:Post {tenant_id: $tenant}) RETURN count(p) AS posts")
    return "answers Cypher over Bolt"


def _vectors() -> str:
    from tg_assets import ids

    with runtime.qdrant().tenant(ids.tenant_id("doctor")) as index:
        return "answers; " + (
            "the collection is there" if index.exists() else "no collection yet: made by the first run"
        )


def _objects() -> str:
    store = runtime.objects()
    store.put("doctor/probe", b"probe")
    if store.get("doctor/probe") != b"probe":
        raise TgAssetsError("The object store does not give back what was written. Check TG_OBJECTS_URL.")
    store.delete("doctor/probe")
    return f"writes and reads ({store.url.partition(':')[0]})"


def _ocr() -> str:
    from tg_assets.vision.ocr import ocr_status

    status = ocr_status()
    if not status.available:
        raise TgAssetsError(f"Text in pictures is not read. {status.how_to}")
    return f"{status.engine}: {', '.join(status.languages)}"


def _pictures() -> str:
    from tg_assets.vision.local import LocalVision

    return LocalVision().version


def _voices() -> str:
    from resources.speech import SpeechResource

    choice = SpeechResource().choose()
    return choice.provider.version if choice.provider else f"not heard: {choice.why_not}"


def _tags() -> str:
    from resources.embedder import EmbedderResource
    from resources.tagger import TaggerResource

    return TaggerResource().local(EmbedderResource().get()).version


def _elsewhere() -> str:
    """Remote models by tenant; a key that is not there is found here and not by a run."""
    from resources.vision import policy_of
    from tg_assets.remote.config import load_models

    path = runtime.settings().models
    models = load_models(path)
    if path is None:
        return "none; TG_MODELS names a file that chooses some"
    told = []
    for slug in ["default", *sorted(models.tenants)]:
        chosen = models.for_tenant(slug)
        policy_of(slug, chosen.policy)
        for purpose in ("vision", "tags", "albums"):
            if (model := getattr(chosen, purpose)) is None:
                continue
            if model.key_env and not os.environ.get(model.key_env):
                raise TgAssetsError(f"{slug}: {model.name} for {purpose} needs the variable {model.key_env}.")
            told.append(f"{slug}: {purpose} by {model.name}")
    return "; ".join(told) or "none: the file chooses no model"


def _embedder() -> str:
    from tg_assets.embedder import UseEmbedder

    model = UseEmbedder()
    return f"{model.model_id}, {model.dimension} numbers"


def _dagster() -> str:
    from tg_assets.cli.dagster_api import DagsterApi

    address = runtime.settings().require("dagster_url")
    counts = DagsterApi(address).partition_counts(["posts"])["posts"]
    batching = (
        "" if os.environ.get("DAGSTER_EVENT_BATCH_SIZE") else "; DAGSTER_EVENT_BATCH_SIZE is not set: ranges are slow"
    )
    return f"{address}: {counts['numMaterialized']:,} of {counts['numPartitions']:,} posts partitions{batching}"


def _telegram() -> str:
    from tg_assets.accounts import store
    from tg_assets.accounts.client import application
    from tg_assets.accounts.vault import vault
    from tg_assets.cli.each_tenant import each, tenants

    settings, active, stopped = runtime.settings(), 0, list[str]()
    for slug, connection in each(tenants(None)):
        for account in store.accounts(connection):
            if not account.is_active:
                stopped.append(f"{slug}/{account.name}: {account.problem}")
                continue
            active += 1
            application(settings)
            for session in store.sessions(connection, account.id):
                vault(settings).open(session.secret)
    if stopped:
        raise TgAssetsError(f"Accounts that are out of use: {'; '.join(stopped)}. Log in again with `tg-assets login`.")
    return f"{active} accounts, whose sessions open" if active else "no account; `tg-assets login` logs one in"


CHECKS: dict[str, Callable[[], str]] = {
    "PostgreSQL": _postgres,
    "Redis": _redis,
    "graph": _graph,
    "vectors": _vectors,
    "objects": _objects,
    "Dagster": _dagster,
    "Telegram": _telegram,
    "OCR": _ocr,
    "pictures": _pictures,
    "voices": _voices,
    "tags": _tags,
    "models elsewhere": _elsewhere,
    "text model": _embedder,
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
