"""A real group of five years: bounded memory, true counts, and a killed import leaves no trace."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support import pipeline
from tests.support.data import shared_data
from tests.support.importer import import_in_process, kill_at

pytestmark = pytest.mark.scale

LANDED = ["tenants", "feeds", "channels", "telegram_messages", "telegram_message_versions", "dead_letters"]


def test_counts_are_those_taken_by_other_means(whole_group: dict[str, Any]) -> None:
    """103,747 messages, of which 2,079 repeat an id; the same numbers as from the file itself."""
    counts = whole_group["counts"]
    assert counts["new"] == 101_668
    assert counts["duplicates"] == 103_747 - 101_668
    assert counts.get("rejected", 0) == 0
    assert pipeline.scalar(whole_group["tenant"], "SELECT count(*) FROM telegram_messages") == 101_668
    print(f"{counts['new']:,} messages in {whole_group['seconds']:.1f} s, {whole_group['memory'] / 1e6:.0f} MB")


def test_memory_of_a_big_import_is_bounded(whole_group: dict[str, Any]) -> None:
    """120 MB of JSON; the process stays below 1 GB."""
    assert whole_group["memory"] < 1_000_000_000


def test_a_killed_import_changes_nothing_and_the_next_one_gives_the_same(
    servers: dict[str, str], tmp_path: Path, tenant: str
) -> None:
    """SIGKILL while reading and while landing, a tenth of the group, in two batches; then an import as ever."""
    path = tmp_path / "result.json"
    with gzip.open(shared_data("desktop", "qa_load.json.gz"), "rb") as file:
        chat = orjson.loads(file.read())
    path.write_bytes(orjson.dumps({**chat, "messages": chat["messages"][:10_000]}))
    kill_at(path, tenant, "reading", 5_000)
    assert set(pipeline.counts(tenant, LANDED).values()) == {0}
    kill_at(path, tenant, "copying media", 1)
    assert set(pipeline.counts(tenant, LANDED).values()) == {0}
    again, plain = import_in_process(path, tenant), import_in_process(path)
    assert again["counts"] == plain["counts"]
    disturbed, undisturbed = (pipeline.content_hashes(one, anonymous=True) for one in (tenant, plain["tenant"]))
    assert {table: disturbed[table] for table in LANDED} == {table: undisturbed[table] for table in LANDED}
