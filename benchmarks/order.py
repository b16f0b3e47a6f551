"""A chat that is loaded week by week: in order, in random order, twice, and by two processes at once, to the same end.

Weeks are those of ``TG_BENCH_ORDER`` months (1 by default) of the export beside the checkout, from January 2020 on;
each is an export of its own that is imported and goes through all stages that look at no picture. Then whatever is
stale is made, as a refresh does: how many items that were is told. End states (``fingerprint``) are compared with that
of the weeks in order, for either graph server: the embedded one, then the Neo4j of the tests.
"""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from rich.console import Console
from sqlalchemy import create_engine, text

from benchmarks import fingerprint
from benchmarks.ingest import EXPORT
from benchmarks.line import MADE, _import, _tools
from benchmarks.quiet import progress
from tg_assets import assets, ids
from tg_assets.assets.order import ordered
from tg_assets.assets.tools import Tools
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Stage
from tg_assets.scope import Scope

TENANT = "bench-order"
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)
ASSETS = [asset for asset in ordered(assets.ASSETS) if asset.name in (*MADE, "media_objects", "media_groups")]
COUNTED = ("messages", "points", "nodes", "relations")

Row = dict[str, Any]


class Part(NamedTuple):
    """A week: where its export is, when it begins, and how many messages it has."""

    path: str
    since: str
    messages: int


def run(console: Console) -> list[Row]:
    """Rows of (graph, what, seconds, stale after, points, nodes, relations, beside)."""
    from tests.support import real_neo4j

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tg-order-") as directory, progress(console) as bar:
        folder = Path(directory)
        parts = _weeks(int(os.environ.get("TG_BENCH_ORDER", "1")), folder)
        ways = _ways(parts)
        messages = sum(part.messages for way in ways.values() for half in way for part in half)
        task = bar.add_task("loading", total=2 * messages)
        rows += _server("embedded", ways, folder, lambda done: bar.advance(task, done))
        with real_neo4j.running(folder / "neo4j") as url:
            os.environ["TG_NEO4J_URL"] = url
            rows += _server("Neo4j", ways, folder, lambda done: bar.advance(task, done))
    return rows


def _weeks(months: int, folder: Path) -> list[Part]:
    """Exports of single weeks that have messages."""
    whole = orjson.loads(gzip.decompress(EXPORT.read_bytes()))
    end = BEGIN.replace(year=BEGIN.year + months // 12, month=BEGIN.month + months % 12)
    found: dict[datetime, list[Any]] = {}
    for message in whole["messages"]:
        at = datetime.fromisoformat(message["date"]).replace(tzinfo=UTC)
        if BEGIN <= at < end:
            found.setdefault(BEGIN + (at - BEGIN) // WEEK * WEEK, []).append(message)
    parts = []
    for since, messages in sorted(found.items()):
        path = folder / f"{since:%Y-%m-%d}.json"
        path.write_bytes(orjson.dumps({**whole, "messages": messages}))
        parts.append(Part(str(path), since.isoformat(), len(messages)))
    return parts


def _ways(parts: Sequence[Part]) -> dict[str, list[list[Part]]]:
    """Weeks by process, for each way."""
    mixed = random.Random(7).sample(parts, len(parts))
    return {
        "in order": [list(parts)],
        "in random order": [mixed],
        "twice": [[*mixed, *parts]],
        "in two halves at once": [mixed[::2], mixed[1::2]],
    }


def _server(name: str, ways: dict[str, list[list[Part]]], folder: Path, advance: Callable[[int], object]) -> list[Row]:
    rows: list[Row] = []
    for way, halves in ways.items():
        tools = _tools()
        _wipe(tools)
        started = time.monotonic()
        _at_once(halves, advance)
        seconds = time.monotonic() - started
        stale = _made(tools, sorted({part.since for half in halves for part in half}))
        state = folder / f"{name} {way}"
        fingerprint.save(tools, TENANT, state)
        told = fingerprint.compare(folder / f"{name} in order", state)
        counts = {line.split()[0]: line.split()[1] for line in told}
        rows.append({
            "graph": name, "what": way, "seconds": round(seconds), "stale after": stale,
            **{kind: counts[kind] for kind in COUNTED},
            "beside": "; ".join(line for line in told if "DIFFERENT" in line) or f"equal; {told[-1]}",
        })  # fmt: skip
    return rows


def _at_once(halves: Sequence[Sequence[Part]], advance: Callable[[int], object]) -> None:
    """Load lists of weeks, each in a process of its own."""
    commands = [[sys.executable, "-m", "benchmarks.order", json.dumps(half)] for half in halves]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    try:
        for process in processes:
            assert process.stdout
            for line in process.stdout:
                advance(int(line))
    finally:
        codes = [process.wait() for process in processes]
    assert not any(codes), codes


def _load(parts: Sequence[Part]) -> None:
    tools = _tools()
    for asset in ASSETS:
        if asset.prepare:
            asset.prepare(tools)
    for path, since, messages in parts:
        _import(tools, Path(path), TENANT)
        _made(tools, [since])
        sys.stdout.write(f"{messages}\n")
        sys.stdout.flush()


def _made(tools: Tools, weeks: Sequence[str]) -> int:
    """Make what is stale in some weeks; how many items that were."""
    done = 0
    with tools.database.tenant(ids.tenant_id(TENANT)) as session:
        with session.transaction() as connection:
            (feed,) = connection.execute(text("SELECT DISTINCT feed FROM channels")).scalars()
        for since in map(datetime.fromisoformat, weeks):
            scope = Scope(feed, since, since + WEEK)
            for of in (of for asset in ASSETS for of in asset.stages(tools)):
                report = run_stage(of if isinstance(of, Stage) else of(scope), session, scope)
                assert not report.failed, report.failed
                done += report.done
    return done


def _wipe(tools: Tools) -> None:
    """Nothing is left of an earlier way."""
    owner = create_engine(os.environ["TG_POSTGRES_OWNER_URL"])
    with owner.begin() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        ).scalars()
        connection.execute(text(f"TRUNCATE {', '.join(names)}"))
    owner.dispose()
    with tools.vectors._client() as client:
        for one in client.get_collections().collections:
            client.delete_collection(one.name)
    with tools.graph.tenant(ids.tenant_id(TENANT)) as graph:
        while graph.read("MATCH (n {tenant_id: $tenant}) WITH n LIMIT 5000 DETACH DELETE n RETURN count(*) AS n") != [
            {"n": 0}
        ]:
            pass


if __name__ == "__main__":
    _load([Part(*one) for one in json.loads(sys.argv[1])])
