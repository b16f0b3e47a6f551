"""How long a backfill will still take: from what its runs say and how many messages are left.

Each stage costs some seconds to begin (models are loaded) and some for each item. What counts is what it took in the
newest run that had it; in a run that has not come to it what it took before, at first on a quiet machine of two cores,
times how much slower the run's other stages are than that. What does not belong here: asking anybody, showing it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tg_assets.cli.stretches import Amount


class Cost(NamedTuple):
    """Seconds to begin and for each item."""

    begin: float
    each: float


# Measured on a quiet machine; the points of albums and what is not listed here count as almost nothing.
USUAL = {
    "posts": Cost(0.1, 1 / 5000), "media_objects": Cost(0.1, 1 / 2000), "media_groups": Cost(0.1, 1 / 1000),
    "vision_summaries": Cost(1.0, 1 / 3), "transcripts": Cost(0.5, 1 / 10), "tags": Cost(4.0, 1 / 500),
    "neo4j_nodes": Cost(0.5, 1 / 1000), "qdrant_points": Cost(2.0, 1 / 500),
}  # fmt: skip
OTHER = Cost(0.2, 1 / 1000)
TELLING = ("posts", "tags", "neo4j_nodes", "qdrant_points")
"""Stages that tell how busy the machine is; a picture may cost half a second, or nothing if it is not there."""
LINES = 8
"""Messages that a unit of a conversation has, more or less."""
START_SECONDS = 4.0
"""From the end of one run to the first words of the next."""
AROUND_SECONDS = 5.0
PARTITION_SECONDS = 0.02
"""What a run takes around its stages, and for each partition besides: Dagster's events, plans, plots."""
ENOUGH = 200
"""Items whose cost is taken as a stage's; fewer may be no rule."""
LULL_SECONDS = 2.0
"""From the end of a stage to the beginning of the next."""
CHUNK = 2000
"""Items that a stage makes, at most, before it says anything."""
SHRINK_SECONDS = 1.0
"""So much of a run is taken to be as fast as what was seen before."""

_LINE = re.compile(
    r"(?P<stage>[\w.]+): (?:(?P<todo>[\d,]+) of [\d,]+ stale in |(?P<settled>[\d,]+) of [\d,]+ \("
    r"|(?P<over>no items in |nothing stale|[\d,]+ made, ))"
)


@dataclass(slots=True)
class _Course:
    """A stage in a run. ``seen`` are seconds since it began and items that were settled by then."""

    begun: float | None = None
    todo: int = 0
    seen: list[tuple[float, int]] = field(default_factory=list)
    is_over: bool = False

    @property
    def settled(self) -> int:
        return self.seen[-1][1] if self.seen else 0

    @property
    def seconds(self) -> float:
        return self.seen[-1][0] if self.seen else 0.0

    def next_chunk(self, cost: Cost) -> float:
        """Seconds until it says something; 0 when it is not at work."""
        if self.begun is None or self.is_over or self.settled >= self.todo:
            return 0.0
        return cost.each * min(CHUNK, self.todo - self.settled) + cost.begin * (not self.seen)


@dataclass(slots=True)
class _Run:
    """A stretch's run; ``first`` and ``last`` are when something was heard of it."""

    amount: Amount
    courses: dict[str, _Course]
    begun: float | None = None
    first: float | None = None
    last: float = 0.0
    is_over: bool = False

    @property
    def passed(self) -> float:
        """Share of what Dagster takes besides: half of it before a stage, half of it after."""
        courses = self.courses.values()
        return sum((course.begun is not None or course.is_over) + course.is_over for course in courses) / (
            2 * max(1, len(courses))
        )

    @property
    def idle(self) -> float:
        """Seconds that it did not spend in stages."""
        spent = sum(course.seconds for course in self.courses.values())
        return max(0.0, self.last - self.first - spent) if self.first is not None else 0.0


class Outlook:
    """Of a backfill by stretches, in their order. Moments are seconds of one clock."""

    def __init__(self, amounts: Sequence[Amount], stages: Sequence[str]) -> None:
        self._stages = tuple(stages)
        self._runs = [_Run(amount, {stage: _Course() for stage in stages}) for amount in amounts]
        self._latest = 0.0
        self._begun: float | None = None

    def began(self, stretch: int, at: float) -> None:
        """The stretch's run was started; told again, it is known."""
        run = self._runs[stretch]
        if run.begun is not None:
            return
        ended = [one.last for one in self._runs if one.is_over]
        run.begun = max(ended, default=at)
        self._begun = at if self._begun is None else self._begun
        self._latest = max(self._latest, at)

    def heard(self, stretch: int, at: float, line: str) -> None:
        """A run said something."""
        run = self._runs[stretch]
        run.first = at if run.first is None else run.first
        run.last = self._latest = max(self._latest, at)
        if not (found := _LINE.match(line)) or found["stage"] not in run.courses:
            return
        course = run.courses[found["stage"]]
        if found["todo"]:
            course.begun, course.todo = at, _number(found["todo"])
        elif found["settled"] and course.begun is not None:
            course.seen.append((at - course.begun, _number(found["settled"])))
        elif found["over"]:
            course.is_over = True

    def ended(self, stretch: int, at: float) -> None:
        """The stretch's run is over, however it ended."""
        run = self._runs[stretch]
        run.is_over, run.last = True, at
        self._latest = max(self._latest, at)

    def seconds_left(self, now: float) -> float | None:
        """What all of it will still take; None before a run has said anything."""
        if all(run.first is None for run in self._runs):
            return None
        start, costs, (around, partition) = self._start(), self._costs(now), self._around()
        left = due = 0.0
        for run in self._runs:
            if run.is_over:
                continue
            if run.begun is not None and run.first is None:
                due += start
            left += start if run.first is None else 0.0
            left += (around + partition * run.amount.partitions) * (1 - run.passed)
            for stage, course in run.courses.items():
                todo = course.todo if course.begun is not None else self._todo(stage, run.amount)
                if not course.is_over and todo > course.settled:
                    left += costs[stage].each * (todo - course.settled) + costs[stage].begin * (not course.seen)
                    due += course.next_chunk(costs[stage])
        return max(0.0, left - min(due or LULL_SECONDS, now - self._latest))

    def share(self, now: float) -> float:
        """How much of the time is over, from 0 to 1."""
        left = self.seconds_left(now)
        if left is None or self._begun is None:
            return 0.0
        return min(1.0, (now - self._begun) / max(1e-9, now - self._begun + left))

    def _courses(self, stage: str | None = None) -> Iterator[_Course]:
        for run in self._runs:
            yield from run.courses.values() if stage is None else (run.courses[stage],)

    def _todo(self, stage: str, amount: Amount) -> float:
        """Items of a stage that a stretch will have, as those that were seen had."""
        known = [
            (run.courses[stage].todo, _base(stage, run.amount))
            for run in self._runs
            if run.courses[stage].begun is not None or run.courses[stage].is_over
        ]
        # Of a few messages most may be up to date, or not be made: that is no rule for the others.
        few = ENOUGH if stage in TELLING else 0
        most, todo = few + sum(base for _, base in known), few + sum(todo for todo, _ in known)
        return _base(stage, amount) * (todo / most if most else 1.0)

    def _costs(self, now: float) -> dict[str, Cost]:
        """Of each stage, as run after run showed it; also a chunk that is late tells how busy the machine is."""
        costs = usual = {stage: USUAL.get(stage, OTHER) for stage in self._stages}
        for run in self._runs:
            if run.first is None:
                break
            seen = expected = SHRINK_SECONDS
            for stage in TELLING:
                course = run.courses.get(stage, _Course())
                if course.seen:
                    seen += course.seconds
                    expected += costs[stage].begin + costs[stage].each * course.settled
                if course.begun is not None and not run.is_over:
                    late, due = now - course.begun - course.seconds, course.next_chunk(costs[stage])
                    if late > due > 0.0:
                        seen, expected = seen + late, expected + due
            drift = seen / expected
            # What other machines take says little; of how busy this one was a while ago half is taken to last.
            drift = drift if costs == usual else drift**0.5
            costs = {stage: _cost(run.courses[stage], cost, drift) for stage, cost in costs.items()}
        return costs

    def _start(self) -> float:
        took = [run.first - run.begun for run in self._runs if run.first is not None and run.begun is not None]
        return sum(took) / len(took) if took else START_SECONDS

    def _around(self) -> tuple[float, float]:
        """Seconds of a run around its stages: those of every run, and for each partition."""
        seen = sorted((run.amount.partitions, run.idle) for run in self._runs if run.passed == 1)
        each = PARTITION_SECONDS
        if seen and seen[-1][0] > 1.5 * seen[0][0]:
            each = max(0.0, (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]))
        heard = [run for run in self._runs if run.passed]
        if not heard:
            return AROUND_SECONDS, each
        idle = sum(run.idle - each * run.amount.partitions * run.passed for run in heard)
        return max(0.0, idle / sum(run.passed for run in heard)), each


def _cost(course: _Course, before: Cost, drift: float) -> Cost:
    """Of a stage: what it takes in this run, as far as that is seen."""
    if not course.seen:
        return Cost(before.begin * drift, before.each * drift)
    # Its first chunk has its beginning in it, later ones have not.
    (seconds, items), later = course.seen[0], course.settled - course.seen[0][1]
    each = (course.seconds - seconds) / later if later >= ENOUGH else min(before.each * drift, seconds / max(1, items))
    return Cost(max(0.0, seconds - each * items), each)


def _base(stage: str, amount: Amount) -> int:
    """What a stage's items grow with."""
    with_media = stage in ("media_objects", "media_groups", "vision_summaries", "transcripts", "album_summaries")
    if with_media or stage.endswith(".albums"):
        return amount.media
    return amount.messages // LINES if "conversations" in stage else amount.messages


def _number(said: str) -> int:
    return int(said.replace(",", ""))
