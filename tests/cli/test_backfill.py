"""How ``backfill`` ends, of one stretch and of several."""

from collections.abc import Mapping
from datetime import date

import pytest

from tg_assets.cli.backfill import Launched, date_keys, require_success
from tg_assets.cli.dagster_api import DagsterApi, Progress
from tg_assets.cli.stretches import Amount
from tg_assets.errors import TgAssetsError

PARTS = ("2026-03-01..2026-03-31", "2026-01-01..2026-02-28", "2025-09-01..2025-12-31")
API = DagsterApi("http://127.0.0.1:9")


def end(states: Mapping[str, Progress]) -> str:
    """What is said when backfills of these dates end so."""
    launched = [Launched(f"b{number}", dates, Amount(1)) for number, dates in enumerate(states)]
    with pytest.raises(TgAssetsError) as raised:
        require_success(API, "me.news", launched, list(states.values()))
    return str(raised.value)


def of(*statuses: str, **more: tuple[str, ...]) -> dict[str, Progress]:
    return {dates: Progress(status, {}, **more) for dates, status in zip(PARTS, statuses, strict=False)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dates", "first", "last"),
    [
        ("2024-01..2024-03", "2024-01-01", "2024-03-31"),
        ("2023-02..2024-02", "2023-02-01", "2024-02-29"),
        ("2024-01-15..2024-02", "2024-01-15", "2024-02-29"),
        ("2024-01..2024-01-15", "2024-01-01", "2024-01-15"),
    ],
)
def test_an_end_may_be_a_month(dates: str, first: str, last: str) -> None:
    keys = date_keys(dates)
    assert (keys[0], keys[-1]) == (first, last)
    assert len(keys) == (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def test_success_is_no_error() -> None:
    require_success(API, "me.news", [Launched("b", PARTS[0], Amount(1))], [Progress("COMPLETED_SUCCESS", {})])


def test_a_canceled_one_says_how_to_go_on() -> None:
    said = end(of("CANCELED"))
    assert said.startswith("The backfill was canceled. What its runs had done is kept; ")
    assert "`tg-assets backfill me.news 2026-03-01..2026-03-31`" in said


def test_of_several_the_range_is_told_that_is_left() -> None:
    said = end(of("COMPLETED_SUCCESS", "CANCELED", "CANCELED"))
    assert said.startswith("The backfill of 2025-09-01..2026-02-28 was canceled.")
    assert "`tg-assets backfill me.news 2025-09-01..2026-02-28`" in said


def test_why_they_failed_is_told_once() -> None:
    said = end(of("COMPLETED_FAILED", "COMPLETED_SUCCESS", "CANCELED", causes=("tags: Do that.",)))
    assert said.startswith("The backfill of 2025-09-01..2026-03-31 failed. tags: Do that. Everything")
    assert "`tg-assets backfill me.news 2025-09-01..2026-03-31`" in said
    assert end(of("COMPLETED_FAILED")).startswith("The backfill failed. No run says why. ")
