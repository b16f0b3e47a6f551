"""What is shown is what was committed, by whatever process, and what a real Prometheus client can read."""

import multiprocessing
import os
import signal
import threading
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import text

from tests.support import pipeline
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.metrics.catalogue import METRICS, Kind
from tg_assets.metrics.tally import Tally
from tg_assets.monitoring.gauges import waiting
from tg_assets.monitoring.page import Page, amounts, bind
from tg_assets.stores.database import Database

Samples = dict[tuple[str, tuple[str, ...]], float]


def shown() -> Samples:
    """Counters as they are in the database now."""
    found = amounts(pipeline.postgres())
    return {(sample, labels): value for sample, by in found.items() for labels, value in by.items()}


def gained(before: Samples, sample: str, *labels: str) -> float:
    """What a series gained."""
    return shown().get((sample, labels), 0.0) - before.get((sample, labels), 0.0)


def count(tenant: str, times: int, die: bool = False) -> None:
    """Count an album a transaction; with ``die`` the process is killed inside one more."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for number in range(times + die):
            with session.transaction() as connection:
                tally = Tally()
                tally.count("albums_parsed", status="ok")
                tally.observe("album_vision_summary_size_bytes", 500.0)
                tally.save(connection)
                if number == times:
                    os.kill(os.getpid(), signal.SIGKILL)


def test_processes_add_up_and_the_dead_count_what_they_committed(tenant: str) -> None:
    before, context = shown(), multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, args=(tenant, 5, number == 3)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, -signal.SIGKILL]
    assert gained(before, "albums_parsed_total", "ok") == 20
    assert gained(before, "album_vision_summary_size_bytes_bucket", "1000.0") == 20
    assert gained(before, "album_vision_summary_size_bytes_sum") == 10_000


def test_what_is_rolled_back_was_not_counted(tenant: str) -> None:
    before = shown()
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        tally = Tally()
        tally.count("albums_parsed", status="failed")
        tally.save(connection)
        connection.rollback()
    assert gained(before, "albums_parsed_total", "failed") == 0


def test_folding_loses_nothing(tenant: str) -> None:
    """Many readers fold at once while others count."""
    before = shown()
    threads = [threading.Thread(target=count, args=(tenant, 20)) for _ in range(3)]
    threads += [threading.Thread(target=shown) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gained(before, "albums_parsed_total", "ok") == 60
    with pipeline.postgres().connection() as connection:
        assert connection.execute(text("SELECT count(*) FROM metrics.amounts")).scalar_one() == 0


def test_runs_count_what_they_did(tenant: str) -> None:
    """Each stage's items are those of the ledger, and media and albums those of the tables; a second run adds none."""
    before = shown()
    made = ["telegram_messages", "posts", "media_objects", "media_groups", "neo4j_nodes"]
    reports = [report for report in pipeline.import_path(pipeline.SAMPLE, tenant) if "mayak" in report.feed]
    pipeline.materialize_reports(reports, selection=made)
    with pipeline.postgres().connection() as connection:
        left = connection.execute(text("SELECT count(*) FROM metrics.amounts")).scalar_one()
    assert left == 0, "runs fold what they count, also where nobody looks at it"
    ledger = pipeline.rows(tenant, "SELECT stage, count(*) FROM derivations WHERE status = 'ok' GROUP BY stage")
    assert {stage for stage, _ in ledger} == {
        "posts",
        "media_objects",
        "media_groups",
        "neo4j_nodes",
        "neo4j_nodes.albums",
    }
    for stage, items in ledger:
        assert gained(before, "stage_items_total", "ok", stage) == items, stage
    albums = pipeline.scalar(tenant, "SELECT count(*) FROM media_groups")
    assert gained(before, "albums_parsed_total", "ok") == albums > 0
    measured = {name: value for name, labels, value in waiting(pipeline.postgres(), [ids.tenant_id(tenant)])}
    assert measured["albums_in_progress"] == albums, "none is summarised"
    for operation, stage in (("post", "neo4j_nodes"), ("album", "neo4j_nodes.albums")):
        assert gained(before, "graph_writer_processed_total", operation, "ok") == dict(ledger)[stage]
    ((objects, size),) = pipeline.rows(tenant, "SELECT count(*), sum(size_bytes) FROM media_objects")
    kinds = ("photo", "video", "doc", "unknown")
    assert sum(gained(before, "media_bytes_total", media) for media in kinds) == size
    assert sum(gained(before, "media_size_bytes_count", media) for media in kinds) == objects > 0
    shows = pipeline.scalar(tenant, "SELECT count(*) FROM post_media_map WHERE missing_reason IS NULL")
    assert sum(gained(before, "media_processing_total", media, "ok", "media_objects") for media in kinds) == shows
    settled = shown()
    pipeline.materialize_reports(reports, selection=made)
    assert {series: value for series, value in shown().items() if "items_total" in series[0]} == {
        series: value for series, value in settled.items() if "items_total" in series[0]
    }


def ask(address: str, kind: str = "text/plain") -> str:
    """The page in a format."""
    request = urllib.request.Request(address, headers={"Accept": kind})
    with urllib.request.urlopen(request, timeout=60) as answer:
        said: bytes = answer.read()
    return said.decode()


def test_the_page(page: str, tenant: str) -> None:
    """Every metric is there; a counter's every series, with 0 where nothing happened; both formats are read."""
    count(tenant, 1)
    said = ask(page)
    families = {family.name: family for family in parsed(said)}
    assert families.keys() == {metric.name for metric in METRICS}
    for metric in METRICS:
        if metric.kind is not Kind.gauge:
            assert families[metric.name].samples, metric.name
    up = {sample.labels["target"]: sample.value for sample in families["metrics_backend_up"].samples}
    assert up == {"postgres": 1, "redis": 0}
    assert families["disk_free_bytes"].samples[0].value > 0
    sizes = [one for one in families["album_vision_summary_size_bytes"].samples if one.name.endswith("_bucket")]
    assert [one.value for one in sizes] == sorted(one.value for one in sizes), "buckets add up"
    assert sizes[0].value >= 1
    again = ask(page, "application/openmetrics-text; version=1.0.0")
    assert {family.name for family in openmetrics(again)} == families.keys()
    assert "secret" not in said + again


def test_what_was_never_counted_is_zero_and_what_cannot_be_seen_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(Database("postgresql+psycopg2://nobody:x@127.0.0.1:9/x"), {}, {})
    assert {family.type for family in page.collect()} == {"gauge"}
    monkeypatch.setattr("tg_assets.monitoring.page.amounts", lambda _: {})
    families = {family.name: family for family in page.collect()}
    assert families.keys() == {metric.name for metric in METRICS}
    assert {sample.value for sample in families["albums_parsed"].samples} == {0.0}


def test_a_port_that_is_taken_is_a_sentence(page: str) -> None:
    port = int(page.split(":")[2].split("/")[0])
    with pytest.raises(TgAssetsError, match="--port"):
        bind(Page(pipeline.postgres(), {}, {}), "127.0.0.1", port)
