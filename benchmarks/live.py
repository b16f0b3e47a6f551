"""Live traffic through the real daemon: latency of sparse events, and a burst with a run killed in the middle.

Sparse: an event every two seconds, first with no run going on (cold), then with one (hot). Burst: 150,000 events at
8,000 a second onto a little traffic, one in 10,000 unusable, ``kill -9`` of the tail run after a third. An
event is committed when another connection sees it, parsed when it is in ``messages``; searchable and in the graph
when ``indexing_status`` says both.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any
from uuid import uuid4

import dagster as dg
import orjson
from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.backends import environment
from tg_assets.backends.dagster_services import dagster_environment, start_dagster
from tg_assets.live.state import waiting
from tg_assets.registry.channels import register_tenant
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database
from tg_assets.stores.redis import client

STREAM = "stream:posts:parsed"
COLD, HOT, GAP = 2, 30, 2.0
BURST, RATE, POISON = 150_000, 8_000, 10_000
CHATS = 50
POLL = 0.02
LOOK, LOOK_PARSED = 0.25, 2.0  # seconds; looking must not take what is measured
_COMMITTED = "SELECT coalesce(sum(upper(one) - lower(one)), 0) FROM coverage, unnest(stored) AS one"


def event(tenant: str, chat: int, number: int) -> bytes:
    """A message as another program would send it."""
    return orjson.dumps(
        {
            "tenant_id": tenant,
            "tg_channel_id": -1_000_000_000_000 - chat,
            "telegram_message_id": number,
            "chat_title": f"Chat {chat}",
            "text": f"Сообщение {number}: летом солнечные панели дают больше энергии, зимой нужен генератор. #сеть",
            "posted_at": datetime.now(UTC).isoformat(),
            "occurred_at": datetime.now(UTC).isoformat(),
            "author_name": "Somebody",
            "sender_tg_id": 1_000 + number % 500,
            "views_count": number,
        }
    )


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    start_dagster(settings, environment(settings))
    os.environ.update(dagster_environment(settings))
    postgres = Database(url=settings.require("postgres_url"))
    with dg.DagsterInstance.get() as instance:
        chosen = os.environ.get("TG_BENCH_LIVE", "sparse burst").split()
        parts = {"sparse": _sparse, "burst": _burst}
        return [row for name in chosen for row in parts[name](instance, postgres)]


def _tenant(postgres: Database) -> str:
    slug = f"bench{uuid4().hex[:8]}"
    with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
        register_tenant(connection, slug)
    return slug


def _sparse(instance: dg.DagsterInstance, postgres: Database) -> list[dict[str, Any]]:
    tenant, redis = _tenant(postgres), client(os.environ["TG_REDIS_URL"])
    committed: list[float] = []
    shown: list[float] = []
    sent: list[float] = []
    with postgres.tenant(ids.tenant_id(tenant)) as session:

        def look() -> bool:
            with session.transaction() as connection:
                done, indexed = _counts(connection)
            now = time.monotonic()
            committed.extend(now - sent[place] for place in range(len(committed), min(done, len(sent))))
            shown.extend(now - sent[place] for place in range(len(shown), min(indexed, len(sent))))
            return len(shown) == len(sent)

        def send(seconds: float) -> None:
            redis.xadd(STREAM, {"data": event(tenant, 1, len(sent) + 1)})
            sent.append(time.monotonic())
            _until(lambda: (look(), time.monotonic() > sent[-1] + seconds)[1], 120)

        for _ in range(1 + COLD):  # the first while Dagster itself is starting: it does not count
            _until(lambda: not _active(instance), 300)
            send(0)
            _until(look, 120)
        cold, cold_shown = committed[1:], shown[1:]
        runs, rows, started = _runs(instance), _event_rows(instance), time.monotonic()
        for _ in range(HOT):
            send(GAP)
        _until(look, 120)
        hours = (time.monotonic() - started) / 3600
        _until(lambda: not _active(instance), 300)
        rows = _event_rows(instance) - rows
        runs = _runs(instance) - runs
    hot, hot_shown = committed[1 + COLD :], shown[1 + COLD :]
    budget = 600 / 3600  # a run that follows goes on for ten minutes while there is traffic
    return [
        _row("sparse, cold: committed, worst", max(cold), "s", "p95 <= 7"),
        _row("sparse, cold: in index and graph, worst", max(cold_shown), "s", ""),
        _row("sparse, hot: committed p95", _p95(hot), "s", "<= 1"),
        _row("sparse, hot: in index and graph p95", _p95(hot_shown), "s", "<= 15"),
        _row("runs in this time", runs, f"{hours * 3600:.0f} s", ""),
        _row("runs per hour of steady traffic, by their budget", runs / max(hours, budget), "", "<= 40"),
        _row("event-log rows per 1,000 messages, sparse", 1000 * rows / HOT, "", "reported"),
    ]


def _burst(instance: dg.DagsterInstance, postgres: Database) -> list[dict[str, Any]]:
    _warm(instance, postgres)
    tenant = _tenant(postgres)
    rows = _event_rows(instance)
    producer = subprocess.Popen([sys.executable, "-m", "benchmarks.live", tenant])
    seen: list[tuple[float, int]] = []
    parsed: list[tuple[float, int]] = []
    killed, good = None, BURST - BURST // POISON
    with postgres.tenant(ids.tenant_id(tenant)) as session:
        started = time.time()
        while (not parsed or parsed[-1][1] < good) and time.time() < started + 300:
            with session.transaction() as connection:
                count = int(connection.execute(text(_COMMITTED)).scalar_one())
                seen.append((time.time(), count))
                if not parsed or time.time() > parsed[-1][0] + LOOK_PARSED:
                    made = int(connection.execute(text("SELECT count(*) FROM messages")).scalar_one())
                    parsed.append((time.time(), made))
            if killed is None and count > BURST // 3:
                killed = _kill_tail(instance)
            time.sleep(LOOK)
        producer.wait(timeout=60)
        redis = client(os.environ["TG_REDIS_URL"])
        _until(lambda: waiting(redis, 0) == 0, 60)
        with session.transaction() as connection:
            found = connection.execute(
                text("""SELECT (SELECT count(*) FROM telegram_messages), (SELECT count(*) FROM messages),
                               (SELECT count(DISTINCT (channel_id, telegram_message_id)) FROM messages),
                               (SELECT count(*) FROM dead_letters)""")
            ).one()
    sent = [float(one) for one in redis.lrange(f"bench:{tenant}", 0, -1)]
    late, late_parsed = _lateness(sent, seen), _lateness(sent, parsed)
    return [
        _row("burst: tail run killed with -9 (process)", killed or 0, "", "1 kill"),
        _row("burst: sent at", BURST / (sent[-1] - sent[0]), "/s", f"{RATE}"),
        _row("burst: lost", good - found[0], "", "0"),
        _row("burst: duplicated", found[1] - found[2], "", "0"),
        _row("burst: dead letters", found[3], "", f"{BURST // POISON}"),
        _row("burst: committed p50", quantiles(late, n=20)[9], "s", ""),
        _row("burst: committed p95", _p95(late), "s", "<= 10"),
        _row("burst: parsed p95", _p95(late_parsed), "s", "reported"),
        _row("event-log rows per 1,000 messages, burst", 1000 * (_event_rows(instance) - rows) / BURST, "", "reported"),
    ]


def _warm(instance: dg.DagsterInstance, postgres: Database) -> None:
    """Some events until a run reads them and another stands by, as wherever there is traffic."""
    from sensors.runs import unfinished_runs

    tenant, redis, sent = _tenant(postgres), client(os.environ["TG_REDIS_URL"]), 0
    while sum(run.start_time is not None for run in unfinished_runs(instance, "tail")) < 2 and sent < 600:
        sent += 1
        redis.xadd(STREAM, {"data": event(tenant, 1, sent)})
        time.sleep(0.2)


def produce(tenant: str) -> None:
    """Send the burst at its rate; leaves the times of its thousands in Redis."""
    redis: Any = client(os.environ["TG_REDIS_URL"])
    bodies = [event(tenant, number % CHATS, number // CHATS + 1) for number in range(BURST)]
    for place in range(0, BURST, POISON):
        bodies[place] = orjson.dumps({"tenant_id": tenant, "telegram_message_id": "no"})
    started, times = time.time(), []
    for first in range(0, BURST, 400):
        time.sleep(max(0.0, started + first / RATE - time.time()))
        with redis.pipeline(transaction=False) as pipe:
            for body in bodies[first : first + 400]:
                pipe.xadd(STREAM, {"data": body})
            pipe.execute()
        times.append(time.time())
    redis.rpush(f"bench:{tenant}", *times)


def _lateness(sent: list[float], seen: Iterable[tuple[float, int]]) -> list[float]:
    """Seconds from sending to being seen, for the events in the order in which they were sent."""
    late: list[float] = []
    for moment, count in seen:
        late += [moment - sent[min(place // 400, len(sent) - 1)] for place in range(len(late), count)]
    return late


def _counts(connection: Connection) -> tuple[int, int]:
    row = connection.execute(
        text("""SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM indexing_status
                WHERE embedding_status = 'completed' AND graph_status = 'completed')""")
    ).one()
    return int(row[0]), int(row[1])


def _active(instance: dg.DagsterInstance) -> int:
    from sensors.runs import unfinished_runs

    return len(unfinished_runs(instance, "tail")) + len(unfinished_runs(instance, "refresh"))


def _kill_tail(instance: dg.DagsterInstance) -> int | None:
    from sensors.runs import unfinished_runs

    for found in unfinished_runs(instance, "tail"):
        if "tg/standby" in found.dagster_run.tags:
            continue
        for entry in instance.all_logs(found.dagster_run.run_id):
            happened = entry.dagster_event
            told = happened.engine_event_data.metadata if happened and happened.is_engine_event else {}
            if "pid" in told:
                pid = int(str(told["pid"].value))
                os.kill(pid, signal.SIGKILL)
                return pid
    return None


def _runs(instance: dg.DagsterInstance) -> int:
    return int(instance.get_runs_count())


def _event_rows(instance: dg.DagsterInstance) -> int:
    from sqlalchemy import create_engine

    engine = create_engine(os.environ["TG_DAGSTER_POSTGRES_URL"])
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event_logs")).scalar_one())


def _until(done: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(POLL)


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[18] if len(values) > 1 else float("nan")


def _row(what: str, value: float, unit: str, target: str) -> dict[str, Any]:
    return {"what": what, "value": round(value, 2), "unit": unit, "target": target}


if __name__ == "__main__":
    produce(sys.argv[1])
