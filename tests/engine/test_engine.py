"""The incremental engine on a real database, with a stage that counts letters."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets.materialize import summary
from tg_assets.cli.outlook import Outlook
from tg_assets.cli.stretches import Amount
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Chunk, Outcome, Report, Stage
from tg_assets.registry.channels import Chat, register_chat, register_tenant
from tg_assets.remote.price import Price
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

START = datetime(2026, 1, 1, tzinfo=UTC)
PRICE = Price(2.0, "EUR")
INPUTS = """
    SELECT id AS item_id, posted_at AS at, length(raw->>'text') AS tokens, raw_hash AS input_hash
    FROM telegram_messages
    WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
"""


@dataclass
class Letters:
    """A toy stage: writes how many letters a message has into post_enrichment; can be told to misbehave."""

    tenant: str
    chunks: list[int] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    chunk_tokens: int | None = None
    crash_in: int | None = None
    failing: set[UUID] = field(default_factory=set)
    skipping: set[UUID] = field(default_factory=set)
    stumbling: set[UUID] = field(default_factory=set)
    stumble: Callable[[Chunk], object] = lambda _: int("no number")
    meet: threading.Barrier | None = None

    def work(self, chunk: Chunk) -> Outcome:
        found = chunk.connection.execute(
            text("SELECT c.item_id, c.reason, t.raw->>'text' FROM chunk c JOIN telegram_messages t ON t.id = c.item_id")
        ).all()
        assert len(found) == chunk.size
        self.chunks.append(len(found))
        if self.meet is not None:
            self.meet.wait(timeout=600)
            self.meet = None
        outcome = Outcome()
        if self.stumbling & {item for item, *_ in found}:
            self.stumble(chunk)
        for item, reason, content in found:
            self.reasons[reason] += 1
            if item in self.failing:
                outcome.failed[item] = "the letters ran away"
            elif item in self.skipping:
                outcome.skipped[item] = "no letters"
            else:
                chunk.connection.execute(
                    text("""INSERT INTO post_enrichment (tenant_id, post_id, kind, provider, data)
                            VALUES (current_tenant(), :id, 'general', 'letters', jsonb_build_object('n', :n))
                            ON CONFLICT (tenant_id, post_id, kind) DO UPDATE SET data = excluded.data"""),
                    {"id": item, "n": len(content)},
                )
                outcome.counts["letters"] += len(content)
        if self.crash_in == len(self.chunks):
            raise ConnectionError("the power went out")
        return outcome

    def stage(self, version: str = "1") -> Stage:
        return Stage("letters", version, INPUTS, self.work, chunk_size=4, chunk_tokens=self.chunk_tokens, price=PRICE)

    def run(self, scope: Scope, version: str = "1", **options: Any) -> Report:
        with pipeline.postgres().tenant(scope.tenant) as session:
            return run_stage(self.stage(version), session, scope, **options)

    def made(self) -> dict[UUID, int]:
        found = pipeline.rows(self.tenant, "SELECT post_id, (data->>'n')::int FROM post_enrichment")
        return {row[0]: row[1] for row in found}

    def ledger(self) -> Counter[str]:
        rows = pipeline.rows(self.tenant, "SELECT status, count(*) FROM derivations GROUP BY 1")
        return Counter({row[0]: row[1] for row in rows})


@pytest.fixture
def scope(tenant: str) -> Scope:
    """A feed of two chats: twenty messages, two a day, the second chat has the even ones."""
    settings = load_settings()
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        register_tenant(connection, tenant)
        channels = [
            register_chat(connection, settings, tenant, Chat(-100 - n, "channel", f"Chat {n}", f"chat{n}"), "toy", n)[0]
            for n in range(2)
        ]
        for number in range(20):
            channel = channels[number % 2]
            connection.execute(
                text("""INSERT INTO telegram_messages (tenant_id, id, channel_id, telegram_message_id, posted_at,
                                                       format, raw, raw_hash)
                        VALUES (current_tenant(), :id, :channel, :number, :at, 'desktop',
                                jsonb_build_object('text', repeat('x', :number)), md5(CAST(:number AS text)))"""),
                {
                    "id": ids.post_id(channel, number),
                    "channel": channel,
                    "number": number,
                    "at": START + timedelta(hours=12 * number),
                },
            )
    return Scope(f"{tenant}.toy", START, START + timedelta(days=10))


@pytest.fixture
def letters(tenant: str) -> Letters:
    return Letters(tenant)


def item(scope: Scope, number: int) -> UUID:
    return ids.post_id(ids.channel_id(scope.tenant, -100 - number % 2), number)


def change(scope: Scope, number: int) -> None:
    pipeline.rows(
        scope.tenant_slug,
        """UPDATE telegram_messages SET raw = '{"text": "changed"}', raw_hash = 'changed' WHERE id = :id RETURNING 1""",
        id=item(scope, number),
    )


def test_whoever_waits_understands_what_a_stage_says(scope: Scope, letters: Letters) -> None:
    """``backfill`` takes the time that is left from these lines."""
    outlook, said = Outlook([Amount(0, 20)], ("letters",)), list[str]()
    report = letters.run(scope, log=said.append)
    left = [outlook.seconds_left(0.0)]
    for line in [*said, summary("letters", report, False)]:
        outlook.heard(0, 0.0, line)
        left.append(outlook.seconds_left(0.0))
    assert len(said) == 6
    assert left[0] is None
    assert left[1:] == sorted(left[1:], key=lambda seconds: -(seconds or 0.0))
    assert left[-1] == 0.0


def test_everything_is_new_once(scope: Scope, letters: Letters) -> None:
    """The first run makes all, oldest first, in bounded chunks; the second does nothing."""
    report = letters.run(scope)
    assert (report.total, report.todo, report.done) == (20, 20, 20)
    assert report.stale == Counter(new=20)
    assert report.counts["letters"] == sum(range(20))
    assert letters.chunks == [4, 4, 4, 4, 4]
    assert letters.made() == {item(scope, number): number for number in range(20)}
    again = letters.run(scope)
    assert (again.total, again.todo, again.done, again.counts.total()) == (20, 0, 0, 0)
    assert len(letters.chunks) == 5


def test_a_chunk_is_full_of_items_or_of_what_they_take(scope: Scope, letters: Letters) -> None:
    """Items have 0 to 19 letters: cheap ones come four at once, and one dear item is a chunk by itself."""
    letters.chunk_tokens = 15
    assert letters.run(scope).done == 20
    assert letters.chunks == [4, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    assert letters.run(scope).todo == 0


def test_a_changed_input_makes_its_item_stale_and_no_other(scope: Scope, letters: Letters) -> None:
    letters.run(scope)
    change(scope, 7)
    report = letters.run(scope)
    assert report.stale == Counter(changed=1)
    assert letters.made()[item(scope, 7)] == len("changed")


def test_a_new_version_makes_everything_stale(scope: Scope, letters: Letters) -> None:
    letters.run(scope)
    assert letters.run(scope, version="2").stale == Counter(version=20)
    assert letters.run(scope, version="2").todo == 0


def test_force_works_on_everything(scope: Scope, letters: Letters) -> None:
    """What is stale anyway keeps its own reason."""
    letters.run(scope)
    change(scope, 3)
    report = letters.run(scope, force=True)
    assert report.stale == Counter(forced=19, changed=1)
    assert report.done == 20


def test_dry_run_counts_and_writes_nothing(scope: Scope, letters: Letters) -> None:
    """Rows, tokens and cost are those that the real run has."""
    before = pipeline.content_hashes(letters.tenant)
    dry = letters.run(scope, dry_run=True)
    assert (dry.todo, dry.done, dry.tokens) == (20, 0, sum(range(20)))
    assert dry.cost == {"EUR": pytest.approx(sum(range(20)) / 1000 * 2.0)}
    assert letters.chunks == []
    assert pipeline.content_hashes(letters.tenant) == before
    real = letters.run(scope)
    assert (real.todo, real.tokens, real.cost) == (dry.todo, dry.tokens, dry.cost)


def test_failed_items_are_tried_again_and_skipped_ones_are_settled(scope: Scope, letters: Letters) -> None:
    letters.failing, letters.skipping = {item(scope, 1), item(scope, 2)}, {item(scope, 3)}
    report = letters.run(scope)
    assert (report.done, report.failed.total(), report.skipped.total()) == (17, 2, 1)
    assert report.failed == Counter({"the letters ran away": 2})
    assert letters.ledger() == Counter(ok=17, error=2, skipped=1)
    letters.failing = {item(scope, 2)}
    again = letters.run(scope)
    assert again.stale == Counter(retry=2)
    assert (again.done, again.failed.total()) == (1, 1)
    letters.failing, letters.skipping = set(), set()
    assert letters.run(scope).stale == Counter(retry=1)
    assert letters.run(scope).todo == 0
    change(scope, 3)  # a skipped item is looked at again when its input changes
    assert letters.run(scope).stale == Counter(changed=1)
    assert letters.ledger() == Counter(ok=20)


def test_a_crash_keeps_finished_chunks_and_the_next_run_resumes(scope: Scope, letters: Letters) -> None:
    """Chunk 3 of 5 crashes after it wrote: its rows are gone with its transaction, chunks 1 and 2 stay."""
    letters.crash_in = 3
    with pytest.raises(ConnectionError, match="the power went out"):
        letters.run(scope)
    assert letters.ledger() == Counter(ok=8)
    assert set(letters.made()) == {item(scope, number) for number in range(8)}
    letters.crash_in = None
    report = letters.run(scope)
    assert report.stale == Counter(new=12)
    assert letters.made() == {item(scope, number): number for number in range(20)}


def test_of_two_runs_at_once_the_second_finds_the_work_done(scope: Scope, letters: Letters) -> None:
    """While one run is in a chunk the other one waits; one that does not wait leaves the items and says so."""
    letters.meet = threading.Barrier(2)
    first = threading.Thread(target=letters.run, args=(scope,))
    first.start()
    while not letters.chunks:
        time.sleep(0.01)
    impatient = Letters(letters.tenant)
    report = impatient.run(scope, wait=False)
    assert (report.todo, report.left, report.done, impatient.chunks) == (20, 20, 0, [])
    patient = Letters(letters.tenant)
    second = threading.Thread(target=patient.run, args=(scope,))
    second.start()
    letters.meet.wait(timeout=600)
    for thread in (first, second):
        thread.join(timeout=600)
    assert (sum(letters.chunks), sum(patient.chunks)) == (20, 0)
    assert letters.made() == {item(scope, number): number for number in range(20)}
    assert letters.ledger() == Counter(ok=20)


def test_a_limit_leaves_the_rest_stale(scope: Scope, letters: Letters) -> None:
    report = letters.run(scope, limit=6)
    assert (report.todo, report.done, report.left) == (20, 6, 14)
    assert letters.run(scope).stale == Counter(new=14)


def narrowings() -> Iterator[tuple[Scope, set[int]]]:
    """What a run can be narrowed to, and the numbers of the messages that are left."""
    whole = Scope("toy", START, START + timedelta(days=10))
    yield replace(whole, channels=("@chat1",)), set(range(1, 20, 2))
    yield replace(whole, channels=("Chat 0",)), set(range(0, 20, 2))
    yield replace(whole, channels=("-101", "chat0")), set(range(20))
    yield whole.narrowed(START + timedelta(days=2), None, ()), set(range(4, 20))
    yield whole.narrowed(None, START + timedelta(days=2), ()), set(range(4))
    yield whole.narrowed(START + timedelta(hours=12), START + timedelta(hours=13), ()), {1}


@pytest.mark.parametrize(("narrow", "numbers"), list(narrowings()))
def test_channels_and_times_narrow_a_run(scope: Scope, letters: Letters, narrow: Scope, numbers: set[int]) -> None:
    report = letters.run(replace(narrow, feed=scope.feed))
    assert report.total == len(numbers)
    assert set(letters.made()) == {item(scope, number) for number in numbers}


def test_an_unknown_feed_or_chat_is_a_sentence(scope: Scope, letters: Letters) -> None:
    with pytest.raises(TgAssetsError, match=rf"Feed {scope.tenant_slug}\.nothing has no chats\. `tg-assets feeds`"):
        letters.run(replace(scope, feed=f"{scope.tenant_slug}.nothing"))
    with pytest.raises(TgAssetsError, match="has no chat '@nobody'"):
        letters.run(replace(scope, channels=("@nobody",)))


def test_another_tenants_feed_is_unknown(scope: Scope, letters: Letters) -> None:
    """The tenant is the feed's, so naming a foreign feed inside one's own tenant finds nothing."""
    with (
        pipeline.postgres().tenant(ids.tenant_id(pipeline.new_tenant())) as session,
        pytest.raises(TgAssetsError, match="has no chats"),
    ):
        run_stage(letters.stage(), session, scope)


STUMBLES: dict[str, Callable[[Chunk], object]] = {
    "it cannot be worked on: ValueError": lambda _: int("no number"),
    "the database refuses it: DivisionByZero (SQLSTATE 22012)": lambda chunk: chunk.connection.execute(
        text("SELECT 1 / 0")
    ),
}


@pytest.mark.parametrize("reason", STUMBLES)
def test_what_a_stage_stumbles_over_is_recorded_and_the_others_are_made(
    letters: Letters, scope: Scope, reason: str
) -> None:
    """It is tried again by every run, which counts it, after what is new; made once nothing is in its way."""
    items = [row[0] for row in pipeline.rows(letters.tenant, "SELECT id FROM telegram_messages ORDER BY posted_at")]
    letters.stumbling, letters.stumble = {items[0], items[6], items[7]}, STUMBLES[reason]
    report = letters.run(scope)
    assert (report.done, report.left, dict(report.failed)) == (17, 0, {reason: 3})
    assert letters.made().keys() == set(items) - letters.stumbling
    assert letters.ledger() == {"ok": 17, "error": 3}
    sql = "SELECT DISTINCT reason, retries FROM derivations WHERE status = 'error'"
    assert pipeline.rows(letters.tenant, sql) == [(reason, 0)]
    assert dict(letters.run(scope).stale) == {"retry": 3}
    assert pipeline.rows(letters.tenant, sql) == [(reason, 1)]
    letters.stumbling = set()
    assert letters.run(scope).done == 3
    assert pipeline.rows(letters.tenant, "SELECT DISTINCT status, retries FROM derivations") == [("ok", 0)]


def test_a_server_that_is_away_is_no_items_fault(letters: Letters, scope: Scope) -> None:
    def away(_: Chunk) -> None:
        raise TgAssetsError("The vector server does not answer.")

    items = [row[0] for row in pipeline.rows(letters.tenant, "SELECT id FROM telegram_messages ORDER BY posted_at")]
    letters.stumbling, letters.stumble = {items[9]}, away
    with pytest.raises(TgAssetsError):
        letters.run(scope)
    assert letters.ledger() == {"ok": 8}
    assert len(letters.chunks) == 3


@pytest.mark.parametrize("missing", ["SELECT FROM no_such_table", "SELECT no_such_column FROM messages"])
def test_a_schema_that_is_another_is_no_items_fault(letters: Letters, scope: Scope, missing: str) -> None:
    """As while a new version is put in place: the run fails, and no item is blamed for it."""
    items = [row[0] for row in pipeline.rows(letters.tenant, "SELECT id FROM telegram_messages ORDER BY posted_at")]
    letters.stumbling, letters.stumble = {items[9]}, lambda chunk: chunk.connection.execute(text(missing))
    with pytest.raises(ProgrammingError):
        letters.run(scope)
    assert letters.ledger() == {"ok": 8}
