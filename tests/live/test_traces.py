"""A trace goes from the event to what is made of its message, to the events that tell of it, and to metrics."""

import urllib.request
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from sqlalchemy import text

from tests.live.support import Live
from tests.support import pipeline
from tg_assets.monitoring.page import Page, bind

OUT = ("stream:posts:tagged", "stream:posts:indexed")


def told(live: Live) -> dict[str, dict[str, str]]:
    """By stream and post, the trace of the newest of our events."""
    found: dict[str, dict[str, str]] = {stream: {} for stream in OUT}
    for stream in OUT:
        for _, fields in live.redis.xrange(stream):
            event = orjson.loads(fields[b"data"])
            if event["tenant_id"] == live.tenant or event["post_id"] in posts(live).values():
                found[stream][event["post_id"]] = event["trace_id"]
    return found


def posts(live: Live) -> Mapping[int, str]:
    """Ids of posts by those of their messages."""
    rows = live.rows("SELECT telegram_message_id, CAST(id AS text) FROM messages")
    return {number: post for number, post in rows}  # noqa: C416 - rows are not plain tuples to mypy


def exemplars() -> dict[str, set[str]]:
    """Traces by sample, as a Prometheus that asks for OpenMetrics reads them."""
    page = Page(pipeline.postgres(), {}, {})
    with bind(page, "127.0.0.1", 0) as server:
        import threading

        thread = threading.Thread(target=server.handle_request)
        thread.start()
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.server_port}/metrics",
            headers={"Accept": "application/openmetrics-text; version=1.0.0"},
        )
        with urllib.request.urlopen(request) as answer:
            said = answer.read().decode()
        thread.join()
    found: dict[str, set[str]] = {}
    for family in openmetrics(said):
        for sample in family.samples:
            if sample.exemplar:
                found.setdefault(sample.name, set()).add(sample.exemplar.labels["trace_id"])
    return found


@pytest.fixture
def uncounted(servers: dict[str, str]) -> None:
    """No amount from before."""
    from sqlalchemy import create_engine

    engine = create_engine(servers["TG_POSTGRES_OWNER_URL"])
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE metrics.amounts, metrics.totals"))
    engine.dispose()


def test_a_trace_is_that_of_the_event_that_brought_the_message(live: Live, uncounted: None) -> None:
    live.register()
    trace, edited = str(uuid4()), str(uuid4())
    live.send(live.event(1, trace_id=trace), live.event(2))
    live.drain()
    live.refresh()
    found = told(live)
    ids = posts(live)
    for stream in OUT:
        assert found[stream][ids[1]] == trace
        assert found[stream][ids[2]] not in ("", trace)
    live.send(live.event(1, trace_id=edited, text="another word", edited_at="2026-03-02T00:00:00Z"))
    live.drain()
    live.refresh()
    assert told(live)[OUT[1]][ids[1]] == edited
    shown = exemplars()
    assert set.union(*shown.values()) <= {trace, edited}
    assert {"stage_items_total", "stage_chunk_seconds_bucket"} <= shown.keys()
    assert edited in shown["stage_items_total"]


@pytest.mark.parametrize("trace", ["acme:123456:7", "Jane Roe", "", 7, "x" * 200])
def test_what_may_name_somebody_is_no_exemplar(live: Live, uncounted: None, trace: Any) -> None:
    """It goes on with the events all the same."""
    live.register()
    live.send(live.event(1, trace_id=trace))
    live.drain()
    live.refresh()
    assert exemplars() == {}
    if isinstance(trace, str) and trace:
        assert set(told(live)[OUT[0]].values()) == {trace}


def test_what_was_imported_has_no_trace_of_an_event(tenant: str, uncounted: None) -> None:
    reports = [report for report in pipeline.import_path(pipeline.SAMPLE, tenant) if "mayak" in report.feed]
    pipeline.materialize_reports(reports, selection=["telegram_messages", "posts"])
    assert exemplars() == {}
