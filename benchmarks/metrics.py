"""What being watched costs: counting within a stage, and a scrape of a tenant with a million posts."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from unittest.mock import patch

import orjson

from tg_assets import ids
from tg_assets.landing import posts
from tg_assets.landing.incoming import Incoming, copy_incoming, create_incoming
from tg_assets.landing.rows import land
from tg_assets.ledger import engine
from tg_assets.ledger.engine import run_stage
from tg_assets.metrics.tally import Tally
from tg_assets.monitoring import gauges
from tg_assets.monitoring.gauges import Gauge, Seen
from tg_assets.monitoring.page import Page, bind
from tg_assets.registry.channels import Chat, register_chat, register_tenant
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database

TENANT, CHAT = "bench-metrics", -1_000_000_000_778
MESSAGES, BATCH, SAMPLE = 1_000_000, 50_000, 50_000
TIMES = 5
START = datetime(2026, 1, 1, tzinfo=UTC)
EACH = timedelta(seconds=2)


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    postgres = Database(url=settings.require("postgres_url"))
    tenant = ids.tenant_id(TENANT)
    with postgres.tenant(tenant) as session:
        with session.transaction() as connection:
            register_tenant(connection, TENANT)
            channel, feed = register_chat(connection, settings, TENANT, Chat(CHAT, "channel", "Metrics"), None, 1)
        for first in range(0, MESSAGES, BATCH):
            with session.transaction() as connection:
                create_incoming(connection)
                copy_incoming(connection, _messages(channel, first))
                land(connection)
        run_stage(posts.STAGE, session, Scope(feed, START, START + MESSAGES * EACH))
        part = Scope(feed, START, START + SAMPLE * EACH)

        def seconds() -> float:
            return run_stage(posts.STAGE, session, part, force=True).seconds

        with_counting, without = [], []
        for _ in range(TIMES):
            with_counting.append(seconds())
            with (
                patch.object(engine, "_count", _nothing),
                patch.object(engine, "example", _nothing),
                patch.object(Tally, "save", _nothing),
            ):
                without.append(seconds())
    scrape, series, measuring = _scrape(postgres, tenant)
    ratio = round(median(with_counting) / median(without), 3)
    return [
        {"what": "a stage that is counted, to one that is not", "value": ratio,
         "unit": "", "target": "<= 1.02"},
        {"what": f"scrape of {series:,} series beside {MESSAGES:,} posts", "value": round(1000 * scrape),
         "unit": "ms", "target": "<= 200"},
        *({"what": f"measuring {name}, in a thread of its own", "value": round(1000 * took), "unit": "ms", "target": ""}
          for name, took in measuring.items()),
    ]  # fmt: skip


def _nothing(*_: object, **__: object) -> None:
    pass


def _messages(channel: Any, first: int) -> Iterator[Incoming]:
    for number in range(first + 1, first + BATCH + 1):
        at = START + number * EACH
        raw = {"telegram_message_id": number, "text": f"Wind {number % 30} m/s", "posted_at": at.isoformat(),
               "tg_channel_id": CHAT, "tenant_id": TENANT, "trace_id": str(ids.post_id(channel, -number))}  # fmt: skip
        yield Incoming(number, channel, number, ids.post_id(channel, number), at, None, at, "event", False, None,
                       orjson.dumps(raw), f"{number:032x}", "[]")  # fmt: skip


def _scrape(postgres: Database, tenant: Any) -> tuple[float, int, dict[str, float]]:
    """Median seconds of a scrape, its series, and what measuring took by what is measured."""
    measured: dict[str, Callable[[], list[Gauge]]] = {"what waits": lambda: list(gauges.waiting(postgres, [tenant])),
                "what may be silent": lambda: list(gauges.of_telegram(postgres, [tenant]))}  # fmt: skip
    took = {}
    for name, measure in measured.items():
        began = time.perf_counter()
        measure()
        took[name] = time.perf_counter() - began
    page = Page(postgres, {"postgres": Seen(lambda: (), 60)}, {name: Seen(one, 60) for name, one in measured.items()})
    page.follow()
    with bind(page, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        times, said = [], ""
        for _ in range(2 * TIMES):
            began = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
                said = answer.read().decode()
            times.append(time.perf_counter() - began)
        server.shutdown()
    return median(times), sum(not line.startswith("#") for line in said.splitlines()), took
