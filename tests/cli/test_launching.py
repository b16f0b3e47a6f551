"""Backfills as a person launches them, and what all commands and their children say of secrets: nothing."""

import re
from itertools import pairwise

import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.support import pipeline
from tests.support.installation import SAMPLE, SERVERS, Installation, private_feed
from tests.support.pipeline import ALL_ASSETS
from tests.telegram.exports import chat, message
from tg_assets.cli.stretches import FEW


@pytest.fixture(scope="module")
def dry_run(installed: Installation) -> str:
    """What a dry run over two days of a tenant of its own printed."""
    installed.must("import", str(SAMPLE), "--tenant", "dry")
    return installed.must("backfill", "dry.severnyy-mayak", "2026-01-05..2026-01-06", "--dry-run")


def test_dry_run_counts_and_writes_nothing(installed: Installation, dry_run: str) -> None:
    stale = installed.rows(
        "dry",
        """SELECT count(*) FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
           WHERE c.feed = 'dry.severnyy-mayak' AND posted_at >= '2026-01-05' AND posted_at < '2026-01-07'""",
    )[0][0]
    (posts,) = [line.split() for line in dry_run.splitlines() if line.startswith("posts ")]
    assert posts[-2:] == [str(stale)] * 2
    assert "everything is made here, at no price" in dry_run
    assert "Nothing was written" in dry_run
    for table in ("messages", "media_objects", "media_groups", "post_enrichment", "feed_statistics"):
        assert installed.rows("dry", f"SELECT count(*) FROM {table}")[0][0] == 0, table


def test_dry_run_materializes_nothing(installed: Installation, dry_run: str) -> None:
    for asset in ALL_ASSETS:
        assert not [key for key in installed.materialized(asset) if key.endswith("|dry.severnyy-mayak")], asset


@pytest.fixture(scope="module")
def launched(installed: Installation, dry_run: str) -> str:
    """A backfill of one asset and one day, launched without waiting; its id, when it is over."""
    said = installed.must(
        "backfill", private_feed("dry"), "2026-01-06..2026-01-06", "--asset", "telegram_messages", "--no-wait"
    )
    assert f"1 partition of {private_feed('dry')}" in said
    backfill = said.split(":")[0].removeprefix("Backfill ")
    installed.wait_for_backfill(backfill)
    return backfill


def test_backfill_of_one_asset_is_launched_without_waiting(installed: Installation, launched: str) -> None:
    result = installed.wait_for_backfill(launched)
    assert result["status"] == "COMPLETED_SUCCESS", result
    assert [run["status"] for run in result["runs"]] == ["SUCCESS"]
    made = {asset for asset in ALL_ASSETS if f"2026-01-06|{private_feed('dry')}" in installed.materialized(asset)}
    assert made == {"telegram_messages"}


@pytest.fixture(scope="module")
def long_feed(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A feed of a tenant of its own with more messages over seven months than one run is for."""
    at = [1_735_732_800 + number * 212 * 86_400 // (FEW + 100) for number in range(FEW + 100)]  # from 2025-01-01 on
    messages = [message(number + 1, text="x", date_unixtime=str(moment)) for number, moment in enumerate(at)]
    path = pipeline.write_export(tmp_path_factory.mktemp("long"), chat(*messages))
    installed.must("import", str(path), "--tenant", "long", "--feed", "long.x")
    return "long.x"


def test_a_long_range_is_run_by_stretches_the_newest_first(installed: Installation, long_feed: str) -> None:
    """The queue takes them in this order, one at a time, whatever else it has; then all of it is materialized."""
    said = installed.must("backfill", long_feed, "2025-01-01..2025-07-31", "--asset", "posts")
    parts = ["2025-07-01..2025-07-31", "2025-05-01..2025-06-30", "2025-01-01..2025-04-30"]
    assert [line.split()[0] for line in said.splitlines() if line.endswith(" is done.")] == parts
    assert re.search(r"% of the time is over, about \d+ s left", said)
    assert "Done." in said
    backfills = re.findall(r"Backfill (\w+): [\d,]+ partitions? of long.x, (\S+);", said)
    assert [dates for _, dates in backfills] == parts
    runs = [run for backfill, _ in backfills for run in installed.wait_for_backfill(backfill)["runs"]]
    tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in runs]
    assert [(each["tg/feed"], each["dagster/priority"]) for each in tags] == [("long.x", str(-n)) for n in range(3)]
    spans = [(run["startTime"], run["endTime"]) for run in runs]
    assert all(ended <= began for (_, ended), (began, _) in pairwise(spans)), spans
    assert len(installed.materialized("posts") & {f"2025-0{month}-01|long.x" for month in range(1, 8)}) == 7
    again = installed.must("backfill", long_feed, "2025-01-01..2025-07-31", "--asset", "posts")
    assert again.count("Backfill ") == 1, "nothing is stale, so it is one run"
    assert "nothing stale" in again


def test_secrets_are_said_by_env_alone(installed: Installation, dry_run: str, launched: str) -> None:
    """Not in what commands printed, in logs, in argument lists of any child, or in Dagster's events."""
    assert len(installed.secrets) == 7
    places = {f"output {number}": said for number, said in enumerate(installed.said)}
    assert len(places) > 20
    for folder in ("logs", "dagster"):
        files = [path for path in (installed.data / folder).rglob("*") if path.is_file()]
        assert files
        places |= {str(path): path.read_text(errors="replace") for path in files}
    family = [process for process in psutil.process_iter() if belongs(process, installed)]
    assert len(family) >= len(SERVERS)
    places |= {f"argv of {process.pid}": " ".join(process.cmdline()) for process in family}
    engine = create_engine(installed.variables["TG_DAGSTER_POSTGRES_URL"])
    with engine.connect() as connection:
        for table, column in (("event_logs", "event"), ("runs", "run_body"), ("bulk_actions", "body")):
            rows = connection.execute(text(f"SELECT {column} FROM {table}")).scalars()
            places[table] = "\n".join(row or "" for row in rows)
            assert places[table], table
    engine.dispose()
    leaks = [where for where, said in places.items() for secret in installed.secrets if secret in said]
    assert not leaks


def belongs(process: psutil.Process, installed: Installation) -> bool:
    """Whether a process is one of the installation's servers or a child of one, told by its data directory."""
    try:
        return process.environ().get("TG_DATA_DIR") == str(installed.data) or str(installed.data) in " ".join(
            process.cmdline()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False
