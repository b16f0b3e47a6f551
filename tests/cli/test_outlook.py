"""How long a backfill will still take, of runs that say what runs say."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tg_assets.assets.materialize import summary
from tg_assets.cli.following import spoken
from tg_assets.cli.outlook import USUAL, Cost, Outlook
from tg_assets.cli.stretches import Amount
from tg_assets.ledger.stage import Report

STAGES = ("posts", "media_objects", "vision_summaries", "tags", "neo4j_nodes", "qdrant_points")
START, PARTITION, CHUNK = 12.0, 0.03, 1000

Said = tuple[float, int, str | None]


def backfill(amounts: list[Amount], costs: dict[str, Cost], noise: Callable[[], float]) -> Iterator[Said]:
    """What would be said when: moments, stretches and lines; None when a run begins, and "" when it is over."""
    now = 1000.0
    for place, amount in enumerate(amounts):
        yield now, place, None
        now += START
        yield now, place, "telegram_messages: 1 messages of me.x are kept"
        around = PARTITION * amount.partitions / len(STAGES) / 2
        for stage in STAGES:
            now += around
            todo = amount.media if stage in ("media_objects", "vision_summaries") else amount.messages
            report = Report(stale=Counter(new=todo), total=todo)
            if todo:
                yield now, place, f"{stage}: {todo:,} of {todo:,} stale in me.x ({todo:,} new)"
                begun, now = now, now + costs[stage].begin * noise()
                while report.done < todo:
                    size = min(CHUNK, todo - report.done)
                    now += costs[stage].each * size * noise()
                    report.done += size
                    yield now, place, f"{stage}: {report.done:,} of {todo:,} ({report.done / todo:.0%}), 1/s, 1 s left"
                report.seconds = now - begun
            yield now, place, summary(stage, report, False)
            now += around
        yield now, place, ""


FEEDS = {
    "half a year": [Amount(30, 1_600), Amount(61, 3_300), Amount(91, 5_000)],
    "eight years": [Amount(30 * 2**n, 1_000 * 2**n) for n in range(7)],
    "growing": [Amount(30 * 2**n, 8_000) for n in range(7)],
    "pictures": [Amount(30 * 2**n, 500 * 2**n, 20 * 2**n) for n in range(5)],
    "one month": [Amount(30, 10_000)],
}


@pytest.mark.parametrize("slowness", [0.7, 1.0, 4.0])
@pytest.mark.parametrize("feed", FEEDS)
def test_it_is_right_within_a_third_from_the_first_tenth_on(feed: str, slowness: float) -> None:
    """On machines that are slower or faster, each stage by another fifth."""
    random = Random(f"{feed} {slowness}")
    costs = {
        stage: Cost(cost.begin * slowness, cost.each * slowness * random.uniform(0.8, 1.2))
        for stage, cost in USUAL.items()
    }
    said = list(backfill(FEEDS[feed], costs, lambda: random.uniform(0.9, 1.1)))
    outlook, begun, end = Outlook(FEEDS[feed], STAGES), said[0][0] + START, said[-1][0]
    asked = 0
    for (at, place, line), (after, _, _) in zip(said, [*said[1:], said[-1]], strict=True):
        tell(outlook, at, place, line)
        for now in (at, (at + after) / 2):
            if now - begun >= (end - begun) / 10 and end - now > 10:
                left = outlook.seconds_left(now)
                assert left == pytest.approx(end - now, rel=1 / 3, abs=5), (now - begun, end - begun)
                asked += 1
    assert asked > 10
    assert outlook.seconds_left(end) == 0
    assert outlook.share(end) == 1


def tell(outlook: Outlook, at: float, place: int, line: str | None) -> None:
    if line is None:
        outlook.began(place, at)
    elif line:
        outlook.heard(place, at, line)
    else:
        outlook.ended(place, at)


def test_a_stage_is_taken_to_cost_what_it_was_seen_to() -> None:
    """Even if it is ten times what is usual here; its models are loaded once in each run."""
    costs = {**USUAL, "tags": Cost(30.0, 10 / 271)}
    amounts = [Amount(1, 4_000), Amount(1, 4_000)]
    outlook, said = Outlook(amounts, STAGES), list(backfill(amounts, costs, lambda: 1.0))
    half = next(number for number, one in enumerate(said) if one[1] == 1)
    for at, place, line in said[:half]:
        tell(outlook, at, place, line)
    assert outlook.seconds_left(said[half][0]) == pytest.approx(said[-1][0] - said[half][0], rel=0.05)


def test_nothing_is_known_before_a_run_says_anything() -> None:
    outlook = Outlook([Amount(30, 1000)], STAGES)
    outlook.began(0, 10.0)
    assert outlook.seconds_left(20.0) is None
    assert outlook.share(20.0) == 0


def test_what_is_up_to_date_costs_nothing() -> None:
    """Launched again: the ledger had it, so every stage says that nothing is stale."""
    outlook = Outlook([Amount(10, 0), Amount(20, 0)], STAGES)
    outlook.began(0, 0.0)
    for number, stage in enumerate(STAGES):
        outlook.heard(0, 5.0 + number * 0.1, summary(stage, Report(total=1000), False))
    outlook.ended(0, 6.0)
    assert outlook.seconds_left(6.0) == pytest.approx(6.0, abs=2.0)


def test_times_are_said_as_people_say_them() -> None:
    said = [spoken(seconds) for seconds in (8, 89, 170, 5000, 7300)]
    assert said == ["about 8 s", "about 89 s", "about 3 min", "about 83 min", "about 2 h 2 min"]
